// SPDX-License-Identifier: MIT
// Makes the files of a layer, with as few system calls as each kind allows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "env/image/layer/directory_tree.hpp"
#include "env/image/layer/entry.hpp"
#include "env/image/layer/reader.hpp"

namespace devenv::image {

/// Where an entry goes: `name` in a directory of the tree.
struct Place {
  Directory* parent = nullptr;
  std::string name;
};

/// Something else at the same place is replaced, never written to. The umask must be 0.
class Writer {
 public:
  explicit Writer(DirectoryTree& tree) : tree_(tree), ids_(sys::lean::creating_ids()) {}

  /// Also reads the contents. Errors: integrity when they do not fit the size.
  Result<void> write_file(const Place& place, const Entry& entry, TarReader& contents);
  Result<void> write_directory(const Place& place, const Entry& entry);
  Result<void> write_root(const Entry& entry);
  Result<void> write_symlink(const Place& place, const Entry& entry);
  Result<void> write_fifo(const Place& place, const Entry& entry);
  Result<void> write_whiteout(const Place& place);

  enum class LinkOutcome { linked, no_target };
  /// Errors: integrity when the target is a directory, or `place` itself.
  Result<LinkOutcome> write_hard_link(const Place& place, const Place& target);

  void leave_out(EntryKind kind) { ++(kind == EntryKind::socket ? sockets_ : devices_); }
  /// What was left out, counted by kind.
  std::vector<std::string> warnings() const;

 private:
  Result<void> write_contents(int fd, const Entry& entry, TarReader& contents);
  Result<void> set_metadata_at(const Place& place, const Entry& entry);
  Result<void> set_attributes(int fd, const Entry& entry);
  Result<void> set_attribute(int fd, const Attribute& attribute);
  Result<void> set_directory(Directory& directory, const Entry& entry);
  bool is_ours(const Entry& entry) const;

  DirectoryTree& tree_;
  sys::lean::FileIds ids_;
  std::uint64_t devices_ = 0;
  std::uint64_t sockets_ = 0;
  std::uint64_t attributes_ = 0;
  std::uint64_t acl_bytes_ = 0;
};

}  // namespace devenv::image
