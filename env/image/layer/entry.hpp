// SPDX-License-Identifier: MIT
// One entry of a tar, as plain values.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <string_view>
#include <vector>

namespace devenv::image {

enum class EntryKind { regular, directory, symlink, hard_link, fifo, device, socket };

struct Attribute {
  std::string_view name;
  std::string_view value;
};

/// Texts are the bytes of the archive, of no particular encoding, unchecked.
struct Entry {
  EntryKind kind = EntryKind::regular;
  std::string_view path;
  std::string_view link_target;  ///< of links
  mode_t mode = 0;               ///< permission, set-id and sticky bits only
  std::int64_t uid = 0;
  std::int64_t gid = 0;
  timespec mtime{};
  std::uint64_t size = 0;  ///< of regular files, holes included
  std::vector<Attribute> attributes;
};

/// Whole seconds since 1970; 0 for what is older.
inline std::uint64_t seconds_of(const timespec& time) {
  return static_cast<std::uint64_t>(std::max<std::time_t>(time.tv_sec, 0));
}

}  // namespace devenv::image
