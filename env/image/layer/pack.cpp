// SPDX-License-Identifier: MIT
#include "env/image/layer/pack.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <map>
#include <utility>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/image/layer/attributes.hpp"
#include "env/image/layer/left_out.hpp"
#include "env/image/layer/merged_view.hpp"
#include "env/image/layer/tar_stream.hpp"
#include "env/image/layer/unpack.hpp"
#include "env/image/layer/whiteout.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/lean.hpp"

namespace devenv::image {
namespace {

namespace lean = sys::lean;
using lean::ListedName;

constexpr mode_t kFilePermissions = 07777;
/// What a FIFO or a link can be given when it is made.
constexpr mode_t kNodePermissions = 01777;

tl::unexpected<Error> changed() {
  return fail(ErrorCode::conflict, "it changed while it was read");
}

tl::unexpected<Error> outside_of_map() {
  return fail(Error(ErrorCode::integrity, "its owner is outside of the id map")
                  .with_hint("give it to a user that the environment knows"));
}

/// Only what belongs to ids of the map can be opened, whatever its mode.
tl::unexpected<Error> open_failure(int directory, const char* name, int error) {
  if (error == ENOENT || error == ENOTDIR || error == ELOOP) {
    return changed();
  }
  struct stat info {};
  if (error == EACCES && lean::look_at(directory, name, info) == 0 &&
      lean::is_overflow_id(info.st_uid, info.st_gid)) {
    return outside_of_map();
  }
  return fail_errno(error, "cannot open it");
}

mode_t mode_of(const struct stat& info) {
  return info.st_mode &
         (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode) ? kFilePermissions : kNodePermissions);
}

bool same_contents(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

class Packer {
 public:
  Packer(ByteSink& tar, const PackProgress& progress) : tar_(tar), progress_(progress) {}

  Result<PackResult> run(int root);

 private:
  /// A directory whose entry is to be written.
  struct Open {
    int fd = -1;
    int parent = -1;   ///< the directory it is in; itself for the root
    const char* name;  ///< in there
    struct stat info {};
    std::size_t depth = 0;
    bool below_opaque = false;
  };
  struct Linked {
    std::string path;  ///< that the contents were packed under
    nlink_t left = 0;  ///< names that have not been seen
  };

  Result<void> pack_directory(const Open& directory);
  Result<void> pack_whiteout(const std::string& name);
  Result<void> pack_child(const Open& parent, const ListedName& listed, bool below_opaque);
  Result<void> pack_below(const Open& parent, const char* name, bool below_opaque);
  Result<void> pack_file(int directory, const char* name);
  Result<void> pack_contents(int fd, const struct stat& info);
  Result<void> pack_other(int directory, const char* name, const struct stat& info);
  Result<bool> pack_as_link(const struct stat& info);
  Result<void> add(const Entry& entry);
  Result<void> add_attributes(int fd, Entry& entry);
  static Result<Entry> entry_of(EntryKind kind,
                                int directory,
                                const char* name,
                                const struct stat& info);
  void leave_out(mode_t mode) { ++(S_ISSOCK(mode) ? sockets_ : devices_); }

  TarStream tar_;
  const PackProgress& progress_;
  PackResult result_;
  std::string path_;  ///< of the current entry; where an error is, too
  std::map<std::pair<dev_t, ino_t>, Linked> linked_;
  std::vector<std::pair<std::string, std::string>> attributes_;  ///< of the current entry
  std::uint64_t sockets_ = 0;
  std::uint64_t devices_ = 0;
};

Result<PackResult> Packer::run(int root) {
  Open directory{.fd = root, .parent = root, .name = "."};
  const auto pack = [&]() -> Result<void> {
    if (const int error = lean::look_at(root, directory.info); error != 0) {
      return fail_errno(error, "cannot look at it");
    }
    return pack_directory(directory);
  };
  TRY_CONTEXT(pack(), format("cannot pack '{}'", path_.empty() ? "/" : text::sanitize(path_)));
  TRY(tar_.finish());
  add_left_out(devices_, "device node", result_.warnings);
  add_left_out(sockets_, "socket", result_.warnings);
  return std::move(result_);
}

Result<Entry> Packer::entry_of(EntryKind kind,
                               int directory,
                               const char* name,
                               const struct stat& info) {
  if (lean::is_overflow_id(info.st_uid, info.st_gid) && !lean::is_within_map(directory, name)) {
    return outside_of_map();
  }
  return Entry{.kind = kind,
               .path = {},
               .link_target = {},
               .mode = mode_of(info),
               .uid = info.st_uid,
               .gid = info.st_gid,
               .mtime = info.st_mtim,
               .size = 0,
               .attributes = {}};
}

Result<void> Packer::add(const Entry& entry) {
  if (entry.path.size() > UnpackLimits{}.max_path_bytes) {
    return fail(ErrorCode::integrity,
                format("its path has more than {} bytes", UnpackLimits{}.max_path_bytes));
  }
  ++result_.entries;
  result_.newest = std::max(result_.newest, seconds_of(entry.mtime));
  return tar_.add_header(entry);
}

/// The values stay in attributes_ until the next call.
Result<void> Packer::add_attributes(int fd, Entry& entry) {
  TRY_ASSIGN(const auto names, lean::xattr_names(fd));
  attributes_.clear();
  for (const std::string& name : names) {
    if (packs_attribute(name, entry.kind)) {
      TRY_ASSIGN(std::string value, lean::xattr_value(fd, name.c_str()));
      attributes_.emplace_back(name, std::move(value));
    }
  }
  for (const auto& [name, value] : attributes_) {
    entry.attributes.push_back({.name = name, .value = value});
  }
  return {};
}

Result<void> Packer::pack_directory(const Open& directory) {
  TRY_ASSIGN(Entry entry,
             entry_of(EntryKind::directory, directory.parent, directory.name, directory.info));
  TRY(add_attributes(directory.fd, entry));
  const std::string path = path_.empty() ? "./" : path_ + "/";
  entry.path = path;
  TRY(add(entry));
  // overlayfs merges the roots of all layers, whatever they say.
  const bool opaque = !path_.empty() && is_opaque(directory.fd);
  const std::size_t length = path_.size();
  if (length > 0) {
    path_ += '/';
  }
  const std::size_t prefix = path_.size();
  if (opaque) {
    const std::string mark = path_ + std::string(kOpaqueMark);
    TRY(add(Entry{.kind = EntryKind::regular, .path = mark}));
  }
  TRY_ASSIGN(const auto names, lean::list_names(directory.fd));
  const bool hidden = opaque || directory.below_opaque;
  std::vector<const ListedName*> others;
  for (const ListedName& listed : names) {
    struct stat info {};
    const bool maybe_mark = listed.kind == S_IFCHR || listed.kind == 0;
    if (maybe_mark && lean::look_at(directory.fd, listed.name.c_str(), info) == 0 &&
        is_whiteout(info)) {
      TRY(hidden ? Result<void>{} : pack_whiteout(listed.name));
    } else {
      others.push_back(&listed);
    }
  }
  for (const ListedName* listed : others) {
    path_ += listed->name;
    TRY(pack_child(directory, *listed, hidden));
    path_.resize(prefix);
  }
  path_.resize(length);
  return {};
}

Result<void> Packer::pack_whiteout(const std::string& name) {
  const std::string path = path_ + std::string(kWhiteoutPrefix) + name;
  return add(Entry{.kind = EntryKind::regular, .path = path});
}

Result<void> Packer::pack_child(const Open& parent, const ListedName& listed, bool below_opaque) {
  const char* name = listed.name.c_str();
  if (is_reserved_name(listed.name)) {
    return fail(Error(ErrorCode::integrity, "the name is reserved for whiteouts (.wh.)")
                    .with_hint("rename it: no image can hold a file of that name"));
  }
  struct stat info {};
  mode_t kind = listed.kind;
  if (kind != S_IFREG && kind != S_IFDIR) {
    if (const int error = lean::look_at(parent.fd, name, info); error != 0) {
      return error == ENOENT ? changed() : fail_errno(error, "cannot look at it");
    }
    kind = info.st_mode & S_IFMT;
  }
  switch (kind) {
    case S_IFREG:
      return pack_file(parent.fd, name);
    case S_IFDIR:
      return pack_below(parent, name, below_opaque);
    case S_IFLNK:
    case S_IFIFO:
      return pack_other(parent.fd, name, info);
    default:
      leave_out(info.st_mode);
      return {};
  }
}

Result<void> Packer::pack_below(const Open& parent, const char* name, bool below_opaque) {
  if (parent.depth + 1 > UnpackLimits{}.max_depth) {
    return fail(ErrorCode::integrity,
                format("more than {} directories deep", UnpackLimits{}.max_depth));
  }
  Open child{.fd = -1,
             .parent = parent.fd,
             .name = name,
             .depth = parent.depth + 1,
             .below_opaque = below_opaque};
  auto opened = lean::open_directory(parent.fd, name);
  if (!opened) {
    return open_failure(parent.fd, name, opened.error());
  }
  child.fd = opened->get();
  if (const int error = lean::look_at(child.fd, child.info); error != 0) {
    return fail_errno(error, "cannot look at it");
  }
  return pack_directory(child);
}

Result<void> Packer::pack_file(int directory, const char* name) {
  auto opened = lean::open_to_read(directory, name);
  if (!opened) {
    return open_failure(directory, name, opened.error());
  }
  struct stat info {};
  if (const int error = lean::look_at(opened->get(), info); error != 0) {
    return fail_errno(error, "cannot look at it");
  }
  if (!S_ISREG(info.st_mode)) {
    return changed();
  }
  TRY_ASSIGN(const bool linked, pack_as_link(info));
  if (linked) {
    return {};
  }
  TRY_ASSIGN(Entry entry, entry_of(EntryKind::regular, directory, name, info));
  entry.path = path_;
  entry.size = static_cast<std::uint64_t>(info.st_size);
  TRY(add_attributes(opened->get(), entry));
  TRY(add(entry));
  return pack_contents(opened->get(), info);
}

Result<void> Packer::pack_contents(int fd, const struct stat& info) {
  const auto size = static_cast<std::uint64_t>(info.st_size);
  const auto read = [fd](std::span<char> room) { return sys::read_some(fd, room); };
  for (std::uint64_t done = 0; done < size;) {
    TRY_ASSIGN(const std::size_t count, tar_.add_bytes(size - done, read));
    if (count == 0) {
      return changed();
    }
    done += count;
    result_.bytes += count;
    if (progress_) {
      progress_(result_.bytes);
    }
  }
  struct stat after {};
  if (lean::look_at(fd, after) != 0 || !same_contents(info, after)) {
    return changed();
  }
  return tar_.add_zeros(tar_padding(size));
}

/// Links and FIFOs, which are not opened.
Result<void> Packer::pack_other(int directory, const char* name, const struct stat& info) {
  TRY_ASSIGN(const bool linked, pack_as_link(info));
  if (linked) {
    return {};
  }
  const bool is_link = S_ISLNK(info.st_mode);
  TRY_ASSIGN(Entry entry,
             entry_of(is_link ? EntryKind::symlink : EntryKind::fifo, directory, name, info));
  entry.path = path_;
  std::string target;
  if (is_link) {
    TRY_ASSIGN(target, sys::read_link_at(directory, name));
    entry.link_target = target;
  }
  return add(entry);
}

/// Whether the file has been packed under another name.
Result<bool> Packer::pack_as_link(const struct stat& info) {
  if (info.st_nlink <= 1) {
    return false;
  }
  const std::pair key(info.st_dev, info.st_ino);
  const auto found = linked_.find(key);
  if (found == linked_.end()) {
    linked_.emplace(key, Linked{path_, info.st_nlink - 1});
    return false;
  }
  TRY(add(Entry{.kind = EntryKind::hard_link,
                .path = path_,
                .link_target = found->second.path,
                .mode = mode_of(info),
                .uid = info.st_uid,
                .gid = info.st_gid,
                .mtime = info.st_mtim}));
  if (--found->second.left == 0) {
    linked_.erase(found);
  }
  return true;
}

}  // namespace

bool packs_attribute(std::string_view name, EntryKind kind) {
  return keeps_attribute(name, kind) && name.find('=') == std::string_view::npos;
}

Result<PackResult> pack_layer(int root, ByteSink& tar, const PackProgress& progress) {
  return Packer(tar, progress).run(root);
}

}  // namespace devenv::image
