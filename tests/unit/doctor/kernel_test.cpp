// SPDX-License-Identifier: MIT
// Kernels and locked-down hosts, each told apart from the others.
#include <doctest/doctest.h>

#include <cerrno>

#include "tests/unit/doctor/verdict_text.hpp"

namespace devenv::doctor {
namespace {

using Step = UserNamespaceFacts::Step;
using sys::CallState;

std::vector<sys::KernelCall> calls(CallState open_tree, CallState setns, CallState mount_setattr) {
  return {{"open_tree", "5.2", open_tree},
          {"pidfd_open", "5.3", CallState::available},
          {"openat2", "5.6", CallState::available},
          {"setns with a pidfd", "5.8", setns},
          {"mount_setattr", "5.12", mount_setattr}};
}

}  // namespace

TEST_CASE("kernel: judged by what it can, not by its version") {
  constexpr CallState kYes = CallState::available;
  constexpr CallState kNo = CallState::missing;
  struct Case {
    KernelFacts facts;
    const char* expected;
  };
  const std::vector<Case> cases = {
      {{"6.18.1", calls(kYes, kYes, kYes)}, "pass: Linux 6.18.1"},
      {{"5.11.0", calls(kYes, kYes, kNo)},
       "warn: Linux 5.11.0 lacks mount_setattr (Linux 5.12); a slower way is used [nothing has to "
       "be done; Linux 5.12 or newer has everything]"},
      {{"4.18.0-553.el8", calls(kNo, kNo, kNo)},
       "fail: Linux 4.18.0-553.el8 lacks open_tree (Linux 5.2), setns with a pidfd (Linux 5.8) "
       "[boot a kernel of 5.11 or newer]"},
      {{"6.1.0", calls(CallState::refused, kYes, kYes)},
       "fail: Linux 6.1.0: a filter refuses open_tree (Linux 5.2) [in a container, start it with: "
       "--security-opt seccomp=unconfined]"},
  };
  for (const Case& each : cases) {
    CHECK(line(judge_kernel(each.facts)) == each.expected);
  }
}

TEST_CASE("user namespaces: each way of forbidding them has its own remedy") {
  struct Case {
    const char* subject;
    UserNamespaceFacts facts;
    const char* expected;
  };
  const std::vector<Case> cases = {
      {"nothing in the way", {}, "pass: a mount in a new user namespace works"},
      {"works in spite of a setting, since it was tried",
       {.clone_disabled = true, .apparmor_restricts = true},
       "pass: a mount in a new user namespace works"},
      {"no support",
       {.step = Step::create, .error = EINVAL, .kernel_has_them = false},
       "fail: a user namespace cannot be made: Invalid argument (this kernel was built without "
       "them) [boot a kernel that has CONFIG_USER_NS=y]"},
      {"max_user_namespaces=0",
       {.step = Step::create, .error = ENOSPC, .max_user_namespaces = 0},
       "fail: a user namespace cannot be made: No space left on device "
       "(user.max_user_namespaces is 0) [echo 'user.max_user_namespaces = 15000' | sudo tee "
       "/etc/sysctl.d/90-devenv.conf && sudo sysctl --system]"},
      {"max_mnt_namespaces=0",
       {.step = Step::create,
        .error = ENOSPC,
        .max_user_namespaces = 15000,
        .max_mount_namespaces = 0},
       "fail: a user namespace cannot be made: No space left on device "
       "(user.max_mnt_namespaces is 0) [echo 'user.max_mnt_namespaces = 15000' | sudo tee "
       "/etc/sysctl.d/90-devenv.conf && sudo sysctl --system]"},
      {"nested too deeply",
       {.step = Step::create, .error = EUSERS, .max_user_namespaces = 15000},
       "fail: a user namespace cannot be made: Too many users (a limit is reached, or namespaces "
       "are nested 32 deep) [echo 'user.max_user_namespaces = 65536' | sudo tee "
       "/etc/sysctl.d/90-devenv.conf && sudo sysctl --system]"},
      {"Debian's switch",
       {.step = Step::create, .error = EPERM, .clone_disabled = true},
       "fail: a user namespace cannot be made: Operation not permitted "
       "(kernel.unprivileged_userns_clone is 0) [echo 'kernel.unprivileged_userns_clone = 1' | "
       "sudo tee /etc/sysctl.d/90-devenv.conf && sudo sysctl --system]"},
      {"Ubuntu's AppArmor: made, but without rights",
       {.step = Step::mount,
        .error = EACCES,
        .apparmor_restricts = true,
        .programs = {"/usr/bin/devenv", "/usr/libexec/devenv/devenv-image"}},
       "fail: a user namespace can be made, but nothing may be mounted in it: Permission denied "
       "(AppArmor restricts them to programs that it has a profile for) [echo 'abi <abi/4.0>, "
       "profile devenv \"/{usr/bin/devenv,usr/libexec/devenv/devenv-image}\" flags=(unconfined) { "
       "userns, }' | sudo tee /etc/apparmor.d/devenv && sudo apparmor_parser -r "
       "/etc/apparmor.d/devenv]"},
      {"docker on Ubuntu: the filter, not the host's AppArmor setting",
       {.step = Step::create,
        .error = EPERM,
        .surroundings = Surroundings::container,
        .apparmor_restricts = true,
        .seccomp_filtered = true},
       "fail: a user namespace cannot be made: Operation not permitted (this is a container whose "
       "seccomp filter or security module forbids it) [start the container with: --security-opt "
       "seccomp=unconfined --security-opt apparmor=unconfined --security-opt label=disable "
       "--security-opt unmask=ALL (podman; docker has systempaths=unconfined for the last)]"},
      {"Flatpak",
       {.step = Step::create,
        .error = EPERM,
        .surroundings = Surroundings::flatpak,
        .seccomp_filtered = true},
       "fail: a user namespace cannot be made: Operation not permitted (this is the sandbox of a "
       "Flatpak application) [run devenv on the host: flatpak-spawn --host devenv]"},
      {"snap",
       {.step = Step::create, .error = EPERM, .surroundings = Surroundings::snap},
       "fail: a user namespace cannot be made: Operation not permitted (this is the sandbox of a "
       "snap) [run devenv in a terminal that is not a snap]"},
      {"a service with a filter",
       {.step = Step::create, .error = EPERM, .seccomp_filtered = true},
       "fail: a user namespace cannot be made: Operation not permitted (a seccomp filter is in "
       "force) [start devenv outside of the sandbox or service that set the filter; see: grep "
       "Seccomp /proc/self/status]"},
      {"unexplained",
       {.step = Step::mount, .error = EPERM},
       "fail: a user namespace can be made, but nothing may be mounted in it: Operation not "
       "permitted (none of the usual settings explains it) [look for what the kernel says: sudo "
       "dmesg | tail]"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.subject);
    CHECK(line(judge_user_namespaces(each.facts)) == each.expected);
  }
}

TEST_CASE("AppArmor command: paths are taken literally by AppArmor and by the shell") {
  struct Case {
    std::vector<std::string> programs;
    const char* attachment;  ///< within the shell's quotes
  };
  for (const Case& each : std::vector<Case>{
           {{"/usr/bin/devenv"}, "\"/usr/bin/devenv\""},
           {{"/a/b", "/c d/e"}, "\"/{a/b,c d/e}\""},
           {{"/home/a{b}/x,y*"}, "\"/home/a\\{b\\}/x\\,y\\*\""},
           {{"/home/o'brien/devenv"}, "\"/home/o'\\''brien/devenv\""},
       }) {
    CHECK(apparmor_command(each.programs) ==
          std::string("echo 'abi <abi/4.0>, profile devenv ") + each.attachment +
              " flags=(unconfined) { userns, }' | sudo tee /etc/apparmor.d/devenv && sudo "
              "apparmor_parser -r /etc/apparmor.d/devenv");
  }
}

}  // namespace devenv::doctor
