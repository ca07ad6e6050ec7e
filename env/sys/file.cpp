// SPDX-License-Identifier: MIT
#include "env/sys/file.hpp"

#include <dirent.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "env/base/format.hpp"
#include "env/sys/process.hpp"
#include "env/sys/tree.hpp"

namespace devenv::sys {
namespace {

/// Repeats a call that returns -1 with EINTR.
template <typename Call>
auto retry(Call call) {
  auto value = call();
  while (value == -1 && errno == EINTR) {
    value = call();
  }
  return value;
}

}  // namespace

std::string parent_of(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) {
    path.pop_back();
  }
  const std::size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

void UniqueFd::reset(int fd) {
  if (fd_ >= 0) {
    const int saved_errno = errno;
    // Linux frees the descriptor even when close is interrupted: never retried.
    ::close(fd_);
    errno = saved_errno;
  }
  fd_ = fd;
}

Result<UniqueFd> open_at(int directory, const std::string& path, int flags, mode_t mode) {
  const int fd = retry([&] { return ::openat(directory, path.c_str(), flags | O_CLOEXEC, mode); });
  if (fd == -1) {
    return fail_errno(errno, format("cannot open '{}'", path));
  }
  return UniqueFd(fd);
}

Result<UniqueFd> open_file(const std::string& path, int flags, mode_t mode) {
  return open_at(AT_FDCWD, path, flags, mode);
}

Result<UniqueFd> duplicate(int fd) {
  const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (copy == -1) {
    return fail_errno(errno, "cannot duplicate a file descriptor");
  }
  return UniqueFd(copy);
}

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) == -1) {
    return fail_errno(errno, "cannot make a pipe");
  }
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Result<std::optional<struct stat>> stat_at(int directory, const std::string& path) {
  struct stat info {};
  if (::fstatat(directory, path.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
    return info;
  }
  if (errno == ENOENT || errno == ENOTDIR) {
    return std::nullopt;
  }
  return fail_errno(errno, format("cannot look at '{}'", path));
}

Result<std::optional<struct stat>> stat_path(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) {
    return info;
  }
  if (errno == ENOENT || errno == ENOTDIR) {
    return std::nullopt;
  }
  return fail_errno(errno, format("cannot look at '{}'", path));
}

Result<struct stat> stat_fd(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) == -1) {
    return fail_errno(errno, "cannot look at an open file");
  }
  return info;
}

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

bool is_directory(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

bool is_writable(const std::string& path) {
  return ::access(path.c_str(), W_OK) == 0;
}

bool is_executable(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

Result<std::size_t> read_some(int fd, std::span<char> buffer) {
  const ssize_t count = retry([&] { return ::read(fd, buffer.data(), buffer.size()); });
  if (count == -1) {
    return fail_errno(errno, "cannot read");
  }
  return static_cast<std::size_t>(count);
}

Result<std::string> read_all(int fd, std::size_t limit) {
  // Most files are small, and an entry reads several: memory that is touched costs more than a
  // read.
  constexpr std::size_t kFirstBlock = 4U * 1024;
  std::string contents(kFirstBlock, '\0');
  std::size_t used = 0;
  while (true) {
    if (used == contents.size()) {
      contents.resize(2 * used);
    }
    TRY_ASSIGN(const std::size_t count,
               read_some(fd, {contents.data() + used, contents.size() - used}));
    used += count;
    if (used > limit) {
      return fail(ErrorCode::integrity, format("more than the limit of {} bytes", limit));
    }
    if (count == 0) {
      contents.resize(used);
      return contents;
    }
  }
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  TRY_ASSIGN(const UniqueFd fd, open_file(path, O_RDONLY));
  TRY_ASSIGN_CONTEXT(std::string contents, read_all(fd.get(), limit),
                     format("cannot read '{}'", path));
  return contents;
}

Result<std::string> read_regular_file(const std::string& path, std::size_t limit) {
  TRY_ASSIGN(const UniqueFd fd, open_file(path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  TRY_ASSIGN(const struct stat info, stat_fd(fd.get()));
  if (!S_ISREG(info.st_mode)) {
    return fail(ErrorCode::integrity, format("'{}' is not a regular file", path));
  }
  TRY_ASSIGN_CONTEXT(std::string contents, read_all(fd.get(), limit),
                     format("cannot read '{}'", path));
  return contents;
}

Result<std::optional<std::string>> read_file_if_exists(const std::string& path, std::size_t limit) {
  auto contents = read_file(path, limit);
  if (contents) {
    return std::optional<std::string>(std::move(*contents));
  }
  if (contents.error().sys_errno() == ENOENT || contents.error().sys_errno() == ENOTDIR) {
    return std::nullopt;
  }
  return fail(contents.error());
}

Result<void> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = retry([&] { return ::write(fd, bytes.data(), bytes.size()); });
    if (count == -1) {
      return fail_errno(errno, "cannot write");
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<std::size_t> read_at(int fd, std::span<char> buffer, std::uint64_t offset) {
  const ssize_t count =
      retry([&] { return ::pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(offset)); });
  if (count == -1) {
    return fail_errno(errno, "cannot read");
  }
  return static_cast<std::size_t>(count);
}

Result<void> seek_to(int fd, std::uint64_t offset) {
  if (::lseek(fd, static_cast<off_t>(offset), SEEK_SET) == -1) {
    return fail_errno(errno, "cannot seek");
  }
  return {};
}

Result<void> truncate_file(int fd, std::uint64_t size) {
  if (retry([&] { return ::ftruncate(fd, static_cast<off_t>(size)); }) == -1) {
    return fail_errno(errno, "cannot truncate");
  }
  return {};
}

Result<void> make_directories(const std::string& path, mode_t mode) {
  const auto make = [&] { return ::mkdir(path.c_str(), mode) == 0 ? 0 : errno; };
  int problem = make();
  if (problem == ENOENT && path.find_first_not_of('/') != std::string::npos) {
    TRY(make_directories(parent_of(path), mode));
    problem = make();
  }
  if (problem == 0 || is_directory(path)) {
    return {};
  }
  return fail_errno(problem, format("cannot make directory '{}'", path));
}

Result<void> rename_path(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == -1) {
    return fail_errno(errno, format("cannot rename '{}' to '{}'", from, to));
  }
  return {};
}

Result<void> rename_no_replace(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) {
    return {};
  }
  int problem = errno;
  if (problem == EINVAL || problem == ENOSYS) {
    // The file system does not know the flag (NFS, some FUSE). Looking first leaves a gap in which
    // a file could be replaced; directories are safe: rename(2) only replaces an empty one.
    struct stat info {};
    const bool free = ::lstat(to.c_str(), &info) == -1 && errno == ENOENT;
    if (free && ::rename(from.c_str(), to.c_str()) == 0) {
      return {};
    }
    problem = free && errno != ENOTEMPTY ? errno : EEXIST;
  }
  return fail_errno(problem, format("cannot rename '{}' to '{}'", from, to));
}

Result<void> exchange_paths(const std::string& one, const std::string& other) {
  if (::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) == -1) {
    return fail_errno(errno, format("cannot exchange '{}' and '{}'", one, other));
  }
  return {};
}

Result<void> remove_empty_directory(const std::string& path) {
  if (::rmdir(path.c_str()) == -1 && errno != ENOENT) {
    return fail_errno(errno, format("cannot remove '{}'", path));
  }
  return {};
}

Result<void> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) == -1 && errno != ENOENT) {
    return fail_errno(errno, format("cannot remove '{}'", path));
  }
  return {};
}

