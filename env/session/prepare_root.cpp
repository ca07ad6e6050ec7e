// SPDX-License-Identifier: MIT
#include "env/session/prepare_root.hpp"

#include <fcntl.h>
#include <sched.h>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"
#include "env/session/box_remains.hpp"
#include "env/session/provision.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/mounts.hpp"
#include "env/sys/namespaces.hpp"
#include "env/sys/process.hpp"
#include "env/sys/tree.hpp"

namespace devenv::session {
namespace {

Result<void> make_own_namespaces(const instance::Environment& environment) {
  int flags = 0;
  for (const OwnNamespace& own : own_namespaces(environment.spec.shares)) {
    flags |= own.flag;
  }
  if (flags != 0) {
    TRY(sys::leave_namespaces(flags));
  }
  if ((flags & CLONE_NEWNET) != 0) {
    TRY(sys::bring_loopback_up());
  }
  if ((flags & CLONE_NEWUTS) != 0) {
    TRY(sys::set_host_name(environment.name.string()));
  }
  return {};
}

/// Links of ours to files of the host that are not shared any more: below them are the image's own.
Result<void> remove_unshared_links(const instance::Environment& environment) {
  TRY_ASSIGN(const sys::UniqueFd upper, sys::open_file(environment.upper(), O_PATH | O_DIRECTORY));
  for (const host::Share& share : host::all_shares()) {
    for (const std::string_view path : text::split(share.links, ' ')) {
      if (environment.spec.shares.wants(share.name) || !path.starts_with("/etc/")) {
        continue;
      }
      const auto parent = sys::open_parent_in_root(upper.get(), std::string(path));
      const auto target = parent ? sys::read_link_at(parent->directory.get(), parent->name)
                                 : Result<std::string>(fail(parent.error()));
      if (target && target->starts_with(std::string(kHostRootInside) + "/")) {
        TRY(sys::remove_file_at(parent->directory.get(), parent->name));
      }
    }
  }
  return {};
}

}  // namespace

std::vector<OwnNamespace> own_namespaces(const host::ShareChoice& shares) {
  std::vector<OwnNamespace> own;
  for (const OwnNamespace& candidate : kOwnNamespaces) {
    if (!shares.wants(candidate.share)) {
      own.push_back(candidate);
    }
  }
  return own;
}

Result<Prepared> prepare_root(const RootInput& input) {
  const instance::Environment& environment = input.environment;
  const sys::User& user = input.user;
  sys::set_umask(0);
  TRY(make_own_namespaces(environment));
  TRY_ASSIGN(sandbox::OpenedPlan opened, sandbox::open_sources(input.plan));
  TRY(remove_unshared_links(environment));
  TRY_ASSIGN(const sandbox::MountedRoot mounted,
             sandbox::mount_root(environment.state.storage, input.layout, input.lock));
  // Before anything of the host is mounted, so that no link of the image leads there. What is
  // written belongs to root.
  sys::set_file_system_ids(0, 0);
  if (!environment.spec.came_from.empty()) {
    if (const auto removed = remove_box_remains(mounted.root.get()); !removed) {
      LOG_WARN("{}", removed.error().to_line());
    }
  }
  TRY_ASSIGN(std::string shell, provision(mounted.root.get(), user, input.group_name, input.map));
  TRY_ASSIGN(const auto skipped, sandbox::apply(std::move(opened), mounted.root.get()));
  for (const std::string& line : skipped) {
    LOG_INFO("not mounted: {}", line);
  }
  open_host_door(input.door, format("/proc/self/fd/{}", mounted.root.get()), user);
  // Giving up id 0 also gives up the capabilities for files: nothing is made after this.
  sys::set_file_system_ids(user.uid.get(), user.gid.get());
  sys::make_dumpable();  // changing ids took that away, and the starter has to look at us
  TRY(sys::change_root(mounted.root.get()));
  update_library_cache(input.libraries);
  if (environment.spec.shares.wants("locale")) {
    make_missing_locales(sys::current_environment());
  }
  return Prepared{mounted.server_pid, std::move(shell)};
}

}  // namespace devenv::session
