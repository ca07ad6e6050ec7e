// SPDX-License-Identifier: MIT
// rm -rf for trees that others filled: any depth, any modes, no way out.
#include <dirent.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sys/mounts.hpp"
#include "env/sys/tree.hpp"

namespace devenv::sys {
namespace {

/// Each level keeps a descriptor open; what is deeper is moved up and emptied there.
constexpr int kMaxDepth = 64;
/// Names taken from a directory at a time: some have millions.
constexpr std::size_t kBatch = 4096;

struct Removal {
  int top = -1;  ///< the directory that is emptied
  unsigned moved = 0;
};

bool on_same_mount(int first, int second) {
  struct stat one {};
  struct stat other {};
  return ::fstat(first, &one) == 0 && ::fstat(second, &other) == 0 && one.st_dev == other.st_dev &&
         mount_id(first) == mount_id(second);
}

/// -1 with errno; EXDEV when something is mounted on `name`.
int open_without_crossing(int directory, const std::string& name) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  struct open_how how {};
  how.flags = kFlags;
  how.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS;
  int fd = static_cast<int>(::syscall(SYS_openat2, directory, name.c_str(), &how, sizeof how));
  if (fd != -1 || (errno != ENOSYS && errno != EPERM)) {
    return fd;
  }
  fd = ::openat(directory, name.c_str(), kFlags);  // before Linux 5.6
  if (fd == -1 || on_same_mount(directory, fd)) {
    return fd;
  }
  ::close(fd);
  errno = EXDEV;
  return -1;
}

/// Opens a directory that is to be emptied, and makes it one that can be: overlayfs leaves
/// work/work with mode 000, and package caches of some languages are read-only.
Result<UniqueFd> open_to_empty(int directory, const std::string& name) {
  int fd = open_without_crossing(directory, name);
  if (fd == -1 && errno == EACCES &&
      ::fchmodat(directory, name.c_str(), 0700, AT_SYMLINK_NOFOLLOW) == 0) {
    fd = open_without_crossing(directory, name);
  }
  if (fd == -1 && errno == EXDEV) {
    return fail(ErrorCode::conflict,
                format("cannot remove '{}': something is mounted there", text::sanitize(name)));
  }
  if (fd == -1) {
    return fail_errno(errno, format("cannot open directory '{}'", text::sanitize(name)));
  }
  UniqueFd opened(fd);
  TRY_ASSIGN(const struct stat info, stat_fd(fd));
  if ((info.st_mode & 0700U) != 0700U) {
    (void)::fchmod(fd, 0700);  // the removal says so if it was needed and did not work
  }
  return opened;
}

Result<std::vector<std::string>> some_names(int directory) {
  TRY_ASSIGN(UniqueFd copy, open_at(directory, ".", O_RDONLY | O_DIRECTORY));
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(copy.get()), &::closedir);
  if (stream == nullptr) {
    return fail_errno(errno, "cannot list a directory");
  }
  (void)copy.release();  // closedir closes it
  std::vector<std::string> names;
  errno = 0;
  while (const struct dirent* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") {
      names.emplace_back(name);
    }
    if (names.size() == kBatch) {
      return names;
    }
  }
  if (errno != 0) {
    return fail_errno(errno, "cannot list a directory");
  }
  return names;
}

/// Moves a directory to the top under a new name.
bool move_up(int directory, const std::string& name, Removal& removal) {
  constexpr unsigned kMaxNames = 1000;  // left by removals that were interrupted
  for (unsigned i = 0; i < kMaxNames; ++i) {
    const std::string target = format(".devenv-removed-{}", removal.moved++);
    if (::renameat(directory, name.c_str(), removal.top, target.c_str()) == 0) {
      return true;
    }
    if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR) {
      return false;
    }
  }
  return false;
}

Result<void> empty(int directory, int depth, Removal& removal);

Result<void> remove_entry(int directory, const std::string& name, int depth, Removal& removal) {
  if (::unlinkat(directory, name.c_str(), 0) == 0 || errno == ENOENT) {
    return {};
  }
  const int problem = errno;
  // Linux says EISDIR, POSIX EPERM.
  TRY_ASSIGN(const auto info, stat_at(directory, name));
  if ((problem != EISDIR && problem != EPERM) || !info || !S_ISDIR(info->st_mode)) {
    return fail_errno(problem, format("cannot remove '{}'", text::sanitize(name)));
  }
  TRY_ASSIGN(const UniqueFd child, open_to_empty(directory, name));
  if (depth >= kMaxDepth && move_up(directory, name, removal)) {
    return {};
  }
  TRY(empty(child.get(), depth + 1, removal));
  if (::unlinkat(directory, name.c_str(), AT_REMOVEDIR) == -1 && errno != ENOENT) {
    return fail_errno(errno, format("cannot remove directory '{}'", text::sanitize(name)));
  }
  return {};
}

/// Until nothing is left: names can be missed while others are removed, and move_up adds some.
Result<void> empty(int directory, int depth, Removal& removal) {
  while (true) {
    TRY_ASSIGN(const std::vector<std::string> names, some_names(directory));
    if (names.empty()) {
      return {};
    }
    for (const std::string& name : names) {
      TRY(remove_entry(directory, name, depth, removal));
    }
  }
}

}  // namespace

Result<void> remove_tree(int directory, const std::string& name) {
  std::string last = name;
  while (last.size() > 1 && last.ends_with('/')) {
    last.pop_back();
  }
  UniqueFd parent;
  if (const std::size_t slash = last.rfind('/'); slash != std::string::npos) {
    auto opened =
        open_at(directory, slash == 0 ? "/" : last.substr(0, slash), O_PATH | O_DIRECTORY);
    if (!opened && opened.error().sys_errno() == ENOENT) {
      return {};
    }
    TRY_ASSIGN(parent, std::move(opened));
    directory = parent.get();
    last = last.substr(slash + 1);
  }
  if (last.empty() || last == "." || last == "..") {
    return fail(ErrorCode::usage, format("cannot remove '{}'", text::sanitize(name)));
  }
  TRY_ASSIGN(const auto info, stat_at(directory, last));
  if (!info) {
    return {};
  }
  const std::string what = format("cannot remove '{}'", text::sanitize(name));
  if (!S_ISDIR(info->st_mode)) {
    return ::unlinkat(directory, last.c_str(), 0) == 0 || errno == ENOENT ? Result<void>()
                                                                          : fail_errno(errno, what);
  }
  TRY_ASSIGN_CONTEXT(const UniqueFd top, open_to_empty(directory, last), what);
  Removal removal{.top = top.get()};
  TRY_CONTEXT(empty(top.get(), 0, removal), what);
  if (::unlinkat(directory, last.c_str(), AT_REMOVEDIR) == -1 && errno != ENOENT) {
    return fail_errno(errno, what);
  }
  return {};
}

Result<void> remove_tree(const std::string& path) {
  return remove_tree(AT_FDCWD, path);
}

}  // namespace devenv::sys
