// SPDX-License-Identifier: MIT
// What a layer can only be given when those below it are there.
#include <fcntl.h>
#include <sys/sysmacros.h>

#include <map>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/image/layer/attributes.hpp"
#include "env/image/layer/entry_path.hpp"
#include "env/image/layer/failure.hpp"
#include "env/image/layer/merged_view.hpp"
#include "env/image/layer/unpack.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/lean.hpp"
#include "env/sys/xattr.hpp"

namespace devenv::image {
namespace {

namespace lean = sys::lean;
using Links = MergedView::Links;

Result<void> checked(int error, const char* what) {
  return error == 0 ? Result<void>{} : write_failure(error, what);
}

/// Owner, mode, attributes and time, in the order that keeps all of them.
Result<void> copy_metadata(const MergedView::Found& from, int to) {
  const struct stat& info = from.info;
  if (const int error = lean::set_owner(to, info.st_uid, info.st_gid); error != 0) {
    return owner_failure(error, info.st_uid, info.st_gid);
  }
  TRY(checked(lean::set_mode(to, info.st_mode & 07777U), "cannot set the mode"));
  const EntryKind kind = S_ISDIR(info.st_mode) ? EntryKind::directory : EntryKind::regular;
  TRY_ASSIGN(const auto names, sys::list_xattrs_at(from.directory.get(), from.name));
  for (const std::string& name : names) {
    if (!keeps_attribute(name, kind)) {
      continue;
    }
    TRY_ASSIGN(const auto value, sys::get_xattr_at(from.directory.get(), from.name, name));
    if (value) {
      TRY(sys::set_xattr(to, name, *value));
    }
  }
  return checked(lean::set_times(to, info.st_mtim), "cannot set the time");
}

/// Copies a file, link or FIFO; nothing is opened but regular files.
Result<void> copy_file(const MergedView::Found& from, int directory, const std::string& name) {
  const struct stat& info = from.info;
  if (S_ISREG(info.st_mode)) {
    TRY_ASSIGN(const sys::UniqueFd source,
               sys::open_at(from.directory.get(), from.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
    auto made = lean::create_file(directory, name.c_str(), S_IRUSR | S_IWUSR);
    if (!made) {
      return write_failure(made.error(), "cannot make a file");
    }
    TRY(sys::copy_contents(source.get(), made->get()));
    return copy_metadata(from, made->get());
  }
  if (S_ISLNK(info.st_mode)) {
    TRY_ASSIGN(const std::string target, sys::read_link_at(from.directory.get(), from.name));
    TRY(checked(lean::make_symlink(target.c_str(), directory, name.c_str()),
                "cannot make a symbolic link"));
  } else if (S_ISFIFO(info.st_mode)) {
    TRY(checked(lean::make_node(directory, name.c_str(), info.st_mode, 0), "cannot make a FIFO"));
  } else {
    return fail(ErrorCode::integrity, "a hard link to what is no file");
  }
  TRY(checked(lean::set_owner(directory, name.c_str(), info.st_uid, info.st_gid),
              "cannot set the owner"));
  return checked(lean::set_times(directory, name.c_str(), info.st_mtim), "cannot set the time");
}

/// Gives a directory back the time it had before something was made in it.
class TimeKeeper {
 public:
  static Result<TimeKeeper> of(int directory) {
    TRY_ASSIGN(const struct stat info, sys::stat_fd(directory));
    return TimeKeeper(directory, info.st_mtim);
  }
  Result<void> restore() const {
    return checked(lean::set_times(directory_, time_), "cannot set the time");
  }

 private:
  TimeKeeper(int directory, const timespec& time) : directory_(directory), time_(time) {}
  int directory_;
  timespec time_;
};

class Finisher {
 public:
  Finisher(int root, const std::vector<int>& lower) : root_(root), below_(lower) {}

  Result<void> hide_below_root();
  Result<void> copy_link(const LowerHardLink& link);
  Result<void> adopt_attributes(const std::string& path);

 private:
  Result<bool> link_to_copy(const std::string& target, int directory, const std::string& name);

  int root_;
  MergedView below_;
  std::map<std::string, std::string> copies_;  ///< target -> the path of its first copy
};

/// overlayfs merges the roots of all layers whatever their attributes say, so an opaque root
/// becomes a whiteout, or an opaque directory, for each name below.
Result<void> Finisher::hide_below_root() {
  if (!lean::has_xattr(root_, kOpaqueAttribute)) {
    return {};
  }
  TRY_ASSIGN(const TimeKeeper time, TimeKeeper::of(root_));
  TRY_ASSIGN(const auto names, below_.root_names());
  for (const std::string& name : names) {
    TRY_ASSIGN(const auto own, sys::stat_at(root_, name));
    if (!own) {
      TRY(checked(lean::make_node(root_, name.c_str(), S_IFCHR, ::makedev(0, 0)),
                  "cannot make a whiteout"));
    } else if (S_ISDIR(own->st_mode)) {
      TRY(sys::set_xattr_at(root_, name, kOpaqueAttribute, "y"));
    }
  }
  TRY(checked(lean::remove_xattr(root_, kOpaqueAttribute), "cannot remove an attribute"));
  return time.restore();
}

Result<void> Finisher::copy_link(const LowerHardLink& link) {
  const SplitPath split = split_path(link.path);
  TRY_ASSIGN(const auto directory, open_directory_beneath(root_, split.parent));
  if (!directory) {
    return fail(ErrorCode::failed, "the directory is gone");
  }
  const int to = directory->get();
  const std::string name(split.name);
  TRY_ASSIGN(const TimeKeeper time, TimeKeeper::of(to));
  // Another link that waited may have brought the target, or a copy of it, into this layer.
  TRY_ASSIGN(bool done, link_to_copy(link.target, to, name));
  if (const auto copy = copies_.find(link.target); !done && copy != copies_.end()) {
    TRY_ASSIGN(done, link_to_copy(copy->second, to, name));
  }
  if (!done) {
    TRY_ASSIGN(const auto target, below_.find(link.target, Links::follow));
    if (!target) {
      return fail(ErrorCode::integrity,
                  format("no layer has the target '{}'", text::sanitize(link.target)));
    }
    TRY(copy_file(*target, to, name));
    copies_.emplace(link.target, link.path);
  }
  return time.restore();
}

/// Whether `target` is in this layer and could be linked.
Result<bool> Finisher::link_to_copy(const std::string& target,
                                    int directory,
                                    const std::string& name) {
  const SplitPath split = split_path(target);
  TRY_ASSIGN(const auto from, open_directory_beneath(root_, split.parent));
  if (!from) {
    return false;
  }
  const std::string from_name(split.name);
  TRY_ASSIGN(const auto info, sys::stat_at(from->get(), from_name));
  if (!info || is_whiteout(*info)) {
    return false;
  }
  if (S_ISDIR(info->st_mode)) {
    return fail(ErrorCode::integrity, "a hard link to a directory");
  }
  const int error = lean::make_hard_link(from->get(), from_name.c_str(), directory, name.c_str());
  TRY(checked(error, "cannot make a hard link"));
  return true;
}

Result<void> Finisher::adopt_attributes(const std::string& path) {
  const bool is_root = path == ".";
  TRY_ASSIGN(const auto directory, open_directory_beneath(root_, is_root ? "" : path));
  if (!directory) {
    return fail(ErrorCode::failed, "the directory is gone");
  }
  TRY_ASSIGN(const auto below, below_.find(path, Links::refuse));
  return below && S_ISDIR(below->info.st_mode) ? copy_metadata(*below, directory->get())
                                               : Result<void>{};
}

}  // namespace

Result<void> finish_layer(int root, const UnpackResult& unpacked, const std::vector<int>& lower) {
  const lean::UmaskScope umask(0);
  Finisher finisher(root, lower);
  for (const LowerHardLink& link : unpacked.lower_hard_links) {
    TRY_CONTEXT(finisher.copy_link(link), format("cannot unpack '{}'", text::sanitize(link.path)));
  }
  // Not before: a link of the root would find a whiteout in its place.
  TRY_CONTEXT(finisher.hide_below_root(), "cannot hide the layers below");
  // Last: what was made above changed times.
  for (const std::string& path : unpacked.implicit_directories) {
    TRY_CONTEXT(finisher.adopt_attributes(path),
                format("cannot finish directory '{}'", text::sanitize(path)));
  }
  return {};
}

}  // namespace devenv::image
