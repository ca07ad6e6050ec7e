// SPDX-License-Identifier: MIT
#include "env/image/layer/normalize.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/image/layer/attributes.hpp"
#include "env/image/layer/failure.hpp"
#include "env/image/layer/left_out.hpp"
#include "env/image/layer/merged_view.hpp"
#include "env/image/layer/pack.hpp"
#include "env/image/layer/whiteout.hpp"
#include "env/sys/lean.hpp"

namespace devenv::image {
namespace {

namespace lean = sys::lean;
using lean::ListedName;

/// How fuse-overlayfs says "opaque", beside the file; which one depends on what it may set.
constexpr const char* kFuseOpaqueAttribute = "user.fuseoverlayfs.opaque";

class Normalizer {
 public:
  Result<std::vector<std::string>> run(int root);

 private:
  Result<void> visit_directory(int fd, bool below_opaque);
  Result<void> visit(int directory, const ListedName& listed, bool hidden);
  Result<void> visit_below(int directory, const std::string& name, bool below_opaque);
  Result<void> turn_whiteout(int directory, const std::string& mark);
  Result<bool> find_opaque(int fd, const std::vector<ListedName>& names);
  Result<void> clean_attributes(int fd, EntryKind kind, bool opaque);
  Result<void> remove(int directory, const std::string& name);

