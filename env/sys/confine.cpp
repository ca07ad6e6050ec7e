// SPDX-License-Identifier: MIT
#include "env/sys/confine.hpp"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "env/base/format.hpp"
#include "env/sys/file.hpp"
#include "env/sys/mounts.hpp"
#include "env/sys/namespaces.hpp"
#include "env/sys/tree.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::sys {
namespace {

// ---- Landlock. The structures are our own: <linux/landlock.h> of the machine that compiles may be
// older than the kernel that runs.

struct RulesetAttributes {
  std::uint64_t handled_access_fs = 0;
  std::uint64_t handled_access_net = 0;
  std::uint64_t scoped = 0;
};

struct PathBeneath {
  std::uint64_t allowed_access = 0;
  std::int32_t parent_fd = -1;
} __attribute__((packed));

constexpr unsigned long kCreateRulesetVersion = 1;
constexpr unsigned long kRulePathBeneath = 1;
constexpr std::uint64_t kExecute = 1;
constexpr std::uint64_t kRead = 0xc;  // of files and of directories
constexpr std::uint64_t kConnectAndBindTcp = 3;
constexpr std::uint64_t kScopeAbstractSocketsAndSignals = 3;

// The versions that brought each of them.
constexpr long kLinksBetweenDirectories = 2;
constexpr long kTruncate = 3;
constexpr long kTcp = 4;
constexpr long kDeviceIoctl = 5;
constexpr long kScopes = 6;

/// All that can be done to files: 13 kinds in the first version, one more in each named one.
std::uint64_t file_accesses(long version) {
  int count = 13;
  for (const long since : {kLinksBetweenDirectories, kTruncate, kDeviceIoctl}) {
    count += version >= since ? 1 : 0;
  }
  return (std::uint64_t{1} << static_cast<unsigned>(count)) - 1;
}

Result<void> forbid_new_privileges() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1) {
    return fail_errno(errno, "cannot give up privileges to come");
  }
  return {};
}

#if defined(SYS_landlock_create_ruleset)
/// Less than 1: there is none, or it is switched off.
long landlock_version() {
  return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kCreateRulesetVersion);
}

/// Denies the kinds of access in `files`, but for what the rules allow; one without a descriptor is
/// none. And TCP, abstract sockets and signals, as far as the version knows of them.
Result<void> enter_domain(long version,
                          std::uint64_t files,
                          const std::vector<PathBeneath>& rules) {
  RulesetAttributes attributes{.handled_access_fs = files};
  std::size_t size = sizeof attributes.handled_access_fs;
  if (version >= kTcp) {
    attributes.handled_access_net = kConnectAndBindTcp;
    size = offsetof(RulesetAttributes, scoped);
  }
  if (version >= kScopes) {
    attributes.scoped = kScopeAbstractSocketsAndSignals;
    size = sizeof attributes;
  }
  const UniqueFd ruleset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size, 0)));
  if (!ruleset.valid()) {
    return fail_errno(errno, "cannot make a Landlock rule set");
  }
  for (const PathBeneath& rule : rules) {
    if (rule.parent_fd != -1 &&
        ::syscall(SYS_landlock_add_rule, ruleset.get(), kRulePathBeneath, &rule, 0) == -1) {
      return fail_errno(errno, "cannot add a Landlock rule");
    }
  }
  TRY(forbid_new_privileges());
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) == -1) {
    return fail_errno(errno, "cannot enter a Landlock domain");
  }
  return {};
}
#else
long landlock_version() {
  return 0;
}
Result<void> enter_domain(long /*version*/,
                          std::uint64_t /*files*/,
                          const std::vector<PathBeneath>& /*rules*/) {
  return {};
}
#endif

// ---- seccomp

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
constexpr std::uint32_t kOtherAbi = 0x40000000;  // x32
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
constexpr std::uint32_t kOtherAbi = 0;
#elif defined(__riscv) && __riscv_xlen == 64
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_RISCV64;
constexpr std::uint32_t kOtherAbi = 0;
#else
constexpr std::uint32_t kArchitecture = 0;
constexpr std::uint32_t kOtherAbi = 0;
#endif

// Calls that are newer than the headers: one number on all architectures.
constexpr std::uint32_t kMountSetattr = 442;
constexpr std::uint32_t kOpenTreeAttr = 467;
constexpr std::uint32_t kProcessMadvise = 440;

