// SPDX-License-Identifier: MIT
// Files and directories: close-on-exec always, EINTR retried, errno kept in the Error.
// The flag constants are those of <fcntl.h>; callers may include that header.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::sys {

/// open(2). `mode` is subject to the umask.
Result<UniqueFd> open_file(const std::string& path, int flags, mode_t mode = 0644);
/// openat(2).
Result<UniqueFd> open_at(int directory, const std::string& path, int flags, mode_t mode = 0644);
Result<UniqueFd> duplicate(int fd);

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};
Result<Pipe> make_pipe();

/// fstatat(2) with AT_SYMLINK_NOFOLLOW; nullopt when there is no such file.
Result<std::optional<struct stat>> stat_at(int directory, const std::string& path);
/// Following symbolic links; nullopt when there is no such file.
Result<std::optional<struct stat>> stat_path(const std::string& path);
Result<struct stat> stat_fd(int fd);
/// Whether something exists at `path` (following links); false also when it cannot be looked at.
bool exists(const std::string& path);
bool is_directory(const std::string& path);
/// access(2) with X_OK on a regular file.
bool is_executable(const std::string& path);
/// access(2) with W_OK: also false on a read-only file system.
bool is_writable(const std::string& path);

/// Reads until the end. Errors: integrity when there are more than `limit` bytes.
Result<std::string> read_all(int fd, std::size_t limit = 64U * 1024 * 1024);
Result<std::string> read_file(const std::string& path, std::size_t limit = 64U * 1024 * 1024);
/// For files of our own: never waits for what somebody else put there. Errors: integrity when it is
/// no regular file.
Result<std::string> read_regular_file(const std::string& path,
                                      std::size_t limit = 64U * 1024 * 1024);
/// nullopt when the file does not exist.
Result<std::optional<std::string>> read_file_if_exists(const std::string& path,
                                                       std::size_t limit = 64U * 1024 * 1024);
/// One read(2): 0 bytes at the end of the file.
Result<std::size_t> read_some(int fd, std::span<char> buffer);
Result<void> write_all(int fd, std::string_view bytes);
/// One pread(2): 0 bytes at the end of the file.
Result<std::size_t> read_at(int fd, std::span<char> buffer, std::uint64_t offset);
/// Where the next read or write takes place (lseek(2)).
Result<void> seek_to(int fd, std::uint64_t offset);
/// ftruncate(2).
Result<void> truncate_file(int fd, std::uint64_t size);

/// Replaces `path` as a whole: temporary name beside it, fsync, rename, fsync of the directory. A
/// crash leaves the old or the new contents.
Result<void> write_file_atomic(const std::string& path,
                               std::string_view contents,
                               mode_t mode = 0644);
/// The same without waiting for the disk: readers see the old or the new contents, but a power
/// failure may leave anything until sync_file_system() has run.
Result<void> replace_file(const std::string& path, std::string_view contents, mode_t mode = 0644);
/// "a.txt" for "a.txt.tmp.0123456789abcdef", the temporary name of these two, which stays when they
/// are killed; "" for any other name.
std::string_view without_temporary_suffix(std::string_view name);

/// mkdir -p; directories that are made get `mode`.
Result<void> make_directories(const std::string& path, mode_t mode = 0755);
Result<void> rename_path(const std::string& from, const std::string& to);
/// Gives an open file without a name (O_TMPFILE) one. Source: open(2), linkat(2).
Result<void> name_file(int fd, const std::string& path);
/// renameat2(RENAME_NOREPLACE). Errors: conflict when `to` exists.
Result<void> rename_no_replace(const std::string& from, const std::string& to);
/// renameat2(RENAME_EXCHANGE): each gets the other's name at once.
Result<void> exchange_paths(const std::string& one, const std::string& other);
/// No error when the file does not exist.
Result<void> remove_file(const std::string& path);
/// rmdir(2); no error when it is not there. Errors: failed (errno ENOTEMPTY) when something is in
/// it.
Result<void> remove_empty_directory(const std::string& path);
/// The names in a directory, sorted, without "." and "..".
Result<std::vector<std::string>> list_directory(const std::string& path);
/// The same of an open directory (not O_PATH), which is read to its end.
Result<std::vector<std::string>> list_directory(UniqueFd directory);
Result<std::string> read_link(const std::string& path);
/// The directory that a path is in, without looking: "a" for "a/b/", "/" for "/a", "." for "a".
std::string parent_of(std::string path);
/// realpath(3). Errors: not_found.
Result<std::string> canonical_path(const std::string& path);
Result<std::string> current_directory();
/// chdir(2).
Result<void> change_directory(const std::string& path);
/// Everything written below the file system of `fd` reaches the disk (syncfs(2)).
Result<void> sync_file_system(int fd);

struct FileSystemInfo {
  std::uint64_t available_bytes = 0;
  std::int64_t type = 0;  ///< f_type of statfs(2)
  bool nosuid = false;
  bool noexec = false;
  bool read_only = false;
};
/// statvfs(3) and statfs(2) of the file system that holds `path`.
Result<FileSystemInfo> file_system_info(const std::string& path);

/// A directory 0700 under `parent` that is removed with everything in it (as this user: files that
/// belong to other ids of an id map need remove_tree inside the user namespace).
class TemporaryDirectory {
 public:
  static Result<TemporaryDirectory> create(const std::string& parent, std::string_view prefix);
  TemporaryDirectory(TemporaryDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryDirectory& operator=(TemporaryDirectory&& other) noexcept;
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory();

  const std::string& path() const { return path_; }
  /// The directory stays.
  std::string release() { return std::exchange(path_, {}); }

 private:
  explicit TemporaryDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace devenv::sys
