// SPDX-License-Identifier: MIT
// The kernel, and whether user namespaces are really usable.
#include <sched.h>

#include "env/base/text.hpp"
#include "env/doctor/checks_internal.hpp"
#include "env/sys/file.hpp"
#include "env/sys/kernel.hpp"
#include "env/sys/mounts.hpp"
#include "env/sys/process.hpp"

namespace devenv::doctor {
namespace {

constexpr std::size_t kSettingLimit = 4096;
constexpr int kUnknownError = 255;

/// nullopt where the kernel has no such setting, or it may not be read.
std::optional<std::uint64_t> setting(const char* path) {
  const auto text = sys::read_file(path, kSettingLimit);
  return text ? text::parse_number(text::trim(*text)) : std::nullopt;
}

bool has_seccomp_filter() {
  constexpr std::size_t kStatusLimit = 64U * 1024;
  const auto status = sys::read_file("/proc/self/status", kStatusLimit);
  return status && status->find("\nSeccomp:\t2") != std::string::npos;
}

Surroundings find_surroundings() {
  if (sys::exists("/.flatpak-info")) {
    return Surroundings::flatpak;
  }
  if (!sys::get_variable("SNAP").empty()) {
    return Surroundings::snap;
  }
  const bool container = sys::exists("/run/.containerenv") || sys::exists("/.dockerenv") ||
                         sys::exists("/run/systemd/container") ||
                         !sys::get_variable("container").empty();
  return container ? Surroundings::container : Surroundings::host;
}

/// Makes a user and a mount namespace and changes a mount in it: AppArmor's restriction lets the
/// first pass and takes the capabilities away. The exit code of the child is the errno.
Result<void> try_user_namespace(UserNamespaceFacts& facts) {
  auto child = sys::fork_child(CLONE_NEWUSER | CLONE_NEWNS, [] {
    const auto changed = sys::set_propagation("/", sys::Propagation::private_, sys::Recursion::yes);
    return changed ? 0 : changed.error().sys_errno();
  });
  if (!child) {
    facts.step = UserNamespaceFacts::Step::create;
    facts.error = child.error().sys_errno();
    return {};
  }
  TRY_ASSIGN(const sys::ExitStatus status, child->wait());
  if (!status.success()) {
    facts.step = UserNamespaceFacts::Step::mount;
    facts.error = status.signal != 0 ? kUnknownError : status.code;
  }
  return {};
}

}  // namespace

Result<Verdict> check_kernel(Context& /*context*/) {
  return judge_kernel({.release = sys::kernel_info().release, .calls = sys::probe_kernel_calls()});
}

Result<Verdict> check_user_namespaces(Context& context) {
  UserNamespaceFacts facts{
      .surroundings = find_surroundings(),
      .kernel_has_them = sys::exists("/proc/self/ns/user"),
      .max_user_namespaces = setting("/proc/sys/user/max_user_namespaces"),
      .max_mount_namespaces = setting("/proc/sys/user/max_mnt_namespaces"),
      .clone_disabled = setting("/proc/sys/kernel/unprivileged_userns_clone") == 0,
      .apparmor_restricts = setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1,
      .seccomp_filtered = has_seccomp_filter()};
  // Each program that makes or enters a namespace is attached to a profile by its own path.
  const instance::Workspace& workspace = context.workspace();
  facts.programs = {sys::read_link("/proc/self/exe").value_or("/usr/bin/devenv"),
                    workspace.image_program(), workspace.guest_program()};
  TRY(try_user_namespace(facts));
  return judge_user_namespaces(facts);
}

}  // namespace devenv::doctor
