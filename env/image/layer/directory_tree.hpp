// SPDX-License-Identifier: MIT
// The directories of the layer that is being unpacked.
//
// The root starts empty and nobody else writes below it, so what this tree knows is what is on
// disk: a name in it is a real directory, any other name is not. Directories are opened one
// component below another, never through a link; links of the image are resolved here, in the tree.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <ctime>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "env/base/result.hpp"
#include "env/sys/lean.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::image {

/// What is set when everything below a directory is there: its mode could shut others out, its time
/// changes with each entry made in it, set-gid and default ACLs would be inherited.
struct DirectoryMetadata {
  uid_t uid = 0;
  gid_t gid = 0;
  mode_t mode = 0755;
  timespec mtime{};
  using Acls = std::vector<std::pair<std::string, std::string>>;
  std::unique_ptr<Acls> acls;  ///< attribute and value; nullptr is none
};

struct Directory;

/// The directories in one, by name. Most have none: then it takes hardly any room.
class Children {
  struct ByName {
    using is_transparent = void;
    static std::string_view name_of(const std::unique_ptr<Directory>& directory);
    static std::string_view name_of(std::string_view name) { return name; }
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return name_of(a) < name_of(b);
    }
  };
  using Set = std::set<std::unique_ptr<Directory>, ByName>;

 public:
  Children();
  ~Children();
  Directory* find(std::string_view name) const;
  Directory* add(std::unique_ptr<Directory> directory);
  void remove(std::string_view name);
  bool empty() const { return set_ == nullptr; }
  Set::const_iterator begin() const { return empty() ? Set::const_iterator() : set_->begin(); }
  Set::const_iterator end() const { return empty() ? Set::const_iterator() : set_->end(); }

 private:
  std::unique_ptr<Set> set_;
};

/// A directory of the layer. Only DirectoryTree changes its structure. Layers have hundreds of
/// thousands: every byte counts.
struct Directory {
  Directory* parent = nullptr;  ///< nullptr: the root
  std::string name;
  std::uint64_t number = 0;  ///< no other has it, not even of one that was at the same path before
  std::uint32_t depth = 0;
  Children children;
  DirectoryMetadata metadata;
  mode_t mode_on_disk = 0;
  bool has_entry = false;      ///< the tar has an entry for it
  bool opaque = false;         ///< nothing of the layers below shows through
  bool hides_below = false;    ///< and its attributes are not those of a directory below either
  bool has_whiteouts = false;  ///< some were made in it
  sys::UniqueFd fd;            ///< cached; use DirectoryTree::open
  std::uint64_t last_use = 0;
};

class DirectoryTree {
 public:
  /// `root` is an open, empty directory of the caller's; it loses ACLs and set-gid bit that it
  /// inherited.
  static Result<DirectoryTree> create(int root, std::size_t max_depth, std::uint64_t max_count);

  Directory& root() { return *root_; }

  /// An open descriptor, valid at least until two other directories were opened.
  Result<int> open(Directory& directory);

  enum class Missing { create, report };
  /// The directory that `path` (normalised) names when the layer is seen as a root: links are
  /// followed inside it. What is missing, a whiteout, or no directory is replaced by a new
  /// directory; or nullptr is returned. Errors: integrity for too many links, too deep, too many
  /// directories, reserved names.
  Result<Directory*> resolve(std::string_view path, Missing missing);

  /// The directory that `path` names without any links; nullptr when there is none.
  Directory* find(std::string_view path);

  /// The directory `name` in `parent`, which is made, replacing what is no directory. One that was
  /// whited out before hides what is below it.
  Result<Directory*> make(Directory& parent, const std::string& name);

  /// Removes whatever is at `name`, with everything in it.
  Result<void> clear(Directory& parent, const std::string& name);

  /// Nothing of the layers below is visible in `directory` (any more).
  Result<void> make_opaque(Directory& directory);
  static bool is_below_opaque(const Directory& directory);

  /// Sets owners, modes, ACLs and times of all directories, deepest first.
  Result<void> apply_metadata();

  /// Those without an entry whose attributes are to be taken from below; "." is the root.
  std::vector<std::string> implicit_directories() const;

  /// "usr/lib", without links; "." is the root.
  static std::string path_of(const Directory& directory);

 private:
  DirectoryTree(int root, std::size_t max_depth, std::uint64_t max_count);
  Result<Directory*> make_new(Directory& parent, const std::string& name);
  Result<Directory*> enter(Directory& at,
                           const std::string& name,
                           Missing missing,
                           std::string& rest);
  void forget(const Directory& directory);
  void keep_open(Directory& directory, sys::UniqueFd fd);
  Result<void> remove_whiteouts(Directory& directory);
  Result<void> apply_below(Directory& directory);
  Result<void> apply_to(Directory& directory, int parent);
  Result<void> prepare_root();

  int root_fd_;
  std::size_t max_depth_;
  std::uint64_t max_count_;
  sys::lean::FileIds ids_;
  std::unique_ptr<Directory> root_;
  std::uint64_t count_ = 0;
  std::uint64_t clock_ = 0;
  std::vector<Directory*> open_;
  // Most entries are in the directory of the one before.
  std::string last_path_;
  Directory* last_directory_ = nullptr;
};

}  // namespace devenv::image
