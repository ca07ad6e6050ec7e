// SPDX-License-Identifier: MIT
// Subordinate ids and the programs that map them.
#include <sys/stat.h>

#include "env/base/format.hpp"
#include "env/doctor/checks_internal.hpp"
#include "env/sandbox/id_map_text.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"
#include "env/sys/xattr.hpp"

namespace devenv::doctor {
namespace {

Result<HelperFacts> look_at_helper(const std::string& name) {
  HelperFacts facts{.name = name};
  const auto path = sys::find_program(name);
  if (!path) {
    return facts;
  }
  // The file itself: distributions make the names links (NixOS, merged /usr).
  TRY_ASSIGN(facts.path, sys::canonical_path(*path));
  TRY_ASSIGN(const auto info, sys::stat_path(facts.path));
  facts.setuid_root = info && (info->st_mode & S_ISUID) != 0 && info->st_uid == 0;
  TRY_ASSIGN(const auto capability, sys::get_xattr_at(-1, facts.path, "security.capability"));
  facts.has_capability = capability.has_value();
  TRY_ASSIGN(const sys::FileSystemInfo file_system, sys::file_system_info(facts.path));
  facts.on_nosuid = file_system.nosuid;
  return facts;
}

std::uint64_t count_ids(const std::vector<sandbox::IdExtent>& extents) {
  std::uint64_t count = 0;
  for (const sandbox::IdExtent& extent : extents) {
    count += extent.count;
  }
  return count;
}

/// "165536-231071": what could be given to the user in addition.
std::string find_free_range() {
  std::string taken;
  for (const char* path : {"/etc/subuid", "/etc/subgid"}) {
    taken += sys::read_file(path).value_or("") + "\n";
  }
  const sandbox::SubordinateRange range = sandbox::free_range(taken);
  return format("{}-{}", range.start, range.start + (range.count - 1));
}

}  // namespace

Result<Verdict> check_id_helpers(Context& context) {
  std::vector<HelperFacts> helpers;
  for (const char* name : {"newuidmap", "newgidmap"}) {
    TRY_ASSIGN(HelperFacts facts, look_at_helper(name));
    helpers.push_back(std::move(facts));
  }
  return judge_id_helpers(helpers, context.as_root(), context.distribution());
}

Result<Verdict> check_id_ranges(Context& context) {
  const Result<sandbox::IdMap>& map = context.id_map();
  IdRangeFacts facts{.user = context.workspace().user.name};
  if (!map) {
    facts.map = {.outcome = Attempt::Outcome::fails,
                 .reason = map.error().to_line(),
                 .hint = map.error().hint()};
    return judge_id_ranges(facts);
  }
  facts.map.outcome = Attempt::Outcome::works;
  facts.direct = map->kind == sandbox::IdMapKind::root_direct;
  facts.user_ids = count_ids(map->uids);
  facts.group_ids = count_ids(map->gids);
  facts.free_range = find_free_range();
  return judge_id_ranges(facts);
}

Result<Verdict> check_id_map(Context& context) {
  return judge_id_map(context.entered_namespace());
}

}  // namespace devenv::doctor
