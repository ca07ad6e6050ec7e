// SPDX-License-Identifier: MIT
#include "env/sys/tree.hpp"

#include <dirent.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <deque>
#include <memory>

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::sys {
namespace {

constexpr int kMaxLinks = 40;  // as the kernel: path_resolution(7)

/// -1 with errno, as the system call.
int raw_openat2(int root, const std::string& path, int flags, mode_t mode) {
  struct open_how how {};
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
  how.mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? mode : 0;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  // The path is relative to the root either way; "" is not accepted, "." is the root.
  const char* relative = path.c_str() + std::min(path.find_first_not_of('/'), path.size());
  long fd = -1;
  do {
    fd = ::syscall(SYS_openat2, root, *relative == '\0' ? "." : relative, &how, sizeof how);
    // EAGAIN: something was renamed while ".." was resolved (openat2(2), ERRORS).
  } while (fd == -1 && (errno == EINTR || errno == EAGAIN));
  return static_cast<int>(fd);
}

Result<std::string> read_link_at(int directory, const std::string& name) {
  std::array<char, PATH_MAX> target{};
  const ssize_t length = ::readlinkat(directory, name.c_str(), target.data(), target.size());
  if (length == -1) {
    return fail_errno(errno, format("cannot read link '{}'", name));
  }
  return std::string(target.data(), static_cast<std::size_t>(length));
}

/// The fallback for kernels and filters without openat2: keeps the chain of open directories, so
/// ".." never leaves the root.
Result<UniqueFd> walk_in_root(int root, const std::string& path, int flags, mode_t mode) {
  std::deque<std::string> left;
  for (const std::string_view part : text::split(path, '/')) {
    left.emplace_back(part);
  }
  std::vector<UniqueFd> chain;
  int links = 0;
  const auto here = [&] { return chain.empty() ? root : chain.back().get(); };
  while (!left.empty()) {
    const std::string name = std::move(left.front());
    left.pop_front();
    if (name.empty() || name == ".") {
      continue;
    }
    if (name == "..") {
      if (!chain.empty()) {
        chain.pop_back();
      }
      continue;
    }
    bool last = true;
    for (const std::string& rest : left) {
      last = last && (rest.empty() || rest == ".");
    }
    TRY_ASSIGN(const auto info, stat_at(here(), name));
    const bool follow = info && S_ISLNK(info->st_mode) && !(last && (flags & O_NOFOLLOW) != 0);
    if (follow) {
      if (++links > kMaxLinks) {
        return fail_errno(ELOOP, format("cannot open '{}'", path));
      }
      TRY_ASSIGN(const std::string target, read_link_at(here(), name));
      if (target.starts_with('/')) {
        chain.clear();
      }
      const auto parts = text::split(target, '/');
      left.insert(left.begin(), parts.begin(), parts.end());
      continue;
    }
    if (last) {
      return open_at(here(), name, flags | O_NOFOLLOW, mode);
    }
    TRY_ASSIGN(UniqueFd next, open_at(here(), name, O_PATH | O_DIRECTORY | O_NOFOLLOW));
    chain.push_back(std::move(next));
  }
  return open_at(here(), ".", flags & ~(O_CREAT | O_EXCL), 0);
}

}  // namespace

Result<UniqueFd> open_in_root(int root, const std::string& path, int flags, mode_t mode) {
  const int fd = raw_openat2(root, path, flags, mode);
  if (fd != -1) {
    return UniqueFd(fd);
  }
  // ENOSYS: before 5.6; EPERM: seccomp filters of older container managers.
  if (errno == ENOSYS || errno == EPERM) {
    return walk_in_root(root, path, flags, mode);
  }
  return fail_errno(errno, format("cannot open '{}'", path));
}

Result<ParentInRoot> open_parent_in_root(int root, const std::string& path) {
  std::string trimmed = path;
  while (trimmed.ends_with('/')) {
    trimmed.pop_back();
  }
  const std::size_t slash = trimmed.find_last_of('/');
  std::string name = slash == std::string::npos ? trimmed : trimmed.substr(slash + 1);
  if (name.empty() || name == "." || name == "..") {
    return fail(ErrorCode::usage, format("'{}' does not name a file", path));
  }
  const std::string parent = slash == std::string::npos ? "/" : trimmed.substr(0, slash);
  TRY_ASSIGN(UniqueFd directory, open_in_root(root, parent, O_PATH | O_DIRECTORY));
  return ParentInRoot{std::move(directory), std::move(name)};
}

Result<UniqueFd> make_directories_in_root(int root, const std::string& path, mode_t mode) {
  std::string so_far;
  for (const std::string_view part : text::split(path, '/')) {
    if (part.empty() || part == ".") {
      continue;
    }
    so_far += '/';
    so_far += part;
    if (auto there = open_in_root(root, so_far, O_PATH | O_DIRECTORY);
        there || there.error().sys_errno() != ENOENT) {
      TRY_CONTEXT(there, format("cannot make directory '{}'", path));
      continue;
    }
    TRY_ASSIGN(const ParentInRoot parent, open_parent_in_root(root, so_far));
    if (::mkdirat(parent.directory.get(), parent.name.c_str(), mode) == -1 && errno != EEXIST) {
      return fail_errno(errno, format("cannot make directory '{}'", so_far));
    }
  }
  return open_in_root(root, so_far, O_PATH | O_DIRECTORY);
}

Result<std::optional<std::string>> read_file_in_root(int root,
                                                     const std::string& path,
                                                     std::size_t limit) {
  auto fd = open_in_root(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!fd) {
    if (fd.error().sys_errno() == ENOENT || fd.error().sys_errno() == ENOTDIR) {
      return std::nullopt;
    }
    return fail(fd.error());
  }
  TRY_ASSIGN(const struct stat info, stat_fd(fd->get()));
  if (!S_ISREG(info.st_mode)) {
    return fail(ErrorCode::integrity, format("'{}' is not a regular file", path));
  }
  TRY_ASSIGN_CONTEXT(std::string contents, read_all(fd->get(), limit),
                     format("cannot read '{}'", path));
  return std::optional<std::string>(std::move(contents));
}

Result<void> write_file_in_root(int root,
                                const std::string& path,
                                std::string_view contents,
                                mode_t mode) {
  TRY_ASSIGN(const ParentInRoot parent, open_parent_in_root(root, path));
  const int directory = parent.directory.get();
  const std::string temporary = "." + parent.name + ".devenv-tmp";
  TRY_ASSIGN(const auto old, stat_at(directory, parent.name));
  const bool keep = old && S_ISREG(old->st_mode);
  (void)::unlinkat(directory, temporary.c_str(), 0);
  const auto write = [&]() -> Result<void> {
    TRY_ASSIGN(const UniqueFd fd,
               open_at(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    TRY(write_all(fd.get(), contents));
    if (keep && ::fchown(fd.get(), old->st_uid, old->st_gid) == -1) {
      return fail_errno(errno, "cannot keep the owner");
    }
    if (::fchmod(fd.get(), keep ? old->st_mode & 07777U : mode) == -1) {
      return fail_errno(errno, "cannot set the mode");
    }
    if (::renameat(directory, temporary.c_str(), directory, parent.name.c_str()) == -1) {
      return fail_errno(errno, "cannot rename");
    }
    return {};
  };
  if (auto written = write(); !written) {
    (void)::unlinkat(directory, temporary.c_str(), 0);
    return fail(written.error().context(format("cannot write '{}' of the environment", path)));
  }
  return {};
}

Result<void> make_symlink_in_root(int root, const std::string& path, const std::string& target) {
  TRY_ASSIGN(const ParentInRoot parent, open_parent_in_root(root, path));
  const int directory = parent.directory.get();
  TRY_ASSIGN(const auto old, stat_at(directory, parent.name));
  if (old && S_ISLNK(old->st_mode)) {
    TRY_ASSIGN(const std::string current, read_link_at(directory, parent.name));
    if (current == target) {
      return {};
    }
  }
  if (old && S_ISDIR(old->st_mode)) {
    return fail(ErrorCode::conflict,
                format("cannot make link '{}' of the environment: a directory is there", path));
  }
  if (old && ::unlinkat(directory, parent.name.c_str(), 0) == -1) {
    return fail_errno(errno, format("cannot replace '{}' of the environment", path));
  }
  if (::symlinkat(target.c_str(), directory, parent.name.c_str()) == -1) {
    return fail_errno(errno, format("cannot make link '{}' of the environment", path));
  }
  return {};
}

namespace {

/// Empties the open directory. Recursion is bounded by the path length that unpacking accepts.
Result<void> remove_contents(UniqueFd directory, dev_t device) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(directory.get()), &::closedir);
  if (stream == nullptr) {
    return fail_errno(errno, "cannot list a directory");
  }
  (void)directory.release();  // closedir closes it
  const int fd = ::dirfd(stream.get());
  while (const struct dirent* entry = ::readdir(stream.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") {
      continue;
    }
    if (::unlinkat(fd, name.c_str(), 0) == 0) {
      continue;
    }
    if (errno != EISDIR && errno != EPERM) {
      return fail_errno(errno, format("cannot remove '{}'", name));
    }
    TRY_ASSIGN(const auto info, stat_at(fd, name));
    if (!info || !S_ISDIR(info->st_mode)) {
      return fail_errno(EPERM, format("cannot remove '{}'", name));
    }
    if (info->st_dev != device) {
      return fail(ErrorCode::conflict,
                  format("cannot remove '{}': something is mounted there", name));
    }
    auto child = open_at(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!child && child.error().sys_errno() == EACCES) {
      // A directory of ours without permissions (overlayfs makes work/work with mode 000).
      if (::fchmodat(fd, name.c_str(), 0700, 0) == 0) {
        child = open_at(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      }
    }
    TRY_ASSIGN(UniqueFd open_child, std::move(child));
    TRY(remove_contents(std::move(open_child), device));
    if (::unlinkat(fd, name.c_str(), AT_REMOVEDIR) == -1) {
      if (errno == EACCES && ::fchmod(fd, 0700) == 0 &&
          ::unlinkat(fd, name.c_str(), AT_REMOVEDIR) == 0) {
        continue;
      }
      return fail_errno(errno, format("cannot remove directory '{}'", name));
    }
  }
  return {};
}

}  // namespace

Result<void> remove_tree(int directory, const std::string& name) {
  TRY_ASSIGN(const auto info, stat_at(directory, name));
  if (!info) {
    return {};
  }
  if (!S_ISDIR(info->st_mode)) {
    if (::unlinkat(directory, name.c_str(), 0) == -1) {
      return fail_errno(errno, format("cannot remove '{}'", name));
    }
    return {};
  }
  auto opened = open_at(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!opened && opened.error().sys_errno() == EACCES &&
      ::fchmodat(directory, name.c_str(), 0700, 0) == 0) {
    opened = open_at(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  }
  TRY_ASSIGN(UniqueFd open_directory, std::move(opened));
  TRY_CONTEXT(remove_contents(std::move(open_directory), info->st_dev),
              format("cannot remove '{}'", name));
  if (::unlinkat(directory, name.c_str(), AT_REMOVEDIR) == -1) {
    return fail_errno(errno, format("cannot remove directory '{}'", name));
  }
  return {};
}

Result<void> remove_tree(const std::string& path) {
  return remove_tree(AT_FDCWD, path);
}

}  // namespace devenv::sys
