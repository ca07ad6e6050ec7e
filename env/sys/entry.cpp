// SPDX-License-Identifier: MIT
#include "env/sys/entry.hpp"

#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstring>
#include <new>
#include <optional>
#include <span>
#include <vector>

#include "env/base/format.hpp"
#include "env/sys/file.hpp"

namespace devenv::sys {
namespace {

/// Copies the bytes `begin` to `end`, which are data and no hole.
Result<void> copy_range(int from, int to, off_t begin, off_t end) {
  constexpr std::size_t kBlock = 1024U * 1024;
  off_t in = begin;
  off_t out = begin;
  while (in < end) {
    const auto left = static_cast<std::size_t>(end - in);
    const ssize_t count = ::copy_file_range(from, &in, to, &out, left, 0);
    if (count > 0) {
      continue;
    }
    if (count == 0) {
      return {};  // the file became shorter
    }
    if (errno == EINTR) {
      continue;
    }
    if (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP &&
        errno != EPERM) {
      return fail_errno(errno, "cannot copy a file");
    }
    break;  // not between these file systems
  }
  std::vector<char> buffer(in < end ? kBlock : 0);
  while (in < end) {
    const auto wanted = std::min(buffer.size(), static_cast<std::size_t>(end - in));
    const ssize_t count = ::pread(from, buffer.data(), wanted, in);
    if (count == -1 && errno == EINTR) {
      continue;
    }
    if (count == -1) {
      return fail_errno(errno, "cannot read");
    }
    if (count == 0) {
      return {};
    }
    if (::lseek(to, in, SEEK_SET) == -1) {
      return fail_errno(errno, "cannot write");
    }
    TRY(write_all(to, {buffer.data(), static_cast<std::size_t>(count)}));
    in += count;
  }
  return {};
}

struct Extent {
  std::uint64_t offset = 0;  ///< in the file
  std::uint64_t place = 0;   ///< on the disk
  std::uint64_t length = 0;
};

/// Where the contents of a file are; nullopt when the file system does not tell, or not of all.
std::optional<std::vector<Extent>> extents_of(int fd) {
  constexpr std::uint32_t kAtOnce = 128;
  using Map = struct fiemap;
  alignas(Map) std::array<std::byte, sizeof(Map) + kAtOnce * sizeof(struct fiemap_extent)> room{};
  std::vector<Extent> extents;
  std::uint64_t start = 0;
  while (true) {
    auto* const map = new (room.data()) Map;
    std::memset(map, 0, sizeof *map);
    map->fm_start = start;
    map->fm_length = FIEMAP_MAX_OFFSET - start;
    map->fm_flags = FIEMAP_FLAG_SYNC;
    map->fm_extent_count = kAtOnce;
    if (::ioctl(fd, FS_IOC_FIEMAP, map) == -1) {
      return std::nullopt;
    }
    for (std::uint32_t i = 0; i < map->fm_mapped_extents; ++i) {
      const struct fiemap_extent& extent = map->fm_extents[i];
      constexpr std::uint32_t kNowhere =
          FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_DATA_INLINE;
      if ((extent.fe_flags & kNowhere) != 0) {
        return std::nullopt;
      }
      extents.push_back({extent.fe_logical, extent.fe_physical, extent.fe_length});
      start = extent.fe_logical + extent.fe_length;
      if ((extent.fe_flags & FIEMAP_EXTENT_LAST) != 0) {
        return extents;
      }
    }
    if (map->fm_mapped_extents == 0) {
      return extents;
    }
  }
}

std::uint64_t length_of(const std::vector<Extent>& extents) {
  std::uint64_t bytes = 0;
  for (const Extent& extent : extents) {
    bytes += extent.length;
  }
  return bytes;
}

/// How many bytes of two files lie in the same place, however their extents are cut.
std::uint64_t shared_bytes(const std::vector<Extent>& a, const std::vector<Extent>& b) {
  std::uint64_t bytes = 0;
  for (const Extent& one : a) {
    for (const Extent& other : b) {
      const std::uint64_t begin = std::max(one.offset, other.offset);
      const std::uint64_t end = std::min(one.offset + one.length, other.offset + other.length);
      if (begin < end && one.place - one.offset == other.place - other.offset) {
        bytes += end - begin;
      }
    }
  }
  return bytes;
}

Result<bool> have_same_bytes(int a, int b) {
  std::vector<char> of_a(256U * 1024);
  std::vector<char> of_b(of_a.size());
  for (std::uint64_t offset = 0;; offset += of_a.size()) {
    TRY_ASSIGN(const std::size_t count, read_at(a, of_a, offset));
    TRY_ASSIGN(const std::size_t other, read_at(b, of_b, offset));
    if (count != other ||
        !std::ranges::equal(std::span(of_a).first(count), std::span(of_b).first(count))) {
      return false;
    }
    if (count < of_a.size()) {
      return true;
    }
  }
}

}  // namespace

Result<void> make_directory_at(int directory, const std::string& name, mode_t mode) {
  if (::mkdirat(directory, name.c_str(), mode) == -1) {
    return fail_errno(errno, format("cannot make directory '{}'", name));
  }
  return set_mode_at(directory, name, mode);
}

Result<void> make_symlink_at(int directory, const std::string& name, const std::string& target) {
  if (::symlinkat(target.c_str(), directory, name.c_str()) == -1) {
    return fail_errno(errno, format("cannot make link '{}'", name));
  }
  return {};
}

Result<void> make_node_at(int directory, const std::string& name, mode_t mode, dev_t device) {
  if (::mknodat(directory, name.c_str(), mode, device) == -1) {
    return fail_errno(errno, format("cannot make special file '{}'", name));
  }
  return {};
}

Result<void> make_hard_link_at(int from_directory,
                               const std::string& from_name,
                               int directory,
                               const std::string& name) {
  if (::linkat(from_directory, from_name.c_str(), directory, name.c_str(), 0) == -1) {
    return fail_errno(errno, format("cannot link '{}' to '{}'", name, from_name));
  }
  return {};
}

Result<void> rename_at(int directory, const std::string& from, const std::string& to) {
  if (::renameat(directory, from.c_str(), directory, to.c_str()) == -1) {
    return fail_errno(errno, format("cannot rename '{}' to '{}'", from, to));
  }
  return {};
}

Result<void> remove_file_at(int directory, const std::string& name) {
  if (::unlinkat(directory, name.c_str(), 0) == -1) {
    return fail_errno(errno, format("cannot remove '{}'", name));
  }
  return {};
}

Result<void> remove_directory_at(int directory, const std::string& name) {
  if (::unlinkat(directory, name.c_str(), AT_REMOVEDIR) == -1) {
    return fail_errno(errno, format("cannot remove '{}'", name));
  }
  return {};
}

Result<std::string> read_link_at(int directory, const std::string& name) {
  std::array<char, PATH_MAX> target{};
  const ssize_t length = ::readlinkat(directory, name.c_str(), target.data(), target.size());
  if (length == -1) {
    return fail_errno(errno, format("cannot read link '{}'", name));
  }
  return std::string(target.data(), static_cast<std::size_t>(length));
}

Result<void> set_owner_at(int directory,
                          const std::string& name,
                          std::uint32_t uid,
                          std::uint32_t gid) {
  if (::fchownat(directory, name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) == -1) {
    return fail_errno(errno, format("cannot give '{}' to {}:{}", name, uid, gid));
  }
  return {};
}

Result<void> set_mode_at(int directory, const std::string& name, mode_t mode) {
  // glibc opens with O_PATH and goes through /proc where the kernel has no fchmodat2.
  if (::fchmodat(directory, name.c_str(), mode & 07777U, AT_SYMLINK_NOFOLLOW) == -1) {
    return fail_errno(errno, format("cannot set the mode of '{}'", name));
  }
  return {};
}

Result<void> set_modified_at(int directory, const std::string& name, const struct timespec& time) {
  const std::array<struct timespec, 2> times = {time, time};
  if (::utimensat(directory, name.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) == -1) {
    return fail_errno(errno, format("cannot set the time of '{}'", name));
  }
  return {};
}

Result<void> copy_contents(int from, int to) {
  if (::ioctl(to, FICLONE, from) == 0) {
    return {};
  }
  TRY_ASSIGN(const struct stat info, stat_fd(from));
  constexpr off_t kStatBlock = 512;  // stat(2)
  if (info.st_blocks * kStatBlock >= info.st_size) {
    return copy_range(from, to, 0, info.st_size);
  }
  off_t position = 0;
  while (position < info.st_size) {
    off_t data = ::lseek(from, position, SEEK_DATA);
    off_t hole = info.st_size;
    if (data == -1 && errno == ENXIO) {
      break;  // a hole up to the end
    }
    if (data == -1) {
      data = position;  // a file system that does not tell
    } else {
      hole = ::lseek(from, data, SEEK_HOLE);
    }
    hole = hole <= data ? info.st_size : hole;
    TRY(copy_range(from, to, data, hole));
    position = hole;
  }
  if (::ftruncate(to, info.st_size) == -1) {
    return fail_errno(errno, "cannot set the size of a file");
  }
  return {};
}

Result<std::optional<std::uint64_t>> shareable_bytes(int from, int to) {
  const auto extents = extents_of(to);
  const auto others = extents_of(from);
  const std::uint64_t total = extents ? length_of(*extents) : 0;
  const std::uint64_t shared = extents && others ? shared_bytes(*extents, *others) : 0;
  if (extents && others && shared == total && length_of(*others) == total) {
    return std::optional<std::uint64_t>(0);
  }
  TRY_ASSIGN(const bool same, have_same_bytes(from, to));
  if (!same) {
    return std::optional<std::uint64_t>();
  }
  return std::optional(extents && others ? total - shared : 0);
}

Result<void> share_blocks(int from, int to, std::uint64_t size) {
  using Range = struct file_dedupe_range;
  constexpr std::uint64_t kAtOnce = 16U * 1024 * 1024;  // what btrfs takes at once
  alignas(struct file_dedupe_range) std::array<std::byte, sizeof(struct file_dedupe_range) +
                                                              sizeof(struct file_dedupe_range_info)>
      room{};
  std::uint64_t done = 0;
  while (done < size) {
    auto* const range = new (room.data()) Range;
    std::memset(range, 0, sizeof *range);
    range->src_offset = done;
    range->src_length = std::min(size - done, kAtOnce);
    range->dest_count = 1;
    range->info[0] = {};
    range->info[0].dest_fd = to;
    range->info[0].dest_offset = done;
    int error = ::ioctl(from, FIDEDUPERANGE, range) == -1 ? errno : 0;
    if (error == 0 && range->info[0].status < 0) {
      error = -range->info[0].status;
    }
    if (error == EOPNOTSUPP || error == ENOTTY || error == EINVAL || error == EXDEV) {
      return fail(ErrorCode::unsupported, "the file system cannot share blocks between files");
    }
    if (error != 0) {
      return fail_errno(error, "cannot share the blocks of two files");
    }
    if (range->info[0].status == FILE_DEDUPE_RANGE_DIFFERS || range->info[0].bytes_deduped == 0) {
      return {};  // changed meanwhile
    }
    done += range->info[0].bytes_deduped;
  }
  return {};
}

}  // namespace devenv::sys
