// SPDX-License-Identifier: MIT
// Lean calls for loops over very many files, where a Result per call would be felt: they take C
// strings, allocate nothing, and give an errno. Names are relative to an open directory and the
// last component is never followed when it is a symbolic link.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "env/base/result.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::sys::lean {

/// 0: done; else the errno.
using Errno = int;

/// openat(2), O_WRONLY|O_CREAT|O_EXCL.
tl::expected<UniqueFd, Errno> create_file(int directory, const char* name, mode_t mode);
/// openat(2), O_RDONLY|O_DIRECTORY.
tl::expected<UniqueFd, Errno> open_directory(int directory, const char* name);

Errno make_directory(int directory, const char* name, mode_t mode);
/// mknodat(2). `mode` has the type.
Errno make_node(int directory, const char* name, mode_t mode, dev_t device);
Errno make_symlink(const char* target, int directory, const char* name);
/// linkat(2): a link to a link is a link.
Errno make_hard_link(int from_directory, const char* from, int to_directory, const char* to);
/// unlinkat(2) of anything but a directory.
Errno remove_file(int directory, const char* name);

/// pwrite(2) until everything is written.
Errno write_at(int fd, std::span<const char> bytes, std::uint64_t offset);
Errno set_size(int fd, std::uint64_t size);
Errno set_mode(int fd, mode_t mode);
Errno set_owner(int fd, uid_t uid, gid_t gid);
/// Access and modification time.
Errno set_times(int fd, const timespec& time);
/// Lets the disk begin to write what is in the cache of the file (sync_file_range(2)). Promises
/// nothing; a later syncfs has less to wait for.
void start_writing_back(int fd);
Errno set_owner(int directory, const char* name, uid_t uid, gid_t gid);
Errno set_times(int directory, const char* name, const timespec& time);

Errno set_xattr(int fd, const char* name, std::string_view value);
/// Whether an open file has the attribute.
bool has_xattr(int fd, const char* name);
/// No error when there is no such attribute or the file system has none.
Errno remove_xattr(int fd, const char* name);

/// openat(2), O_RDONLY, not waiting for the other end of a FIFO that took the name of a file.
tl::expected<UniqueFd, Errno> open_to_read(int directory, const char* name);
/// fstatat(2).
Errno look_at(int directory, const char* name, struct stat& info);
/// fstat(2).
Errno look_at(int fd, struct stat& info);

struct ListedName {
  std::string name;
  mode_t kind = 0;  ///< S_IFDIR and so on; 0 where the file system does not tell when listing
};
/// What is in an open directory, sorted by bytes. Only names are kept: some have millions.
Result<std::vector<ListedName>> list_names(int directory);

/// The names of an open file's attributes, sorted; none where the file system has none.
Result<std::vector<std::string>> xattr_names(int fd);
/// The value of an attribute that is there.
Result<std::string> xattr_value(int fd, const char* name);

/// Whether what has this owner may be of somebody whom the user namespace of this process has no
/// number for: the kernel shows all of them as one (/proc/sys/kernel/overflowuid), which is usually
/// the number of `nobody`, too.
bool is_overflow_id(uid_t uid, gid_t gid);
/// Whether root of the namespace has power over a file, as it has over all that belong to ids of
/// the map. True, too, for what everybody may write to: there it cannot be told.
bool is_within_map(int directory, const char* name);

/// The names of the character devices in an open directory: whiteouts, in a layer.
Result<std::vector<std::string>> character_devices(int directory);

/// The ids that files made by this process get.
struct FileIds {
  uid_t uid = 0;
  gid_t gid = 0;
};
FileIds creating_ids();

/// Sets the umask and puts the old one back. The umask belongs to the whole process.
class UmaskScope {
 public:
  explicit UmaskScope(mode_t mask) : old_(::umask(mask)) {}
  ~UmaskScope() { ::umask(old_); }
  UmaskScope(const UmaskScope&) = delete;
  UmaskScope& operator=(const UmaskScope&) = delete;

 private:
  mode_t old_;
};

}  // namespace devenv::sys::lean
