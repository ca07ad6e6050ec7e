// SPDX-License-Identifier: MIT
// Making room for the image's own sudo: whoever installs it wants its sudoers file to count.
#include <errno.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cmd/guest/output.hpp"
#include "cmd/guest/sudo.hpp"

namespace devenv::guest {
namespace {

constexpr const char* kPlaces[] = {"/usr/bin/sudo",        "/bin/sudo",  "/usr/local/bin/sudo",
                                   "/usr/local/sbin/sudo", "/sbin/sudo", "/usr/sbin/sudo"};
/// This program, however it was started: a copy of it must not call the other for ever.
constexpr const char* kOurselves[] = {"/proc/self/exe", "/run/devenv/bin/devenv-guest"};

bool is_ourselves(const struct stat& candidate) {
  for (const char* const path : kOurselves) {
    struct stat self = {};
    if (stat(path, &self) == 0 && self.st_dev == candidate.st_dev &&
        self.st_ino == candidate.st_ino) {
      return true;
    }
  }
  return false;
}

/// A sudo that is not setuid root, or whose file system ignores that, could only fail. This also
/// passes by scripts of that name which call another program, one the user has no right to yet.
bool can_work(const char* path) {
  struct stat status = {};
  struct statvfs file_system = {};
  return stat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == 0 &&
         (status.st_mode & S_ISUID) != 0 && (status.st_mode & S_IXOTH) != 0 &&
         !is_ourselves(status) && statvfs(path, &file_system) == 0 &&
         (file_system.f_flag & ST_NOSUID) == 0;
}

}  // namespace

void become_real_sudo(Arguments arguments) {
  for (const char* const path : kPlaces) {
    if (!can_work(path)) {
      continue;
    }
    const uid_t uid = getuid();
    const gid_t gid = getgid();
    if (setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0) {
      complain("sudo", {"cannot give up the rights of root: ", error_text(errno)});
      _exit(1);
    }
    execve(path, arguments.data(), environ);
    complain("sudo", {"cannot run ", path, ": ", error_text(errno)});
    _exit(1);
  }
}

}  // namespace devenv::guest
