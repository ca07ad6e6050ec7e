// SPDX-License-Identifier: MIT
// Making room for the image's own sudo: whoever installs it wants its sudoers file to count.
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/guest/memory.hpp"
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
bool is_setuid_root(const char* path, const struct stat& status) {
  struct statvfs file_system = {};
  return S_ISREG(status.st_mode) && status.st_uid == 0 && (status.st_mode & S_ISUID) != 0 &&
         (status.st_mode & S_IXOTH) != 0 && !is_ourselves(status) &&
         statvfs(path, &file_system) == 0 && (file_system.f_flag & ST_NOSUID) == 0;
}

/// Never to come back: afterwards this process can only be what the user may be.
bool give_up_root() {
  const uid_t uid = getuid();
  const gid_t gid = getgid();
  return setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0;
}

/// What the dynamic loaders of glibc and musl end with when a library is missing, as shells do when
/// there is no program.
constexpr int kCannotStart = 127;

/// Runs `PATH -V`, which asks for no password and writes nothing: an image that was stripped may
/// lack a library its sudo needs.
bool can_start(const char* path) {
  const pid_t child = fork();
  if (child == 0) {
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    char* arguments[] = {concatenate({"sudo"}), concatenate({"-V"}), nullptr};
    char* environment[] = {nullptr};
    if (give_up_root() && dup2(null, 0) != -1 && dup2(null, 1) != -1 && dup2(null, 2) != -1) {
      execve(path, arguments, environment);
    }
    _exit(kCannotStart);
  }
  int status = 0;
  if (child == -1 || waitpid(child, &status, 0) != child) {
    return true;  // found out nothing
  }
  return WIFEXITED(status) && WEXITSTATUS(status) != kCannotStart;
}

/// Where the outcome is kept, for this start of the environment and this very file; only root
/// writes here. Trying takes longer than all the rest of this program.
constexpr const char* kTriedFile = "/run/devenv/sudo-tried";

const char* describe(const char* path, const struct stat& status) {
  return concatenate({path, " ", Digits(static_cast<std::uint32_t>(status.st_ino)).text(), " ",
                      Digits(static_cast<std::uint32_t>(status.st_ctim.tv_sec)).text(), " ",
                      Digits(static_cast<std::uint32_t>(status.st_ctim.tv_nsec)).text(), " "});
}

bool works(const char* path, const struct stat& status) {
  const std::string_view file = describe(path, status);
  std::string_view tried = read_file(kTriedFile, Trust::root_only).value_or("");
  if (tried.starts_with(file)) {
    tried.remove_prefix(file.size());
    return tried.starts_with("works");
  }
  const bool outcome = can_start(path);
  const int fd = open(kTriedFile, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (fd != -1) {
    print(fd, {file, outcome ? "works\n" : "cannot start\n"});
    close(fd);
  }
  return outcome;
}

}  // namespace

void become_real_sudo(Arguments arguments) {
  for (const char* const path : kPlaces) {
    struct stat status = {};
    if (stat(path, &status) != 0 || !is_setuid_root(path, status) || !works(path, status)) {
      continue;
    }
    if (!give_up_root()) {
      complain("sudo", {"cannot give up the rights of root: ", error_text(errno)});
      _exit(1);
    }
    execve(path, arguments.data(), environ);
    complain("sudo", {"cannot run ", path, ": ", error_text(errno)});
    _exit(1);
  }
}

}  // namespace devenv::guest
