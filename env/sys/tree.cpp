// SPDX-License-Identifier: MIT
#include "env/sys/tree.hpp"

#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <optional>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sys/entry.hpp"

namespace devenv::sys {
namespace {

constexpr int kMaxLinks = 40;  // as the kernel: path_resolution(7)
constexpr int kMaxTries = 128;

/// -1 with errno, as the system call.
int raw_openat2(int root, const std::string& path, int flags, mode_t mode) {
  struct open_how how {};
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
  // A mode without O_CREAT or O_TMPFILE (which includes O_DIRECTORY) is EINVAL here.
  how.mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? mode : 0;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  // The path is relative to the root either way; "" is not accepted, "." is the root.
  const char* relative = path.c_str() + std::min(path.find_first_not_of('/'), path.size());
  long fd = -1;
  int tries = 0;
  do {
    fd = ::syscall(SYS_openat2, root, *relative == '\0' ? "." : relative, &how, sizeof how);
    // EAGAIN: something was renamed while ".." was resolved (openat2(2), ERRORS). Somebody who
    // renames all the time must not hold us up for good.
  } while (fd == -1 && (errno == EINTR || (errno == EAGAIN && ++tries < kMaxTries)));
  return static_cast<int>(fd);
}

/// What is left of a path to be resolved below the root.
class Walk {
 public:
  explicit Walk(int root, const std::string& path) : root_(root) { push(path); }

  /// The next component that names something, nullopt at the end.
  std::optional<std::string> next() {
    while (!left_.empty()) {
      std::string name = std::move(left_.front());
      left_.pop_front();
      if (!name.empty() && name != ".") {
        return name;
      }
    }
    return std::nullopt;
  }
  bool is_last() const {
    return std::all_of(left_.begin(), left_.end(),
                       [](const std::string& rest) { return rest.empty() || rest == "."; });
  }
  /// "name/" and "name/." mean a directory.
  bool ends_with_slash() const { return !left_.empty(); }

  int here() const { return chain_.empty() ? root_ : chain_.back().get(); }
  void enter(UniqueFd directory) { chain_.push_back(std::move(directory)); }
  /// The root is its own parent.
  void leave() {
    if (!chain_.empty()) {
      chain_.pop_back();
    }
  }
  /// Goes on with the target of a link.
  void follow(const std::string& target) {
    if (target.starts_with('/')) {
      chain_.clear();
    }
    push(target);
  }

 private:
  void push(const std::string& path) {
    const auto parts = text::split(path, '/');
    left_.insert(left_.begin(), parts.begin(), parts.end());
  }

  int root_;
  std::deque<std::string> left_;
  std::vector<UniqueFd> chain_;
};

/// The fallback for kernels and filters without openat2: keeps the chain of open directories, so
/// ".." never leaves the root. A magic link is taken by its text, which is resolved in the root
/// too.
Result<UniqueFd> walk_in_root(int root, const std::string& path, int flags, mode_t mode) {
  constexpr int kNew = O_CREAT | O_EXCL;
  const bool keep_link = (flags & O_NOFOLLOW) != 0 || (flags & kNew) == kNew;
  Walk walk(root, path);
  int links = 0;
  while (const std::optional<std::string> name = walk.next()) {
    if (*name == "..") {
      walk.leave();
      continue;
    }
    const bool last = walk.is_last();
    const bool slash = walk.ends_with_slash();
    TRY_ASSIGN(const auto info, stat_at(walk.here(), *name));
    if (info && S_ISLNK(info->st_mode) && !(last && !slash && keep_link)) {
      if (++links > kMaxLinks) {
        return fail_errno(ELOOP, format("cannot open '{}'", text::sanitize(path)));
      }
      TRY_ASSIGN(const std::string target, read_link_at(walk.here(), *name));
      walk.follow(target);
      continue;
    }
    if (last) {
      return open_at(walk.here(), *name, flags | O_NOFOLLOW | (slash ? O_DIRECTORY : 0), mode);
    }
    TRY_ASSIGN(UniqueFd next, open_at(walk.here(), *name, O_PATH | O_DIRECTORY | O_NOFOLLOW));
    walk.enter(std::move(next));
  }
  return open_at(walk.here(), ".", flags & ~kNew, 0);
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
  return fail_errno(errno, format("cannot open '{}'", text::sanitize(path)));
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
    auto there = open_in_root(root, so_far, O_PATH | O_DIRECTORY);
    if (!there && there.error().sys_errno() == ENOENT) {
      TRY_ASSIGN(const ParentInRoot parent, open_parent_in_root(root, so_far));
      if (auto made = make_directory_at(parent.directory.get(), parent.name, mode);
          !made && made.error().sys_errno() != EEXIST) {
        return fail(made.error());
      }
      // Somebody else may have made it; a link that leads nowhere is still there.
      there = open_in_root(root, so_far, O_PATH | O_DIRECTORY);
    }
    if (!there) {
      const int problem = there.error().sys_errno();
      const bool in_the_way = problem == ENOTDIR || problem == ELOOP || problem == ENOENT;
      const ErrorCode code = in_the_way ? ErrorCode::conflict : there.error().code();
      return fail(there.error()
                      .context(format("cannot make directory '{}'", text::sanitize(path)))
                      .with_code(code));
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
    // A socket cannot even be opened.
    const bool socket = fd.error().sys_errno() == ENXIO;
    return fail(socket ? fd.error().with_code(ErrorCode::integrity) : fd.error());
  }
  TRY_ASSIGN(const struct stat info, stat_fd(fd->get()));
  if (!S_ISREG(info.st_mode)) {
    return fail(ErrorCode::integrity, format("'{}' is not a regular file", text::sanitize(path)));
  }
  TRY_ASSIGN_CONTEXT(std::string contents, read_all(fd->get(), limit),
                     format("cannot read '{}'", path));
  return std::optional<std::string>(std::move(contents));
}

Result<std::vector<std::string>> list_directory_in_root(int root, const std::string& path) {
  TRY_ASSIGN(UniqueFd directory, open_in_root(root, path, O_RDONLY | O_DIRECTORY));
  return list_directory(std::move(directory));
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

}  // namespace devenv::sys
