// SPDX-License-Identifier: MIT
// What of the host an environment can have, one row each: what it needs, what of it appears inside,
// which variables belong to it. Source for paths: the programs' own manual pages.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"

namespace devenv::host {

struct Facts;

/// Lists are words separated by spaces. "@/x" is x in the runtime directory (XDG_RUNTIME_DIR).
struct Share {
  std::string_view name;     ///< "audio-pulse": what --share and --no-share take
  std::string_view summary;  ///< what stops working without it
  /// Paths of the host; one of them has to exist, or the share has nothing to give. None: always.
  std::string_view needs = "";
  /// Reached through a symbolic link into /run/host, so that what the host replaces is seen at
  /// once, and what comes later by the next entry.
  std::string_view links = "";
  /// Mounted at the same path; what the host mounts below arrives in running shells.
  std::string_view mounts = "";
  /// Hidden when the share is off; a '*' at the end stands for any text.
  std::string_view devices = "";
  /// Patterns (one '*' at most) of variables that cross only when it is on.
  std::string_view variables = "";
};

std::span<const Share> all_shares();
const Share* find_share(std::string_view name);

/// What the user wants to be otherwise than usual.
struct ShareChoice {
  std::vector<std::string> on;   ///< --share
  std::vector<std::string> off;  ///< --no-share

  bool operator==(const ShareChoice&) const = default;
  /// Usual is "on", but for those in kOnRequest.
  bool wants(std::string_view name) const;
  /// This choice, with `later` (the command line, say) having the last word.
  ShareChoice overridden_by(const ShareChoice& later) const;
};

/// Whether the runtime directory inside is one of our own with links to what is shared, because
/// something in the host's is switched off.
bool has_private_runtime(const ShareChoice& choice);

/// Whether both want the same of every share.
bool same_wishes(const ShareChoice& one, const ShareChoice& other);

/// Errors: usage for a name that is no share, with a suggestion.
Result<void> check_share_names(const std::vector<std::string>& names);

/// One row as it is on this host.
struct ShareStatus {
  const Share* share = nullptr;
  bool on = false;
  bool is_wanted = false;  ///< on if the host has it
  std::string reason;      ///< why it is off; "" when it is on
};

/// All rows, in the order of the table. Pure.
std::vector<ShareStatus> share_statuses(const ShareChoice& choice, const Facts& facts);

/// "@/bus" with the runtime directory; nullopt when it needs one and there is none.
std::optional<std::string> expand_path(std::string_view path, const std::string& runtime_directory);

/// The paths of the table, '*' and all, for which the host has something.
std::set<std::string> find_present(const std::string& runtime_directory);

/// What a path of the table stands for on this host: itself if it exists, or all that fits its '*'.
std::vector<std::string> matching_paths(const std::string& pattern);

}  // namespace devenv::host
