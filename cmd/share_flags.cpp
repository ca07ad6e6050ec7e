// SPDX-License-Identifier: MIT
#include "cmd/share_flags.hpp"

#include <algorithm>

namespace devenv::cmd {

void add_share_flags(CLI::App& app, ShareFlags& flags) {
  app.add_option("--share", flags.on, "share this of the host; several may be given")
      ->type_name(kind::kShare)
      ->allow_extra_args(false);
  app.add_option("--no-share", flags.off, "do not share this of the host")
      ->type_name(kind::kShare)
      ->allow_extra_args(false);
}

Result<host::ShareChoice> choice_of(const ShareFlags& flags) {
  TRY(host::check_share_names(flags.on));
  TRY(host::check_share_names(flags.off));
  for (const std::string& name : flags.on) {
    if (std::find(flags.off.begin(), flags.off.end(), name) != flags.off.end()) {
      return fail(ErrorCode::usage,
                  format("--share {} and --no-share {} exclude each other", name, name));
    }
  }
  return host::ShareChoice{.on = flags.on, .off = flags.off};
}

}  // namespace devenv::cmd