constexpr std::array kRefused = {
    std::uint32_t{SYS_execve},
    std::uint32_t{SYS_execveat},
    std::uint32_t{SYS_socket},
    std::uint32_t{SYS_socketpair},
    std::uint32_t{SYS_connect},
    std::uint32_t{SYS_bind},
    std::uint32_t{SYS_ptrace},
    std::uint32_t{SYS_process_vm_readv},
    std::uint32_t{SYS_process_vm_writev},
    std::uint32_t{SYS_kcmp},
    std::uint32_t{SYS_pidfd_open},
    std::uint32_t{SYS_pidfd_getfd},
    kProcessMadvise,
    std::uint32_t{SYS_mount},
    std::uint32_t{SYS_umount2},
    std::uint32_t{SYS_pivot_root},
    std::uint32_t{SYS_chroot},
    std::uint32_t{SYS_fsopen},
    std::uint32_t{SYS_fspick},
    std::uint32_t{SYS_open_tree},
    std::uint32_t{SYS_move_mount},
    kMountSetattr,
    kOpenTreeAttr,
    std::uint32_t{SYS_setns},
    std::uint32_t{SYS_unshare},
    std::uint32_t{SYS_open_by_handle_at},
    std::uint32_t{SYS_bpf},
    std::uint32_t{SYS_perf_event_open},
    std::uint32_t{SYS_userfaultfd},
    std::uint32_t{SYS_io_uring_setup},
    std::uint32_t{SYS_keyctl},
    std::uint32_t{SYS_add_key},
    std::uint32_t{SYS_request_key},
    std::uint32_t{SYS_shmget},
    std::uint32_t{SYS_semget},
    std::uint32_t{SYS_msgget},
    std::uint32_t{SYS_mq_open},
    std::uint32_t{SYS_personality},
    std::uint32_t{SYS_init_module},
    std::uint32_t{SYS_finit_module},
    std::uint32_t{SYS_kexec_load},
    std::uint32_t{SYS_swapon},
    std::uint32_t{SYS_reboot},
    std::uint32_t{SYS_settimeofday},
    std::uint32_t{SYS_clock_settime},
};

// As above.
constexpr std::uint32_t kOpenat2 = 437;
constexpr std::uint32_t kFchmodat2 = 452;
constexpr std::uint32_t kSetxattrat = 463;
constexpr std::uint32_t kRemovexattrat = 466;
constexpr std::uint32_t kFileSetattr = 469;

/// What opens, makes, changes or removes a file by its path. Reading attributes is not among them:
/// libraries do.
constexpr std::array kOfPaths = {
#ifdef SYS_open  // architectures that are older than the calls with directories
    std::uint32_t{SYS_open},
    std::uint32_t{SYS_creat},
    std::uint32_t{SYS_unlink},
    std::uint32_t{SYS_rename},
    std::uint32_t{SYS_mkdir},
    std::uint32_t{SYS_rmdir},
    std::uint32_t{SYS_link},
    std::uint32_t{SYS_symlink},
    std::uint32_t{SYS_mknod},
    std::uint32_t{SYS_chmod},
    std::uint32_t{SYS_chown},
    std::uint32_t{SYS_lchown},
    std::uint32_t{SYS_utime},
    std::uint32_t{SYS_utimes},
    std::uint32_t{SYS_futimesat},
#endif
#ifdef SYS_renameat
    std::uint32_t{SYS_renameat},
#endif
    std::uint32_t{SYS_openat},
    kOpenat2,
    std::uint32_t{SYS_unlinkat},
    std::uint32_t{SYS_renameat2},
    std::uint32_t{SYS_mkdirat},
    std::uint32_t{SYS_linkat},
    std::uint32_t{SYS_symlinkat},
    std::uint32_t{SYS_mknodat},
    std::uint32_t{SYS_fchmodat},
    std::uint32_t{SYS_fchownat},
    std::uint32_t{SYS_utimensat},
    std::uint32_t{SYS_truncate},
    std::uint32_t{SYS_setxattr},
    std::uint32_t{SYS_lsetxattr},
    std::uint32_t{SYS_removexattr},
    std::uint32_t{SYS_lremovexattr},
    kFchmodat2,
    kSetxattrat,
    kRemovexattrat,
    kFileSetattr,
};

/// The low half, which is all that flags need, is where it is on these little-endian machines.
constexpr std::size_t kFirstArgument = offsetof(seccomp_data, args);
constexpr std::size_t kSecondArgument = kFirstArgument + sizeof(std::uint64_t);

constexpr std::uint32_t kNewNamespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
                                         CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

