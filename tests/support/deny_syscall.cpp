// SPDX-License-Identifier: MIT
// deny_syscall NAME[,NAME...][=ERRNO] PROGRAM [ARGUMENT...]
//
// Runs a program for which some system calls do not exist, as on an older kernel (ENOSYS) or under
// another program's filter (EPERM): every fallback can be forced. Source: seccomp(2).
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Call {
  std::string_view name;
  unsigned number;
};

constexpr Call kCalls[] = {
    {"clone3", SYS_clone3},
    {"close_range", SYS_close_range},
    {"copy_file_range", SYS_copy_file_range},
    {"execveat", SYS_execveat},
    {"fsconfig", SYS_fsconfig},
    {"fsmount", SYS_fsmount},
    {"fsopen", SYS_fsopen},
    {"mount_setattr", SYS_mount_setattr},
    {"move_mount", SYS_move_mount},
    {"open_tree", SYS_open_tree},
    {"openat2", SYS_openat2},
    {"pidfd_open", SYS_pidfd_open},
    {"pidfd_send_signal", SYS_pidfd_send_signal},
    {"renameat2", SYS_renameat2},
    {"statx", SYS_statx},
};

#if defined(__x86_64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_AARCH64;
#elif defined(__riscv)
constexpr unsigned kArchitecture = AUDIT_ARCH_RISCV64;
#else
#error "name this architecture as <linux/audit.h> does"
#endif

std::optional<unsigned> number_of(std::string_view name) {
  for (const Call& call : kCalls) {
    if (call.name == name) {
      return call.number;
    }
  }
  return std::nullopt;
}

std::optional<unsigned> errno_of(std::string_view name) {
  if (name == "ENOSYS") {
    return ENOSYS;
  }
  return name == "EPERM" ? std::optional<unsigned>(EPERM) : std::nullopt;
}

sock_filter statement(unsigned code, unsigned value) {
  return {static_cast<unsigned short>(code), 0, 0, value};
}

sock_filter jump(unsigned value, unsigned char if_equal, unsigned char if_not) {
  return {BPF_JMP | BPF_JEQ | BPF_K, if_equal, if_not, value};
}

std::vector<sock_filter> make_filter(const std::vector<unsigned>& numbers, unsigned error) {
  std::vector<sock_filter> filter = {
      statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      jump(kArchitecture, 1, 0),
      statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
  };
  for (const unsigned number : numbers) {
    filter.push_back(jump(number, 0, 1));
    filter.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error));
  }
  filter.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  return filter;
}

bool install(std::vector<sock_filter> filter) {
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  const auto set = [&] {
    return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
  };
  // Root needs no no_new_privs, and setuid programs keep working then.
  return set() || (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && set());
}

int usage(const char* problem) {
  (void)std::fprintf(
      stderr, "deny_syscall: %s\nusage: deny_syscall NAME[,NAME...][=EPERM] PROGRAM...\n", problem);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    return usage("no program given");
  }
  std::string_view names = argv[1];
  unsigned error = ENOSYS;
  if (const std::size_t equals = names.find('='); equals != std::string_view::npos) {
    const auto given = errno_of(names.substr(equals + 1));
    if (!given) {
      return usage("the error is ENOSYS or EPERM");
    }
    error = *given;
    names = names.substr(0, equals);
  }
  std::vector<unsigned> numbers;
  while (!names.empty()) {
    const std::size_t comma = names.find(',');
    const auto number = number_of(names.substr(0, comma));
    if (!number) {
      return usage("a system call is not in the list");
    }
    numbers.push_back(*number);
    names = comma == std::string_view::npos ? "" : names.substr(comma + 1);
  }
  if (!install(make_filter(numbers, error))) {
    (void)std::fprintf(stderr, "deny_syscall: cannot install the filter: %s\n",
                       std::strerror(errno));
    return 1;
  }
  ::execvp(argv[2], argv + 2);
  (void)std::fprintf(stderr, "deny_syscall: cannot run %s: %s\n", argv[2], std::strerror(errno));
  return 127;
}
