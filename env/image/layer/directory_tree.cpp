// SPDX-License-Identifier: MIT
#include "env/image/layer/directory_tree.hpp"

#include <algorithm>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/image/layer/attributes.hpp"
#include "env/image/layer/entry_path.hpp"
#include "env/image/layer/failure.hpp"
#include "env/image/layer/whiteout.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/tree.hpp"

namespace devenv::image {
namespace {

namespace lean = sys::lean;

/// Tars are mostly depth first: the current chain and its neighbours. Well below the usual limit of
/// 1024 descriptors.
constexpr std::size_t kMaxOpen = 128;
constexpr int kMaxLinks = 40;  // as the kernel: path_resolution(7)
constexpr mode_t kImplicitMode = 0755;

}  // namespace

std::string_view Children::ByName::name_of(const std::unique_ptr<Directory>& directory) {
  return directory->name;
}

Children::Children() = default;
Children::~Children() = default;

Directory* Children::find(std::string_view name) const {
  if (empty()) {
    return nullptr;
  }
  const auto found = set_->find(name);
  return found == set_->end() ? nullptr : found->get();
}

Directory* Children::add(std::unique_ptr<Directory> directory) {
  if (empty()) {
    set_ = std::make_unique<Set>();
  }
  return set_->insert(std::move(directory)).first->get();
}

void Children::remove(std::string_view name) {
  set_->erase(set_->find(name));
  if (set_->empty()) {
    set_.reset();
  }
}

DirectoryTree::DirectoryTree(int root, std::size_t max_depth, std::uint64_t max_count)
    : root_fd_(root),
      max_depth_(max_depth),
      max_count_(max_count),
      ids_(lean::creating_ids()),
      root_(std::make_unique<Directory>()) {
  root_->metadata.uid = ids_.uid;
  root_->metadata.gid = ids_.gid;
  root_->mode_on_disk = kImplicitMode;
}

Result<DirectoryTree> DirectoryTree::create(int root,
                                            std::size_t max_depth,
                                            std::uint64_t max_count) {
  DirectoryTree tree(root, max_depth, max_count);
  TRY_CONTEXT(tree.prepare_root(), "cannot prepare the layer's root");
  return tree;
}

Result<void> DirectoryTree::prepare_root() {
  for (const char* acl : {kDefaultAclAttribute, kAccessAclAttribute}) {
    if (const int error = lean::remove_xattr(root_fd_, acl); error != 0) {
      return write_failure(error, format("cannot remove attribute {}", acl));
    }
  }
  TRY_ASSIGN(const struct stat info, sys::stat_fd(root_fd_));
  if (info.st_uid != ids_.uid || info.st_gid != ids_.gid) {
    if (const int error = lean::set_owner(root_fd_, ids_.uid, ids_.gid); error != 0) {
      return owner_failure(error, ids_.uid, ids_.gid);
    }
  }
  if (const int error = lean::set_mode(root_fd_, kImplicitMode); error != 0) {
    return write_failure(error, "cannot set the mode");
  }
  return {};
}

Result<int> DirectoryTree::open(Directory& directory) {
  directory.last_use = ++clock_;
  if (&directory == root_.get()) {
    return root_fd_;
  }
  if (directory.fd.valid()) {
    return directory.fd.get();
  }
  std::vector<Directory*> chain;
  Directory* at = &directory;
  while (at != root_.get() && !at->fd.valid()) {
    chain.push_back(at);
    at = at->parent;
  }
  int from = at == root_.get() ? root_fd_ : at->fd.get();
  sys::UniqueFd opened;
  for (auto step = chain.rbegin(); step != chain.rend(); ++step) {
    auto next = lean::open_directory(from, (*step)->name.c_str());
    if (!next) {
      return write_failure(next.error(), "cannot open its directory");
    }
    opened = std::move(*next);
    from = opened.get();
  }
  keep_open(directory, std::move(opened));
  return directory.fd.get();
}

void DirectoryTree::keep_open(Directory& directory, sys::UniqueFd fd) {
  if (open_.size() == kMaxOpen) {
    const auto oldest = std::min_element(
        open_.begin(), open_.end(),
        [](const Directory* a, const Directory* b) { return a->last_use < b->last_use; });
    (*oldest)->fd.reset();
    *oldest = open_.back();
    open_.pop_back();
  }
  directory.fd = std::move(fd);
  open_.push_back(&directory);
}

Result<Directory*> DirectoryTree::resolve(std::string_view path, Missing missing) {
  if (last_directory_ != nullptr && path == last_path_) {
    return last_directory_;
  }
  std::string rest(path);
  Directory* at = root_.get();
  int links = 0;
  while (at != nullptr && !rest.empty()) {
    std::string_view left = rest;
    const std::string name(take_component(left));
    rest.erase(0, rest.size() - left.size());
    if (name.empty() || name == ".") {
      continue;
    }
    if (name == "..") {  // only links have these
      at = at->parent != nullptr ? at->parent : at;
      continue;
    }
    if (Directory* const child = at->children.find(name)) {
      at = child;
      continue;
    }
    const std::size_t before = rest.size();
    TRY_ASSIGN(at, enter(*at, name, missing, rest));
    if (rest.size() != before && ++links > kMaxLinks) {
      return fail(ErrorCode::integrity, "too many links on the way");
    }
  }
  if (at != nullptr) {
    last_path_ = path;
    last_directory_ = at;
  }
  return at;
}

Directory* DirectoryTree::find(std::string_view path) {
  Directory* at = root_.get();
  while (at != nullptr && !path.empty()) {
    at = at->children.find(take_component(path));
  }
  return at;
}

/// `name` in `at` is none of our directories. A link's target is put in front of `rest`.
Result<Directory*> DirectoryTree::enter(Directory& at,
                                        const std::string& name,
                                        Missing missing,
                                        std::string& rest) {
  TRY_ASSIGN(const int fd, open(at));
  TRY_ASSIGN(const auto info, sys::stat_at(fd, name));
  if (info && S_ISLNK(info->st_mode)) {
    TRY_ASSIGN(const std::string target, sys::read_link_at(fd, name));
    rest = target + "/" + rest;
    return target.starts_with('/') ? root_.get() : &at;
  }
  if (missing == Missing::report) {
    return nullptr;
  }
  return make(at, name);
}

Result<Directory*> DirectoryTree::make(Directory& parent, const std::string& name) {
  if (Directory* const child = parent.children.find(name)) {
    return child;
  }
  if (is_reserved_name(name)) {
    return fail(ErrorCode::integrity,
                "a directory has a name that is reserved for whiteouts (.wh.)");
  }
  if (parent.depth + 1 > max_depth_) {
    return fail(ErrorCode::integrity, format("more than {} directories deep", max_depth_));
  }
  if (++count_ > max_count_) {
    return fail(ErrorCode::integrity, format("more than {} directories", max_count_));
  }
  return make_new(parent, name);
}

Result<Directory*> DirectoryTree::make_new(Directory& parent, const std::string& name) {
  TRY_ASSIGN(int fd, open(parent));
  int error = lean::make_directory(fd, name.c_str(), kImplicitMode);
  bool was_whiteout = false;
  if (error == EEXIST) {
    TRY_ASSIGN(const auto info, sys::stat_at(fd, name));
    was_whiteout = info && S_ISCHR(info->st_mode);  // no other character devices are ever made
    TRY(clear(parent, name));
    error = lean::make_directory(fd, name.c_str(), kImplicitMode);
  }
  if (error != 0) {
    return write_failure(error, "cannot make a directory");
  }
  auto made = std::make_unique<Directory>();
  made->parent = &parent;
  made->name = name;
  made->number = count_;
  made->depth = parent.depth + 1;
  made->mode_on_disk = kImplicitMode;
  made->metadata.uid = ids_.uid;
  made->metadata.gid = ids_.gid;
  Directory* const directory = parent.children.add(std::move(made));
  if (was_whiteout) {
    directory->hides_below = true;
    TRY(make_opaque(*directory));
  }
  return directory;
}

Result<void> DirectoryTree::clear(Directory& parent, const std::string& name) {
  TRY_ASSIGN(const int fd, open(parent));
  last_directory_ = nullptr;
  const Directory* const child = parent.children.find(name);
  if (child == nullptr) {
    const int error = lean::remove_file(fd, name.c_str());
    return error == 0 || error == ENOENT ? Result<void>{}
                                         : write_failure(error, "cannot replace an earlier entry");
  }
  forget(*child);
  parent.children.remove(name);
  TRY_CONTEXT(sys::remove_tree(fd, name), "cannot replace an earlier directory");
  return {};
}

void DirectoryTree::forget(const Directory& directory) {
  const auto is_within = [&directory](const Directory* at) {
    while (at != nullptr && at != &directory) {
      at = at->parent;
    }
    return at != nullptr;
  };
  open_.erase(std::remove_if(open_.begin(), open_.end(), is_within), open_.end());
}

bool DirectoryTree::is_below_opaque(const Directory& directory) {
  for (const Directory* at = &directory; at != nullptr; at = at->parent) {
    if (at->opaque) {
      return true;
    }
  }
  return false;
}

Result<void> DirectoryTree::make_opaque(Directory& directory) {
  if (directory.opaque) {
    return {};
  }
  TRY_ASSIGN(const int fd, open(directory));
  if (const int error = lean::set_xattr(fd, kOpaqueAttribute, "y"); error != 0) {
    return write_failure(error, "cannot mark a directory as opaque");
  }
  directory.opaque = true;
  return remove_whiteouts(directory);
}

/// Below an opaque directory they hide nothing, and the kernel would list them (overlayfs expects
/// none).
Result<void> DirectoryTree::remove_whiteouts(Directory& directory) {
  if (directory.has_whiteouts) {
    TRY_ASSIGN(const int fd, open(directory));
    TRY_ASSIGN(const auto names, lean::character_devices(fd));
    for (const std::string& name : names) {
      if (const int error = lean::remove_file(fd, name.c_str()); error != 0) {
        return write_failure(error, "cannot remove a whiteout");
      }
    }
    directory.has_whiteouts = false;
  }
  for (const auto& child : directory.children) {
    TRY(remove_whiteouts(*child));
  }
  return {};
}

Result<void> DirectoryTree::apply_metadata() {
  TRY(apply_below(*root_));
  TRY_CONTEXT(apply_to(*root_, -1), "cannot finish the layer's root");
  return {};
}

/// Recursion and open descriptors are bounded by the depth.
Result<void> DirectoryTree::apply_below(Directory& directory) {
  if (directory.children.empty()) {
    return {};
  }
  // Opened on the way down, so that each needs one call below its parent.
  TRY(open(directory));
  for (const auto& child : directory.children) {
    TRY(apply_below(*child));
  }
  TRY_ASSIGN(const int fd, open(directory));  // deep down, the cache may have closed it
  for (const auto& child : directory.children) {
    TRY_CONTEXT(apply_to(*child, fd),
                format("cannot finish directory '{}'", text::sanitize(path_of(*child))));
  }
  return {};
}

Result<void> DirectoryTree::apply_to(Directory& directory, int parent) {
  const DirectoryMetadata& metadata = directory.metadata;
  const char* name = directory.name.c_str();
  const bool is_root = directory.parent == nullptr;
  if (metadata.uid != ids_.uid || metadata.gid != ids_.gid) {
    const int error = is_root ? lean::set_owner(root_fd_, metadata.uid, metadata.gid)
                              : lean::set_owner(parent, name, metadata.uid, metadata.gid);
    if (error != 0) {
      return owner_failure(error, metadata.uid, metadata.gid);
    }
  }
  if (metadata.mode != directory.mode_on_disk || metadata.acls) {
    TRY_ASSIGN(const int fd, open(directory));
    if (const int error = lean::set_mode(fd, metadata.mode); error != 0) {
      return write_failure(error, "cannot set the mode");
    }
    static const DirectoryMetadata::Acls kNone;
    for (const auto& [attribute, value] : metadata.acls ? *metadata.acls : kNone) {
      if (const int error = lean::set_xattr(fd, attribute.c_str(), value); error != 0) {
        return write_failure(error, format("cannot set attribute {}", attribute));
      }
    }
  }
  const int error = is_root ? lean::set_times(root_fd_, metadata.mtime)
                            : lean::set_times(parent, name, metadata.mtime);
  return error == 0 ? Result<void>{} : write_failure(error, "cannot set the time");
}

std::vector<std::string> DirectoryTree::implicit_directories() const {
  std::vector<std::string> paths;
  std::vector<const Directory*> left{root_.get()};
  while (!left.empty()) {
    const Directory* directory = left.back();
    left.pop_back();
    if (!directory->has_entry && !directory->hides_below) {
      paths.push_back(path_of(*directory));
    }
    if (!directory->opaque) {  // else what is below is not the same directory
      for (const auto& child : directory->children) {
        left.push_back(child.get());
      }
    }
  }
  return paths;
}

std::string DirectoryTree::path_of(const Directory& directory) {
  std::string path = directory.parent == nullptr ? "." : directory.name;
  for (const Directory* at = directory.parent; at != nullptr && at->parent != nullptr;
       at = at->parent) {
    path.insert(0, at->name + "/");
  }
  return path;
}

}  // namespace devenv::image
