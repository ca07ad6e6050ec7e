// SPDX-License-Identifier: MIT
// --share and --no-share: what an environment has of the host.
#pragma once

#include <string>
#include <vector>

#include "cmd/cli.hpp"
#include "env/host/shares.hpp"

namespace devenv::cmd {

struct ShareFlags {
  std::vector<std::string> on;
  std::vector<std::string> off;
  bool given() const { return !on.empty() || !off.empty(); }
};
void add_share_flags(CLI::App& app, ShareFlags& flags);
/// Errors: usage for a name that is no share, or is in both lists.
Result<host::ShareChoice> choice_of(const ShareFlags& flags);

}  // namespace devenv::cmd
