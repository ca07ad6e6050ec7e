// SPDX-License-Identifier: MIT
#include "env/sandbox/map_writer.hpp"

#include <fcntl.h>

#include <cerrno>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sandbox/id_map_text.hpp"
#include "env/sys/file.hpp"
#include "env/sys/namespaces.hpp"
#include "env/sys/process.hpp"
#include "env/sys/users.hpp"
#include "env/sys/xattr.hpp"

namespace devenv::sandbox {
namespace {

/// One of newuidmap, newgidmap while it runs.
struct Helper {
  std::string program;  ///< path
  std::string name;
  sys::Child process;
  sys::UniqueFd messages;
};

std::uint64_t total(const std::vector<IdExtent>& extents) {
  std::uint64_t sum = 0;
  for (const IdExtent& extent : extents) {
    sum += extent.count;
  }
  return sum;
}

Result<void> write_map_file(const std::string& path, const std::vector<IdExtent>& extents) {
  TRY_ASSIGN(const sys::UniqueFd file, sys::open_file(path, O_WRONLY));
  // One write, or the kernel takes the rest for a second map.
  TRY_CONTEXT(sys::write_all(file.get(), map_file_text(extents)), format("cannot write {}", path));
  return {};
}

Result<Helper> start_helper(const std::string& name,
                            pid_t pid,
                            const std::vector<IdExtent>& extents) {
  const auto program = sys::find_program(name);
  if (!program) {
    return fail(Error(ErrorCode::unsupported, format("the program {} is missing", name))
                    .with_hint("install the package uidmap (Debian, Ubuntu) or shadow"));
  }
  sys::Command command{.argv = {*program, format("{}", pid)}};
  for (const IdExtent& extent : extents) {
    for (const std::uint32_t number : {extent.inside, extent.outside, extent.count}) {
      command.argv.push_back(format("{}", number));
    }
  }
  TRY_ASSIGN(sys::Pipe messages, sys::make_pipe());
  command.stderr_fd = messages.write_end.get();
  TRY_ASSIGN(sys::Child process, sys::spawn(command));
  return Helper{*program, name, std::move(process), std::move(messages.read_end)};
}

/// setuid, or file capabilities instead (Fedora, Arch).
bool may_map(const std::string& program) {
  const auto info = sys::stat_path(program);
  if (info && *info && ((*info)->st_mode & S_ISUID) != 0) {
    return true;
  }
  const auto capability = sys::get_xattr_at(-1, program, "security.capability");
  return capability && *capability;
}

bool has_no_new_privileges() {
  const auto status = sys::read_file("/proc/self/status");
  return status && status->find("NoNewPrivs:\t1") != std::string::npos;
}

/// What to do about a helper that failed, from what is known about the usual reasons.
std::string hint_for(const Helper& helper) {
  if (!may_map(helper.program)) {
    return format("the program needs its setuid bit: sudo chmod u+s {}",
                  text::shell_quote(helper.program));
  }
  if (has_no_new_privileges()) {
    return "this process may not gain privileges (no_new_privs): run devenv outside of the "
           "sandbox, "
           "service or editor that set it";
  }
  const auto user = sys::current_user();
  const auto caller = sys::credentials();
  if (user && caller && caller->gid != user->gid.get()) {
    return format(
        "the current group is not your primary group: leave the shell that newgrp "
        "started, or run: sg {} -c devenv",
        text::shell_quote(sys::group_name(*user)));
  }
  return "check that your ranges in /etc/subuid and /etc/subgid are still the same: devenv doctor";
}

Result<void> finish(Helper helper, std::uint64_t ids, std::string_view kind) {
  constexpr std::size_t kMessageLimit = 64U * 1024;
  const auto messages = sys::read_all(helper.messages.get(), kMessageLimit);
  TRY_ASSIGN(const sys::ExitStatus status, helper.process.wait());
  if (status.success()) {
    return {};
  }
  std::string_view said = messages ? text::trim(*messages) : std::string_view();
  if (const std::string prefix = helper.name + ": "; said.starts_with(prefix)) {
    said.remove_prefix(prefix.size());
  }
  const std::string reason = said.empty() ? "" : ": " + text::sanitize(said);
  return fail(
      Error(ErrorCode::unsupported, format("{} {}{}", helper.name, status.to_string(), reason))
          .context(format("cannot map {} {} ids", ids, kind))
          .with_hint(hint_for(helper)));
}

bool setting_is(const char* path, std::string_view value) {
  const auto text = sys::read_file(path);
  return text && text::trim(*text) == value;
}

}  // namespace

Result<void> write_id_maps(const IdMap& map, pid_t pid) {
  TRY_ASSIGN(const sys::Credentials caller, sys::credentials());
  if (caller.effective_uid == 0) {
    TRY_CONTEXT(write_map_file(format("/proc/{}/gid_map", pid), map.gids),
                format("cannot map {} group ids", total(map.gids)));
    TRY_CONTEXT(write_map_file(format("/proc/{}/uid_map", pid), map.uids),
                format("cannot map {} user ids", total(map.uids)));
    return {};
  }
  TRY_ASSIGN(Helper users, start_helper("newuidmap", pid, map.uids));
  TRY_ASSIGN(Helper groups, start_helper("newgidmap", pid, map.gids));
  // Both are waited for before either is judged, so that none is left running.
  const auto users_mapped = finish(std::move(users), total(map.uids), "user");
  const auto groups_mapped = finish(std::move(groups), total(map.gids), "group");
  TRY(users_mapped);
  return groups_mapped;
}

Error explain_denied(const Error& error) {
  const bool denied = error.sys_errno() == EPERM || error.sys_errno() == EACCES;
  if (!denied || !setting_is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1")) {
    return error;
  }
  return error
      .context("AppArmor takes the rights in user namespaces away from programs it does not know")
      .with_code(ErrorCode::unsupported)
      .with_hint(
          "install a profile for devenv, which devenv doctor shows, or allow all programs: "
          "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0");
}

Error explain_no_user_namespace(const Error& error) {
  const Error outer =
      error.context("cannot make a user namespace").with_code(ErrorCode::unsupported);
  switch (error.sys_errno()) {
    case EPERM:
      if (setting_is("/proc/sys/kernel/unprivileged_userns_clone", "0")) {
        return outer.with_hint("allow them: sudo sysctl -w kernel.unprivileged_userns_clone=1");
      }
      return outer.with_hint(
          "a container or a chroot may forbid it: with docker or podman, start the container with "
          "--security-opt seccomp=unconfined");
    case ENOSPC:
    case EUSERS:
      if (setting_is("/proc/sys/user/max_user_namespaces", "0")) {
        return outer.with_hint("allow them: sudo sysctl -w user.max_user_namespaces=15000");
      }
      return outer.with_hint(
          "too many namespaces exist or too deeply nested: raise user.max_user_namespaces and "
          "user.max_mnt_namespaces with sysctl");
    case EINVAL:
      return outer.with_hint("this kernel was built without user namespaces (CONFIG_USER_NS)");
    default:
      return outer;
  }
}

}  // namespace devenv::sandbox
