// SPDX-License-Identifier: MIT
#include "env/sys/give_up_writing.hpp"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "env/sys/unique_fd.hpp"

namespace devenv::sys {
namespace {

// Not those of <linux/landlock.h>, which is older than the kernel on many a machine that builds
// this.
constexpr std::uint64_t kWriteFile = 1U << 1U;
constexpr std::uint64_t kRemoveAndMake = 0x1ff0;  // REMOVE_DIR (bit 4) to MAKE_SYM (bit 12)
constexpr std::uint64_t kRefer = 1U << 13U;
constexpr std::uint64_t kTruncate = 1U << 14U;
constexpr std::uint64_t kTcp = 0x3;     // BIND_TCP, CONNECT_TCP
constexpr std::uint64_t kScopes = 0x3;  // abstract sockets, signals
constexpr unsigned kAskVersion = 1;     // LANDLOCK_CREATE_RULESET_VERSION

/// What a version of Landlock brought. Source: landlock(7), "VERSIONS".
constexpr long kVersionOfRefer = 2;
constexpr long kVersionOfTruncate = 3;
constexpr long kVersionOfTcp = 4;
constexpr long kVersionOfScopes = 6;

struct Ruleset {
  std::uint64_t files = 0;
  std::uint64_t network = 0;
  std::uint64_t scopes = 0;
};

/// What this version can deny, and how much of the structure it knows.
std::size_t fill(Ruleset& ruleset, long version) {
  ruleset.files = kWriteFile | kRemoveAndMake;
  ruleset.files |= version >= kVersionOfRefer ? kRefer : 0;
  ruleset.files |= version >= kVersionOfTruncate ? kTruncate : 0;
  ruleset.network = version >= kVersionOfTcp ? kTcp : 0;
  ruleset.scopes = version >= kVersionOfScopes ? kScopes : 0;
  return version >= kVersionOfScopes ? sizeof ruleset
         : version >= kVersionOfTcp  ? 2 * sizeof(std::uint64_t)
                                     : sizeof(std::uint64_t);
}

}  // namespace

Result<bool> give_up_writing() {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskVersion);
  if (version < 0) {
    return errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM
               ? Result<bool>(false)
               : fail_errno(errno, "cannot ask for the version of Landlock");
  }
  Ruleset ruleset;
  const std::size_t size = fill(ruleset, version);
  // Without a rule in it: what it handles is denied everywhere.
  const UniqueFd fd(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &ruleset, size, 0U)));
  if (!fd.valid()) {
    return fail_errno(errno, "cannot make a Landlock ruleset");
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return fail_errno(errno, "cannot give up new privileges");
  }
  if (::syscall(SYS_landlock_restrict_self, fd.get(), 0U) != 0) {
    return fail_errno(errno, "cannot restrict this process (Landlock)");
  }
  return true;
}

}  // namespace devenv::sys
