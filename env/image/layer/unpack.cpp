// SPDX-License-Identifier: MIT
#include "env/image/layer/unpack.hpp"

#include <algorithm>
#include <limits>
#include <unordered_set>
#include <utility>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/image/layer/directory_tree.hpp"
#include "env/image/layer/entry_path.hpp"
#include "env/image/layer/reader.hpp"
#include "env/image/layer/whiteout.hpp"
#include "env/image/layer/writer.hpp"
#include "env/sys/file.hpp"
#include "env/sys/lean.hpp"

namespace devenv::image {
namespace {

/// Hard links that wait for their target are kept in memory.
constexpr std::size_t kMaxWaitingBytes = 16U * 1024 * 1024;

/// chown(2) takes the largest number for "no change".
constexpr std::int64_t kMaxId = std::numeric_limits<std::uint32_t>::max() - 1;

/// A hard link that has no target yet.
struct WaitingLink {
  LowerHardLink link;
  std::uint64_t directory = 0;  ///< the number of the one that it belongs into
};

class Unpacker {
 public:
  Unpacker(ByteSource& tar, DirectoryTree tree, const UnpackLimits& limits)
      : reader_(tar), tree_(std::move(tree)), writer_(tree_), limits_(limits) {}

  Result<UnpackResult> run();

 private:
  Result<void> check(const Entry& entry);
  Result<void> add(const Entry& entry);
  Result<void> add_ordinary(const Entry& entry);
  Result<void> add_root(const Entry& entry);
  Result<void> add_hard_link(const Entry& entry);
  Result<void> wait_for_target(const std::string& target);
  void keep_last_of_each_name();
  Result<void> link_waiting();
  Result<bool> link_now(const WaitingLink& waiting);
  Result<Writer::LinkOutcome> link_to(const std::string& target);
  Result<void> find_place();

