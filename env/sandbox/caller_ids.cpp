// SPDX-License-Identifier: MIT
// Which map the calling user gets.
#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sandbox/id_map.hpp"
#include "env/sandbox/id_map_text.hpp"
#include "env/sandbox/libsubid.hpp"
#include "env/sys/file.hpp"
#include "env/sys/namespaces.hpp"
#include "env/sys/process.hpp"

namespace devenv::sandbox {
namespace {

constexpr const char* kSubuid = "/etc/subuid";
constexpr const char* kSubgid = "/etc/subgid";

/// "" also for a file that cannot be read.
std::string text_of(const std::string& path) {
  const auto text = sys::read_file_if_exists(path);
  return text && *text ? **text : std::string();
}

/// A machine without the file gives nobody a range; one that cannot be read says nothing.
Result<std::vector<SubordinateRange>> ranges_of(const sys::User& user,
                                                IdKind kind,
                                                bool ask_library) {
  std::optional<std::vector<SubordinateRange>> ranges;
  if (ask_library) {
    ranges = ranges_from_libsubid(user.name, kind);
  }
  if (!ranges) {
    TRY_ASSIGN_CONTEXT(const auto text,
                       sys::read_file_if_exists(kind == IdKind::user ? kSubuid : kSubgid),
                       "cannot find out your subordinate ids");
    ranges = parse_subordinate_ranges(text.value_or(""), user.name, user.uid.get());
  }
  const std::string own_map =
      text_of(kind == IdKind::user ? "/proc/self/uid_map" : "/proc/self/gid_map");
  return clip(*ranges, parse_own_ids(own_map));
}

bool is_local_user(const std::string& name) {
  const std::string passwd = "\n" + text_of("/etc/passwd");
  return passwd.find("\n" + name + ":") != std::string::npos;
}

/// The command that gives the user a range which nobody else has.
std::string range_hint(const sys::User& user) {
  const SubordinateRange range = free_range(text_of(kSubuid) + "\n" + text_of(kSubgid));
  const std::string name = text::shell_quote(user.name);
  if (is_local_user(user.name)) {
    const std::string ids = format("{}-{}", range.start, range.start + (range.count - 1));
    return format("give your user a range: sudo usermod --add-subuids {} --add-subgids {} {}", ids,
                  ids, name);
  }
  // usermod only knows users of /etc/passwd; the files may name any.
  return format("give your user a range: echo {}:{}:{} | sudo tee -a {} {}", name, range.start,
                range.count, kSubuid, kSubgid);
}

Result<void> check_helpers() {
  for (const char* name : {"newuidmap", "newgidmap"}) {
    if (!sys::find_program(name)) {
      return fail(
          Error(ErrorCode::unsupported,
                format("the program {} is missing: ids cannot be mapped without it", name))
              .with_hint("install the package uidmap (Debian, Ubuntu), shadow-utils (Fedora), "
                         "shadow (Arch, openSUSE) or shadow-uidmap (Alpine)"));
    }
  }
  return {};
}

IdMap direct_map() {
  return IdMap{.kind = IdMapKind::root_direct,
               .uids = identity_extents(parse_own_ids(text_of("/proc/self/uid_map"))),
               .gids = identity_extents(parse_own_ids(text_of("/proc/self/gid_map")))};
}

}  // namespace

Result<IdMap> id_map_for_caller(const sys::User& user) {
  TRY_ASSIGN(const sys::Credentials caller, sys::credentials());
  const bool is_root = caller.effective_uid == 0;
  if (!is_root) {
    TRY(check_helpers());
  }
  const bool ask_library = names_subid_provider(text_of("/etc/nsswitch.conf"));
  TRY_ASSIGN(const auto uids, ranges_of(user, IdKind::user, ask_library));
  TRY_ASSIGN(const auto gids, ranges_of(user, IdKind::group, ask_library));
  if (!uids.empty() && !gids.empty()) {
    return IdMap{.kind = IdMapKind::keep_id,
                 .uids = keep_id_extents(user.uid.get(), uids),
                 .gids = keep_id_extents(user.gid.get(), gids)};
  }
  if (is_root) {
    return direct_map();
  }
  // The seam for a map without ranges (0 -> the user only).
  return fail(Error(ErrorCode::unsupported,
                    format("user '{}' has no subordinate {} ids", text::sanitize(user.name),
                           uids.empty() ? "user" : "group"))
                  .with_hint(range_hint(user)));
}

}  // namespace devenv::sandbox