sock_filter load(std::size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

/// Goes on with the next statement, or skips it.
sock_filter unless(std::uint16_t test, std::uint32_t value) {
  return BPF_JUMP(static_cast<std::uint16_t>(BPF_JMP | test | BPF_K), value, 0, 1);
}

sock_filter give(std::uint32_t action) {
  return BPF_STMT(BPF_RET | BPF_K, action);
}

std::vector<sock_filter> make_filter(Paths paths) {
  constexpr std::uint32_t kNotPermitted = SECCOMP_RET_ERRNO | EPERM;
  std::vector<sock_filter> filter = {
      load(offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0),
      give(kNotPermitted),
      load(offsetof(seccomp_data, nr)),
  };
  const auto refuse = [&](std::uint16_t test, std::uint32_t value, std::uint32_t action) {
    filter.push_back(unless(test, value));
    filter.push_back(give(action));
  };
  if (kOtherAbi != 0) {
    refuse(BPF_JGE, kOtherAbi, kNotPermitted);
  }
  for (const std::uint32_t number : kRefused) {
    refuse(BPF_JEQ, number, kNotPermitted);
  }
  if (paths == Paths::refused) {
    for (const std::uint32_t number : kOfPaths) {
      refuse(BPF_JEQ, number, kNotPermitted);
    }
  }
  refuse(BPF_JEQ, SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
  // Of ioctl and clone an argument counts; what follows a skipped test is not reached by them.
  filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 6));
  filter.push_back(load(kSecondArgument));
  refuse(BPF_JEQ, TIOCSTI, kNotPermitted);
  refuse(BPF_JEQ, TIOCLINUX, kNotPermitted);
  filter.push_back(give(SECCOMP_RET_ALLOW));
  filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 1, 0));
  filter.push_back(give(SECCOMP_RET_ALLOW));
  filter.push_back(load(kFirstArgument));
  refuse(BPF_JSET, kNewNamespaces, kNotPermitted);
  filter.push_back(give(SECCOMP_RET_ALLOW));
  return filter;
}

}  // namespace

Result<void> confine_view(const std::vector<VisibleDirectory>& directories) {
  TRY(leave_namespaces(CLONE_NEWNS));
  TRY(set_propagation("/", Propagation::private_, Recursion::yes));
  std::vector<UniqueFd> mounts;
  for (const VisibleDirectory& directory : directories) {
    TRY_ASSIGN(UniqueFd mount, clone_mount(directory.path, Recursion::no));
    mounts.push_back(std::move(mount));
  }
  std::size_t parts = 8;
  for (const VisibleDirectory& directory : directories) {
    parts += directory.path.size() / 2;  // "/a/b"
  }
  TRY_ASSIGN(const UniqueFd root,
             create_file_system(
                 "tmpfs", {{"size", "64k"}, {"nr_inodes", format("{}", parts)}, {"mode", "0755"}}));
  // Directories can be mounted on only when what they are in is attached somewhere.
  TRY_ASSIGN(const UniqueFd place, open_file("/", O_PATH | O_DIRECTORY));
  TRY(attach_mount(root.get(), place.get()));
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    TRY_ASSIGN(const UniqueFd target, make_directories_in_root(root.get(), directories[i].path));
    TRY(attach_mount(mounts[i].get(), target.get()));
    if (!directories[i].writable) {
      TRY(make_read_only(mounts[i].get(), Recursion::no));
    }
  }
  TRY(make_read_only(root.get(), Recursion::no));
  return change_root(root.get());
}

Result<bool> confine_files(int directory, int readable) {
  const long version = landlock_version();
  if (version < kLinksBetweenDirectories) {
    return false;
  }
  const std::uint64_t files = file_accesses(version);
  TRY(enter_domain(version, files, {{files, directory}, {kRead, readable}}));
  return true;
}

Result<bool> confine_writing() {
  const long version = landlock_version();
  if (version < 1) {
    return false;
  }
  // Without a rule, what is handled is denied everywhere.
  TRY(enter_domain(version, file_accesses(version) & ~(kRead | kExecute), {}));
  return true;
}

Result<bool> confine_calls(Paths paths) {
  if (kArchitecture == 0) {
    return false;
  }
  TRY(forbid_new_privileges());
  std::vector<sock_filter> filter = make_filter(paths);
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == -1) {
    if (errno == ENOSYS || errno == EINVAL) {
      return false;  // a kernel without
    }
    return fail_errno(errno, "cannot set a filter for system calls");
  }
  return true;
}

}  // namespace devenv::sys