namespace {

Result<std::vector<std::string>> names_in(DIR* opened, const std::string& what) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opened, &::closedir);
  std::vector<std::string> names;
  errno = 0;
  while (const struct dirent* entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") {
      names.emplace_back(name);
    }
  }
  if (errno != 0) {
    return fail_errno(errno, format("cannot list {}", what));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

Result<std::vector<std::string>> list_directory(const std::string& path) {
  DIR* const directory = ::opendir(path.c_str());
  if (directory == nullptr) {
    return fail_errno(errno, format("cannot list '{}'", path));
  }
  return names_in(directory, format("'{}'", path));
}

Result<std::vector<std::string>> list_directory(UniqueFd directory) {
  DIR* const opened = ::fdopendir(directory.get());
  if (opened == nullptr) {
    return fail_errno(errno, "cannot list a directory");
  }
  (void)directory.release();  // closedir(3) closes it
  return names_in(opened, "a directory");
}

Result<std::string> read_link(const std::string& path) {
  std::array<char, PATH_MAX> target{};
  const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
  if (length == -1) {
    return fail_errno(errno, format("cannot read link '{}'", path));
  }
  return std::string(target.data(), static_cast<std::size_t>(length));
}

Result<std::string> canonical_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&::free)> resolved(::realpath(path.c_str(), nullptr),
                                                          &::free);
  if (resolved == nullptr) {
    return fail_errno(errno, format("cannot resolve '{}'", path));
  }
  return std::string(resolved.get());
}

Result<std::string> current_directory() {
  std::array<char, PATH_MAX> path{};
  if (::getcwd(path.data(), path.size()) == nullptr) {
    return fail_errno(errno, "cannot find the current directory");
  }
  return std::string(path.data());
}

Result<void> change_directory(const std::string& path) {
  if (::chdir(path.c_str()) == -1) {
    return fail_errno(errno, format("cannot go to '{}'", path));
  }
  return {};
}

Result<void> sync_file_system(int fd) {
  if (::syncfs(fd) == -1) {
    return fail_errno(errno, "cannot sync the file system");
  }
  return {};
}

Result<FileSystemInfo> file_system_info(const std::string& path) {
  struct statvfs flags {};
  struct statfs type {};
  if (::statvfs(path.c_str(), &flags) == -1 || ::statfs(path.c_str(), &type) == -1) {
    return fail_errno(errno, format("cannot look at the file system of '{}'", path));
  }
  return FileSystemInfo{.available_bytes = std::uint64_t{flags.f_bavail} * flags.f_frsize,
                        .type = static_cast<std::int64_t>(type.f_type),
                        .nosuid = (flags.f_flag & ST_NOSUID) != 0,
                        .noexec = (flags.f_flag & ST_NOEXEC) != 0,
                        .read_only = (flags.f_flag & ST_RDONLY) != 0};
}

Result<TemporaryDirectory> TemporaryDirectory::create(const std::string& parent,
                                                      std::string_view prefix) {
  std::string path = format("{}/{}XXXXXX", parent, prefix);
  if (::mkdtemp(path.data()) == nullptr) {
    return fail_errno(errno, format("cannot make a temporary directory in '{}'", parent));
  }
  return TemporaryDirectory(std::move(path));
}

TemporaryDirectory& TemporaryDirectory::operator=(TemporaryDirectory&& other) noexcept {
  if (this != &other) {
    TemporaryDirectory old(std::exchange(path_, std::exchange(other.path_, {})));
  }
  return *this;
}

TemporaryDirectory::~TemporaryDirectory() {
  if (!path_.empty()) {
    (void)remove_tree(path_);
  }
}

}  // namespace devenv::sys
