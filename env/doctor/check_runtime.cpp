// SPDX-License-Identifier: MIT
// What devenv itself needs around it.
#include <sys/stat.h>

#include "env/base/format.hpp"
#include "env/doctor/checks_internal.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"

namespace devenv::doctor {

Result<Verdict> check_runtime_directory(Context& context) {
  constexpr mode_t kPermissions = 07777;
  RuntimeDirectoryFacts facts{.value = sys::get_variable("XDG_RUNTIME_DIR"),
                              .uid = context.caller().uid};
  if (facts.value.starts_with('/')) {
    TRY_ASSIGN(const auto info, sys::stat_path(facts.value));
    if (info) {
      facts.exists = true;
      facts.is_directory = S_ISDIR(info->st_mode);
      facts.owner = info->st_uid;
      facts.mode = info->st_mode & kPermissions;
    }
  }
  const auto usual = sys::stat_path(format("/run/user/{}", facts.uid));
  facts.usual_exists = usual && *usual && (*usual)->st_uid == facts.uid;
  return judge_runtime_directory(facts);
}

Result<Verdict> check_programs(Context& context) {
  const instance::Workspace& workspace = context.workspace();
  ProgramFacts facts{.libexec = workspace.libexec};
  if (!sys::is_executable(workspace.image_program())) {
    facts.missing.emplace_back("devenv-image");
  }
  if (!sys::is_executable(workspace.guest_program())) {
    facts.missing.emplace_back("devenv-guest");
  }
  return judge_programs(facts);
}

Result<Verdict> check_bootstrap(Context& context) {
  return judge_bootstrap(sys::find_program("mmdebstrap").has_value(), context.distribution());
}

}  // namespace devenv::doctor