  std::string path_;      ///< of the current entry; where an error is, too
  bool touched_ = false;  ///< the current directory has another time now
  std::uint64_t sockets_ = 0;
  std::uint64_t devices_ = 0;
};

Result<void> checked(int error, const char* what) {
  return error == 0 ? Result<void>{} : write_failure(error, what);
}

bool is_empty_file(int directory, const std::string& name) {
  struct stat info {};
  return lean::look_at(directory, name.c_str(), info) == 0 && S_ISREG(info.st_mode) &&
         info.st_size == 0;
}

Result<std::vector<std::string>> Normalizer::run(int root) {
  TRY_CONTEXT(visit_directory(root, false),
              format("cannot prepare '{}'", path_.empty() ? "/" : text::sanitize(path_)));
  std::vector<std::string> warnings;
  add_left_out(devices_, "device node", warnings);
  add_left_out(sockets_, "socket", warnings);
  return warnings;
}

Result<void> Normalizer::visit_directory(int fd, bool below_opaque) {
  struct stat before {};
  TRY(checked(lean::look_at(fd, before), "cannot look at it"));
  const bool touched_above = std::exchange(touched_, false);
  TRY_ASSIGN(const auto names, lean::list_names(fd));
  TRY_ASSIGN(const bool opaque, find_opaque(fd, names));
  const std::size_t length = path_.size();
  path_ += length == 0 ? "" : "/";
  const std::size_t prefix = path_.size();
  // Marks first: they say of the others what is hidden by them.
  for (const bool marks : {true, false}) {
    for (const ListedName& listed : names) {
      if (is_reserved_name(listed.name) == marks) {
        path_ += listed.name;
        TRY(visit(fd, listed, opaque || below_opaque));
        path_.resize(prefix);
      }
    }
  }
  path_.resize(length);
  // What says "opaque" is there before something else that says it goes, should we be killed.
  if (opaque && !is_opaque(fd)) {
    TRY(checked(lean::set_xattr(fd, kOpaqueAttribute, "y"), "cannot mark it as opaque"));
  }
  TRY(clean_attributes(fd, EntryKind::directory, opaque));
  if (std::exchange(touched_, touched_above)) {
    return checked(lean::set_times(fd, before.st_mtim), "cannot set the time");
  }
  return {};
}

/// Whether what the layers below have in this directory is hidden. Says so of no root: overlays
/// merge the roots of all layers.
Result<bool> Normalizer::find_opaque(int fd, const std::vector<ListedName>& names) {
  bool opaque = is_opaque(fd) || (lean::has_xattr(fd, kFuseOpaqueAttribute) &&
                                  lean::xattr_value(fd, kFuseOpaqueAttribute).value_or("") == "y");
  for (const ListedName& listed : names) {
    if (listed.name == kOpaqueMark && is_empty_file(fd, listed.name)) {
      opaque = true;
      // First the attribute: an interrupted run must not lose what the file says.
      TRY(checked(lean::set_xattr(fd, kOpaqueAttribute, "y"), "cannot mark it as opaque"));
      TRY(remove(fd, listed.name));
    }
  }
  return opaque && !path_.empty();
}

Result<void> Normalizer::visit(int directory, const ListedName& listed, bool hidden) {
  const std::string& name = listed.name;
  struct stat info {};
  mode_t kind = listed.kind;
  if (kind != S_IFREG && kind != S_IFDIR && kind != S_IFLNK) {
    const int error = lean::look_at(directory, name.c_str(), info);
    if (error == ENOENT) {
      return {};  // an opaque mark, or a mark that has been turned
    }
    TRY(checked(error, "cannot look at it"));
    kind = info.st_mode & S_IFMT;
  }
  if (kind == S_IFREG && is_reserved_name(name)) {
    if (name.size() == kWhiteoutPrefix.size() || name.starts_with(".wh..wh.") ||
        !is_empty_file(directory, name)) {
      return {};  // pack_layer says what is wrong with it
    }
    TRY(hidden ? Result<void>{} : turn_whiteout(directory, name.substr(kWhiteoutPrefix.size())));
    return remove(directory, name);
  }
  switch (kind) {
    case S_IFDIR:
      return visit_below(directory, name, hidden);
    case S_IFREG: {
      auto opened = lean::open_to_read(directory, name.c_str());
      if (!opened) {
        return write_failure(opened.error(), "cannot open it");
      }
      return clean_attributes(opened->get(), EntryKind::regular, false);
    }
    case S_IFLNK:
    case S_IFIFO:
      return {};  // these have no attributes of users
    case S_IFCHR:
      if (is_whiteout(info)) {
        return hidden ? remove(directory, name) : Result<void>{};
      }
      break;
    default:
      break;
  }
  ++(kind == S_IFSOCK ? sockets_ : devices_);
  return remove(directory, name);
}

Result<void> Normalizer::visit_below(int directory, const std::string& name, bool below_opaque) {
  auto opened = lean::open_directory(directory, name.c_str());
  if (!opened) {
    return write_failure(opened.error(), "cannot open it");
  }
  return visit_directory(opened->get(), below_opaque);
}

/// Something of the same name in this layer hides what is below as well; a directory has to say so.
Result<void> Normalizer::turn_whiteout(int directory, const std::string& name) {
  touched_ = true;
  const int error = lean::make_node(directory, name.c_str(), S_IFCHR, ::makedev(0, 0));
  if (error != EEXIST) {
    return checked(error, "cannot make a whiteout");
  }
  auto below = lean::open_directory(directory, name.c_str());
  return below ? checked(lean::set_xattr(below->get(), kOpaqueAttribute, "y"),
                         "cannot mark a directory as opaque")
               : Result<void>{};
}

Result<void> Normalizer::clean_attributes(int fd, EntryKind kind, bool opaque) {
  TRY_ASSIGN(const auto names, lean::xattr_names(fd));
  for (const std::string& name : names) {
    const bool kept = packs_attribute(name, kind) || (opaque && name == kOpaqueAttribute);
    if (name.starts_with("user.") && !kept) {
      TRY(checked(lean::remove_xattr(fd, name.c_str()), "cannot remove an attribute"));
    }
  }
  return {};
}

Result<void> Normalizer::remove(int directory, const std::string& name) {
  touched_ = true;
  return checked(lean::remove_file(directory, name.c_str()), "cannot remove it");
}

}  // namespace

Result<std::vector<std::string>> normalize_tree(int root) {
  const lean::UmaskScope umask(0);
  return Normalizer().run(root);
}

}  // namespace devenv::image