  TarReader reader_;
  DirectoryTree tree_;
  Writer writer_;
  const UnpackLimits& limits_;
  UnpackResult result_;
  std::string path_;  ///< of the current entry, normalised
  Place place_;       ///< of the current entry
  std::vector<WaitingLink> waiting_;
  std::size_t waiting_bytes_ = 0;
};

Result<UnpackResult> Unpacker::run() {
  while (true) {
    TRY_ASSIGN(const Entry* const entry, reader_.next());
    if (entry == nullptr) {
      break;
    }
    TRY_CONTEXT(add(*entry), format("cannot unpack '{}'", text::sanitize(entry->path)));
  }
  TRY(link_waiting());
  TRY(tree_.apply_metadata());
  result_.implicit_directories = tree_.implicit_directories();
  result_.warnings = writer_.warnings();
  return std::move(result_);
}

Result<void> Unpacker::check(const Entry& entry) {
  if (++result_.entries > limits_.max_entries) {
    return fail(ErrorCode::integrity,
                format("the layer has more than {} entries", limits_.max_entries));
  }
  if (entry.size > limits_.max_bytes - result_.bytes) {
    return fail(Error(ErrorCode::integrity,
                      format("the layer has more than {} bytes in files", limits_.max_bytes))
                    .with_hint("DEVENV_IMAGE_MAX_SIZE sets the limit"));
  }
  result_.bytes += entry.size;
  result_.newest = std::max(result_.newest, seconds_of(entry.mtime));
  if (entry.uid < 0 || entry.uid > kMaxId || entry.gid < 0 || entry.gid > kMaxId) {
    return fail(ErrorCode::integrity,
                format("owner {}:{} is no user and group", entry.uid, entry.gid));
  }
  for (const Attribute& attribute : entry.attributes) {
    if (attribute.value.size() > limits_.max_xattr_bytes) {
      return fail(ErrorCode::integrity,
                  format("attribute {} is larger than {} bytes",
                         text::sanitize(attribute.name.substr(0, 100)), limits_.max_xattr_bytes));
    }
  }
  return {};
}

Result<void> Unpacker::add(const Entry& entry) {
  TRY(check(entry));
  TRY(normalize_path(entry.path, limits_.max_path_bytes, path_));
  if (path_.empty()) {
    return add_root(entry);
  }
  const ClassifiedPath classified = classify_path(path_);
  switch (classified.meaning) {
    case PathMeaning::ignored:
      return {};
    case PathMeaning::malformed:
      return fail(ErrorCode::integrity, "malformed whiteout");
    case PathMeaning::whiteout:
      TRY(find_place());
      place_.name = classified.hidden;
      return writer_.write_whiteout(place_);
    case PathMeaning::opaque:
      TRY(find_place());
      return tree_.make_opaque(*place_.parent);
    case PathMeaning::ordinary:
      break;
  }
  if (entry.kind == EntryKind::device || entry.kind == EntryKind::socket) {
    // /dev is the host's. A character device 0:0 above all must not be made: it would be a
    // whiteout.
    writer_.leave_out(entry.kind);
    return {};
  }
  return add_ordinary(entry);
}

Result<void> Unpacker::add_ordinary(const Entry& entry) {
  TRY(find_place());
  switch (entry.kind) {
    case EntryKind::regular:
      return writer_.write_file(place_, entry, reader_);
    case EntryKind::directory:
      return writer_.write_directory(place_, entry);
    case EntryKind::symlink:
      return writer_.write_symlink(place_, entry);
    case EntryKind::hard_link:
      return add_hard_link(entry);
    case EntryKind::fifo:
      return writer_.write_fifo(place_, entry);
    case EntryKind::device:
    case EntryKind::socket:
      break;
  }
  return {};
}

/// Source: CVE-2021-29136, a root that is a link.
Result<void> Unpacker::add_root(const Entry& entry) {
  if (entry.kind != EntryKind::directory) {
    return fail(ErrorCode::integrity, "the root of a layer must be a directory");
  }
  return writer_.write_root(entry);
}

Result<void> Unpacker::find_place() {
  const SplitPath split = split_path(path_);
  TRY_ASSIGN(place_.parent, tree_.resolve(split.parent, DirectoryTree::Missing::create));
  place_.name = split.name;
  return {};
}

/// `target` as normalised; the link itself goes to place_.
Result<Writer::LinkOutcome> Unpacker::link_to(const std::string& target) {
  const SplitPath split = split_path(target);
  TRY_ASSIGN(Directory* const parent, tree_.resolve(split.parent, DirectoryTree::Missing::report));
  if (parent == nullptr) {
    return Writer::LinkOutcome::no_target;
  }
  return writer_.write_hard_link(place_, {.parent = parent, .name = std::string(split.name)});
}

Result<void> Unpacker::add_hard_link(const Entry& entry) {
  std::string target;
  TRY_CONTEXT(normalize_path(entry.link_target, limits_.max_path_bytes, target),
              "cannot use the target of the hard link");
  if (target.empty()) {
    return fail(ErrorCode::integrity, "a hard link to the root");
  }
  TRY_ASSIGN(const auto outcome, link_to(target));
  return outcome == Writer::LinkOutcome::linked ? Result<void>{} : wait_for_target(target);
}

/// The target may come later, or be in a layer below.
Result<void> Unpacker::wait_for_target(const std::string& target) {
  TRY(tree_.clear(*place_.parent, place_.name));  // the last entry of a name counts
  std::string path = DirectoryTree::path_of(*place_.parent);
  path = path == "." ? place_.name : path + "/" + place_.name;
  waiting_bytes_ += path.size() + target.size() + sizeof(WaitingLink);
  if (waiting_bytes_ > kMaxWaitingBytes) {
    return fail(ErrorCode::integrity, "too many hard links without a target");
  }
  waiting_.push_back(
      {.link = {.path = std::move(path), .target = target}, .directory = place_.parent->number});
  return {};
}

/// The last entry of a name counts, also when none of them could be made at once.
void Unpacker::keep_last_of_each_name() {
  std::unordered_set<std::string> seen;
  std::vector<WaitingLink> kept;
  for (auto waiting = waiting_.rbegin(); waiting != waiting_.rend(); ++waiting) {
    if (seen.insert(waiting->link.path).second) {
      kept.push_back(std::move(*waiting));
    }
  }
  std::reverse(kept.begin(), kept.end());
  waiting_ = std::move(kept);
}

Result<void> Unpacker::link_waiting() {
  keep_last_of_each_name();
  for (WaitingLink& waiting : waiting_) {
    LowerHardLink& link = waiting.link;
    auto linked = link_now(waiting);
    if (!linked) {
      return fail(linked.error().context(format("cannot unpack '{}'", text::sanitize(link.path))));
    }
    if (!*linked) {
      result_.lower_hard_links.push_back(std::move(link));
    }
  }
  return {};
}

/// Whether nothing is left to do for the link.
Result<bool> Unpacker::link_now(const WaitingLink& waiting) {
  const SplitPath split = split_path(waiting.link.path);
  Directory* const parent = tree_.find(split.parent);
  if (parent == nullptr || parent->number != waiting.directory) {
    return true;  // a later entry took the place of its directory
  }
  place_ = {.parent = parent, .name = std::string(split.name)};
  TRY_ASSIGN(const int fd, tree_.open(*place_.parent));
  TRY_ASSIGN(const auto info, sys::stat_at(fd, place_.name));
  if (info && !S_ISCHR(info->st_mode)) {
    return true;  // a later entry took the name
  }
  if (info) {
    TRY(tree_.clear(*place_.parent, place_.name));  // a whiteout, which is about the layers below
  }
  TRY_ASSIGN(const auto outcome, link_to(waiting.link.target));
  return outcome == Writer::LinkOutcome::linked;
}

}  // namespace

Result<UnpackResult> unpack_layer(ByteSource& tar, int root, const UnpackLimits& limits) {
  const sys::lean::UmaskScope umask(0);  // modes are those of the layer
  TRY_ASSIGN(DirectoryTree tree, DirectoryTree::create(root, limits.max_depth, limits.max_entries));
  return Unpacker(tar, std::move(tree), limits).run();
}

}  // namespace devenv::image
