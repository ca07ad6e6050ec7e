// SPDX-License-Identifier: MIT
#include "env/image/layer/writer.hpp"

#include <sys/sysmacros.h>

#include <cstring>
#include <span>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/image/layer/attributes.hpp"
#include "env/image/layer/failure.hpp"
#include "env/image/layer/left_out.hpp"
#include "env/sys/file.hpp"

namespace devenv::image {
namespace {

namespace lean = sys::lean;

constexpr mode_t kSetIds = S_ISUID | S_ISGID;
constexpr mode_t kPermissions = 01777;
/// Files of at least this size go to the disk while the rest is unpacked: everything is synced
/// before the layer is published, and by then most bytes are there. Small files are quicker in one
/// go.
constexpr std::uint64_t kWriteBackBytes = 256U * 1024;
/// ACLs of directories are kept in memory until the end.
constexpr std::uint64_t kMaxAclBytes = 64U * 1024 * 1024;

/// Calls make(fd of the directory); when something is in the way, once more without it.
/// The last errno.
template <typename Make>
Result<int> make_replacing(DirectoryTree& tree, const Place& place, Make make) {
  TRY_ASSIGN(int fd, tree.open(*place.parent));
  int error = make(fd);
  if (error == EEXIST) {
    TRY(tree.clear(*place.parent, place.name));
    TRY_ASSIGN(fd, tree.open(*place.parent));
    error = make(fd);
  }
  return error;
}

uid_t uid_of(const Entry& entry) {
  return static_cast<uid_t>(entry.uid);
}
gid_t gid_of(const Entry& entry) {
  return static_cast<gid_t>(entry.gid);
}

/// A stretch of zeros that is worth a hole: no tar of another tool, nor our own, tells of holes.
bool is_hole(std::span<const char> bytes) {
  constexpr std::size_t kWorthwhile = 32U * 1024;
  return bytes.size() >= kWorthwhile && bytes.front() == '\0' &&
         std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

}  // namespace

bool Writer::is_ours(const Entry& entry) const {
  return uid_of(entry) == ids_.uid && gid_of(entry) == ids_.gid;
}

Result<void> Writer::write_file(const Place& place, const Entry& entry, TarReader& contents) {
  sys::UniqueFd fd;
  TRY_ASSIGN(const int created, make_replacing(tree_, place, [&](int directory) {
               auto made =
                   lean::create_file(directory, place.name.c_str(), entry.mode & kPermissions);
               if (!made) {
                 return made.error();
               }
               fd = std::move(*made);
               return 0;
             }));
  if (created != 0) {
    return write_failure(created, "cannot make a file");
  }
  TRY(write_contents(fd.get(), entry, contents));
  if (!is_ours(entry)) {
    const int error = lean::set_owner(fd.get(), uid_of(entry), gid_of(entry));
    if (error != 0) {
      return owner_failure(error, uid_of(entry), gid_of(entry));
    }
  }
  // Writing and chown clear these bits, so they come after both.
  if ((entry.mode & kSetIds) != 0) {
    if (const int error = lean::set_mode(fd.get(), entry.mode); error != 0) {
      return write_failure(error, "cannot set the mode");
    }
  }
  TRY(set_attributes(fd.get(), entry));
  if (entry.size >= kWriteBackBytes) {
    lean::start_writing_back(fd.get());
  }
  const int error = lean::set_times(fd.get(), entry.mtime);
  return error == 0 ? Result<void>{} : write_failure(error, "cannot set the time");
}

Result<void> Writer::write_contents(int fd, const Entry& entry, TarReader& contents) {
  std::uint64_t end = 0;
  std::uint64_t written = 0;
  while (end < entry.size) {
    TRY_ASSIGN(const auto block, contents.next_block());
    if (!block) {
      break;
    }
    if (block->offset > entry.size || block->bytes.size() > entry.size - block->offset) {
      return fail(ErrorCode::integrity, "malformed tar archive: contents beyond the size");
    }
    if (block->bytes.empty()) {
      continue;
    }
    end = block->offset + block->bytes.size();
    if (is_hole(block->bytes)) {
      continue;
    }
    if (const int error = lean::write_at(fd, block->bytes, block->offset); error != 0) {
      return write_failure(error, "cannot write");
    }
    written = end;
  }
  if (written < entry.size) {  // ends with a hole
    if (const int error = lean::set_size(fd, entry.size); error != 0) {
      return write_failure(error, "cannot set the size");
    }
  }
  return {};
}

Result<void> Writer::set_attributes(int fd, const Entry& entry) {
  if (entry.attributes.empty()) {
    return {};
  }
  const Attribute* capability = nullptr;
  for (const Attribute& attribute : entry.attributes) {
    if (!keeps_attribute(attribute.name, entry.kind)) {
      continue;
    }
    if (attribute.name == kCapabilityAttribute) {
      capability = &attribute;  // last: other changes of the file take it away
    } else {
      TRY(set_attribute(fd, attribute));
    }
  }
  return capability == nullptr ? Result<void>{} : set_attribute(fd, *capability);
}

Result<void> Writer::set_attribute(int fd, const Attribute& attribute) {
  const std::string name(attribute.name);
  const int error = lean::set_xattr(fd, name.c_str(), attribute.value);
  if (error == EOPNOTSUPP) {
    ++attributes_;  // the file system has none of this kind; the file is useful without
    return {};
  }
  if (error == EINVAL || error == ERANGE || error == E2BIG) {
    return fail(ErrorCode::integrity,
                format("attribute {} has an invalid value", text::sanitize(name)));
  }
  return error == 0 ? Result<void>{}
                    : write_failure(error, format("cannot set attribute {}", text::sanitize(name)));
}

Result<void> Writer::write_directory(const Place& place, const Entry& entry) {
  TRY_ASSIGN(Directory* const directory, tree_.make(*place.parent, place.name));
  return set_directory(*directory, entry);
}

Result<void> Writer::write_root(const Entry& entry) {
  return set_directory(tree_.root(), entry);
}

Result<void> Writer::set_directory(Directory& directory, const Entry& entry) {
  directory.has_entry = true;
  directory.metadata = {
      .uid = uid_of(entry), .gid = gid_of(entry), .mode = entry.mode, .mtime = entry.mtime};
  for (const Attribute& attribute : entry.attributes) {
    if (!keeps_attribute(attribute.name, EntryKind::directory)) {
      continue;
    }
    if (attribute.name != kAccessAclAttribute && attribute.name != kDefaultAclAttribute) {
      TRY_ASSIGN(const int fd, tree_.open(directory));
      TRY(set_attribute(fd, attribute));
      continue;
    }
    acl_bytes_ += attribute.value.size();
    if (acl_bytes_ > kMaxAclBytes) {
      return fail(ErrorCode::integrity,
                  format("more than {} bytes of directory ACLs", kMaxAclBytes));
    }
    if (!directory.metadata.acls) {
      directory.metadata.acls = std::make_unique<DirectoryMetadata::Acls>();
    }
    directory.metadata.acls->emplace_back(attribute.name, attribute.value);
  }
  return {};
}

Result<void> Writer::write_symlink(const Place& place, const Entry& entry) {
  const std::string target(entry.link_target);
  TRY_ASSIGN(const int created, make_replacing(tree_, place, [&](int directory) {
               return lean::make_symlink(target.c_str(), directory, place.name.c_str());
             }));
  if (created != 0) {
    // ENOENT: the empty target.
    return created == ENOENT ? fail(ErrorCode::integrity, "a symbolic link without a target")
                             : write_failure(created, "cannot make a symbolic link");
  }
  return set_metadata_at(place, entry);
}

Result<void> Writer::write_fifo(const Place& place, const Entry& entry) {
  TRY_ASSIGN(const int created, make_replacing(tree_, place, [&](int directory) {
               return lean::make_node(directory, place.name.c_str(),
                                      S_IFIFO | (entry.mode & kPermissions), 0);
             }));
  if (created != 0) {
    return write_failure(created, "cannot make a FIFO");
  }
  return set_metadata_at(place, entry);
}

/// For what cannot or must not be opened.
Result<void> Writer::set_metadata_at(const Place& place, const Entry& entry) {
  TRY_ASSIGN(const int fd, tree_.open(*place.parent));
  if (!is_ours(entry)) {
    const int error = lean::set_owner(fd, place.name.c_str(), uid_of(entry), gid_of(entry));
    if (error != 0) {
      return owner_failure(error, uid_of(entry), gid_of(entry));
    }
  }
  const int error = lean::set_times(fd, place.name.c_str(), entry.mtime);
  return error == 0 ? Result<void>{} : write_failure(error, "cannot set the time");
}

Result<void> Writer::write_whiteout(const Place& place) {
  Directory& parent = *place.parent;
  if (DirectoryTree::is_below_opaque(parent)) {
    return {};  // nothing shows through anyway
  }
  if (Directory* const child = parent.children.find(place.name)) {
    // A whiteout is about the layers below only: this layer's directory stays, alone.
    child->hides_below = true;
    return tree_.make_opaque(*child);
  }
  TRY_ASSIGN(const int fd, tree_.open(parent));
  const int error = lean::make_node(fd, place.name.c_str(), S_IFCHR, ::makedev(0, 0));
  if (error == EEXIST) {
    return {};  // this layer's file hides the one below as well
  }
  if (error != 0) {
    return write_failure(error, "cannot make a whiteout");
  }
  parent.has_whiteouts = true;
  return {};
}

Result<Writer::LinkOutcome> Writer::write_hard_link(const Place& place, const Place& target) {
  if (place.parent == target.parent && place.name == target.name) {
    return fail(ErrorCode::integrity, "a hard link to itself");
  }
  if (target.parent->children.find(target.name) != nullptr) {
    return fail(ErrorCode::integrity, "a hard link to a directory");
  }
  TRY_ASSIGN(int from, tree_.open(*target.parent));
  if (target.parent->has_whiteouts) {
    // A link to a whiteout would hide a file instead of showing one.
    TRY_ASSIGN(const auto info, sys::stat_at(from, target.name));
    if (info && S_ISCHR(info->st_mode)) {
      return LinkOutcome::no_target;
    }
  }
  const auto link = [&](int directory) {
    return lean::make_hard_link(from, target.name.c_str(), directory, place.name.c_str());
  };
  TRY_ASSIGN(int to, tree_.open(*place.parent));
  int error = link(to);
  if (error == EEXIST) {
    for (const Directory* at = target.parent; at != nullptr; at = at->parent) {
      if (at->parent == place.parent && at->name == place.name) {
        return fail(ErrorCode::integrity, "a hard link in place of its target's directory");
      }
    }
    TRY(tree_.clear(*place.parent, place.name));
    TRY_ASSIGN(from, tree_.open(*target.parent));
    TRY_ASSIGN(to, tree_.open(*place.parent));
    error = link(to);
  }
  if (error == ENOENT) {
    return LinkOutcome::no_target;
  }
  return error == 0 ? Result<LinkOutcome>{LinkOutcome::linked}
                    : write_failure(error, "cannot make a hard link");
}

std::vector<std::string> Writer::warnings() const {
  std::vector<std::string> lines;
  add_left_out(devices_, "device node", lines);
  add_left_out(sockets_, "socket", lines);
  add_left_out(attributes_, "extended attribute", lines);
  return lines;
}

}  // namespace devenv::image
