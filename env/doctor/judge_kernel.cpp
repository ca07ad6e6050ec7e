// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/doctor/facts.hpp"

namespace devenv::doctor {
namespace {

/// The others have a slower way around them (sys/tree.cpp, sys/mounts.cpp).
constexpr std::array<std::string_view, 3> kRequired = {"open_tree", "pidfd_open",
                                                       "setns with a pidfd"};

std::string describe(const sys::KernelCall& call) {
  return format("{} (Linux {})", call.name, call.since);
}

/// A setting that stays after a reboot, in one line.
std::string sysctl_command(std::string_view setting) {
  return format("echo '{}' | sudo tee /etc/sysctl.d/90-devenv.conf && sudo sysctl --system",
                setting);
}

std::string what_failed(const UserNamespaceFacts& facts) {
  const char* reason = strerrordesc_np(facts.error);
  return format("{}: {}",
                facts.step == UserNamespaceFacts::Step::create
                    ? "a user namespace cannot be made"
                    : "a user namespace can be made, but nothing may be mounted in it",
                reason == nullptr ? "unknown error" : reason);
}

Verdict failure(const UserNamespaceFacts& facts, std::string_view why, std::string hint) {
  return {.status = Status::fail,
          .detail = format("{} ({})", what_failed(facts), why),
          .hint = std::move(hint)};
}

/// ENOSPC and EUSERS are limits, everything else is a refusal (user_namespaces(7), clone(2)).
Verdict judge_limit(const UserNamespaceFacts& facts) {
  if (facts.max_user_namespaces == 0) {
    return failure(facts, "user.max_user_namespaces is 0",
                   sysctl_command("user.max_user_namespaces = 15000"));
  }
  if (facts.max_mount_namespaces == 0) {
    return failure(facts, "user.max_mnt_namespaces is 0",
                   sysctl_command("user.max_mnt_namespaces = 15000"));
  }
  return failure(facts, "a limit is reached, or namespaces are nested 32 deep",
                 sysctl_command("user.max_user_namespaces = 65536"));
}

Verdict judge_refusal(const UserNamespaceFacts& facts) {
  const bool mount_failed = facts.step == UserNamespaceFacts::Step::mount;
  if (facts.surroundings == Surroundings::flatpak) {
    return failure(facts, "this is the sandbox of a Flatpak application",
                   "run devenv on the host: flatpak-spawn --host devenv");
  }
  if (facts.surroundings == Surroundings::snap) {
    return failure(facts, "this is the sandbox of a snap",
                   "run devenv in a terminal that is not a snap");
  }
  if (facts.clone_disabled && !mount_failed) {
    return failure(facts, "kernel.unprivileged_userns_clone is 0",
                   sysctl_command("kernel.unprivileged_userns_clone = 1"));
  }
  // Inside a container the setting is the host's, but the container's filter refuses first.
  if (facts.apparmor_restricts && facts.surroundings == Surroundings::host) {
    return failure(facts, "AppArmor restricts them to programs that it has a profile for",
                   apparmor_command(facts.programs));
  }
  if (facts.surroundings == Surroundings::container) {
    return failure(facts, "this is a container whose seccomp filter or security module forbids it",
                   "start the container with: --security-opt seccomp=unconfined --security-opt "
                   "apparmor=unconfined --security-opt label=disable --security-opt unmask=ALL "
                   "(podman; docker has systempaths=unconfined for the last)");
  }
  if (facts.seccomp_filtered) {
    return failure(facts, "a seccomp filter is in force",
                   "start devenv outside of the sandbox or service that set the filter; see: grep "
                   "Seccomp /proc/self/status");
  }
  return failure(facts, "none of the usual settings explains it",
                 "look for what the kernel says: sudo dmesg | tail");
}

}  // namespace

Verdict judge_kernel(const KernelFacts& facts) {
  std::vector<std::string> missing;
  std::vector<std::string> refused;
  std::vector<std::string> slower;
  for (const sys::KernelCall& call : facts.calls) {
    const bool required =
        std::find(kRequired.begin(), kRequired.end(), call.name) != kRequired.end();
    if (call.state == sys::CallState::available) {
      continue;
    }
    (!required                               ? slower
     : call.state == sys::CallState::missing ? missing
                                             : refused)
        .push_back(describe(call));
  }
  const std::string release = text::sanitize(facts.release);
  if (!missing.empty()) {
    return {.status = Status::fail,
            .detail = format("Linux {} lacks {}", release, join(missing, ", ")),
            .hint = "boot a kernel of 5.11 or newer"};
  }
  if (!refused.empty()) {
    return {.status = Status::fail,
            .detail = format("Linux {}: a filter refuses {}", release, join(refused, ", ")),
            .hint = "in a container, start it with: --security-opt seccomp=unconfined"};
  }
  if (!slower.empty()) {
    return {
        .status = Status::warn,
        .detail = format("Linux {} lacks {}; a slower way is used", release, join(slower, ", ")),
        .hint = "nothing has to be done; Linux 5.12 or newer has everything"};
  }
  return {.detail = format("Linux {}", release)};
}

Verdict judge_user_namespaces(const UserNamespaceFacts& facts) {
  if (facts.step == UserNamespaceFacts::Step::done) {
    return {.detail = "a mount in a new user namespace works"};
  }
  if (!facts.kernel_has_them) {
    return failure(facts, "this kernel was built without them",
                   "boot a kernel that has CONFIG_USER_NS=y");
  }
  if (facts.error == ENOSPC || facts.error == EUSERS) {
    return judge_limit(facts);
  }
  return judge_refusal(facts);
}

std::string apparmor_command(const std::vector<std::string>& programs) {
  // One profile for all: an attachment must begin with a slash, and its special characters are
  // escaped (apparmor.d(5), "Globbing").
  std::vector<std::string> paths;
  for (const std::string& program : programs) {
    std::string path;
    for (const char c : program.substr(program.starts_with('/') ? 1 : 0)) {
      if (std::strchr("*?[]{}^,\"\\", c) != nullptr) {
        path += '\\';
      }
      path += c;
    }
    paths.push_back(std::move(path));
  }
  const std::string attachment =
      paths.size() == 1 ? "/" + paths[0] : format("/{{{}}}", join(paths, ","));
  const std::string profile =
      format("abi <abi/4.0>, profile devenv \"{}\" flags=(unconfined) {{ userns, }}", attachment);
  return format(
      "echo {} | sudo tee /etc/apparmor.d/devenv && sudo apparmor_parser -r /etc/apparmor.d/devenv",
      text::shell_quote(profile));
}

}  // namespace devenv::doctor
