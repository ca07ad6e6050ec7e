// SPDX-License-Identifier: MIT
// Which ids exist inside an environment and which ids of the host they are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"
#include "env/sys/users.hpp"

namespace devenv::sandbox {

/// `count` ids starting at `inside` are the ids starting at `outside` on the host.
struct IdExtent {
  std::uint32_t inside = 0;
  std::uint32_t outside = 0;
  std::uint32_t count = 0;
  bool operator==(const IdExtent&) const = default;
};

/// How the map came about, and so how it is written.
enum class IdMapKind {
  keep_id,      ///< the user keeps their id, all others are subordinate ids (newuidmap, newgidmap)
  root_direct,  ///< the caller is root and has no ranges: ids are those of the host
  // A map without subordinate ids (0 -> the user, with a filter that lets chown appear to succeed)
  // is the third way; id_map_for_caller is the only place that will have to choose it.
};

/// One map for unpacking, running and deleting: layers never need a chown.
struct IdMap {
  IdMapKind kind = IdMapKind::keep_id;
  std::vector<IdExtent> uids;
  std::vector<IdExtent> gids;

  /// "uid 0:100000:1000 1000:1000:1 1001:101000:64536; gid ...": what format.json records.
  std::string to_string() const;
  bool operator==(const IdMap&) const = default;
};

/// A range of /etc/subuid or /etc/subgid.
struct SubordinateRange {
  std::uint32_t start = 0;
  std::uint32_t count = 0;
  bool operator==(const SubordinateRange&) const = default;
};

/// How many ids an environment has beside the user's own.
constexpr std::uint32_t kWantedIds = 65536;

/// The keep-id map of one kind of id: 0..own-1 and own+1.. are taken from `ranges` in order (at
/// most kWantedIds in all), `own` maps to itself. With own beyond the ranges' sum, two extents.
/// Adjacent extents are merged; at most 340 (user_namespaces(7)).
std::vector<IdExtent> keep_id_extents(std::uint32_t own,
                                      const std::vector<SubordinateRange>& ranges);

/// The lines of /etc/subuid or /etc/subgid that belong to the user, by name or by number.
/// Malformed lines are left out. Source: subuid(5).
std::vector<SubordinateRange> parse_subordinate_ranges(std::string_view text,
                                                       std::string_view user_name,
                                                       std::uint32_t uid);

/// The map for the calling user.
///
/// Ranges are read through libsubid when nsswitch.conf names a provider for subid and the library
/// is there (SSSD, FreeIPA), else from /etc/subuid and /etc/subgid.
/// Errors: unsupported, with the command that adds a range or installs newuidmap as the hint.
Result<IdMap> id_map_for_caller(const sys::User& user);

}  // namespace devenv::sandbox
