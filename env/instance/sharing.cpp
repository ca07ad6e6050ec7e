// SPDX-License-Identifier: MIT
#include "env/instance/sharing.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/sha256.hpp"
#include "env/base/text.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/lean.hpp"

namespace devenv::instance {
namespace {

namespace lean = sys::lean;

constexpr std::uint64_t kWorthwhile = 4096;
/// Of files that have the same size and the same sample, but not the same contents.
constexpr std::size_t kMostCompared = 8;
constexpr int kToRead = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

using Visit = std::function<void(const std::string& path, const struct stat& info)>;

/// Every file below `path` that is worth it; of several names of one, each. What disappears
/// meanwhile is none.
void visit_files(const std::string& path, const Visit& visit) {
  const auto directory = sys::open_file(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  const auto names = directory ? lean::list_names(directory->get()) : fail(directory.error());
  if (!names) {
    return;
  }
  for (const auto& [name, kind] : *names) {
    struct stat info {};
    if (lean::look_at(directory->get(), name.c_str(), info) != 0) {
      continue;
    }
    const std::string child = path + "/" + name;
    if (S_ISDIR(info.st_mode)) {
      visit_files(child, visit);
    } else if (S_ISREG(info.st_mode) && static_cast<std::uint64_t>(info.st_size) >= kWorthwhile) {
      visit(child, info);
    }
  }
}

/// The sizes that more than one file has.
std::vector<std::uint64_t> common_sizes(const std::vector<std::string>& trees) {
  std::vector<std::uint64_t> sizes;
  for (const std::string& tree : trees) {
    visit_files(tree, [&](const std::string& /*path*/, const struct stat& info) {
      sizes.push_back(static_cast<std::uint64_t>(info.st_size));
    });
  }
  std::sort(sizes.begin(), sizes.end());
  std::vector<std::uint64_t> common;
  for (std::size_t i = 1; i < sizes.size(); ++i) {
    if (sizes[i] == sizes[i - 1] && (common.empty() || common.back() != sizes[i])) {
      common.push_back(sizes[i]);
    }
  }
  return common;
}

/// How many bytes a file begins or ends with that tell it from most others.
constexpr std::size_t kSample = 4096;

std::string sample(int fd, std::uint64_t size) {
  std::string bytes(2 * kSample, '\0');
  const auto head = sys::read_at(fd, std::span(bytes).first(kSample), 0);
  const auto tail = sys::read_at(fd, std::span(bytes).last(kSample), size - kSample);
  return head && tail ? sha256_of(bytes).string() : "";
}

class Sharing {
 public:
  explicit Sharing(bool dry_run) : dry_run_(dry_run) {}

  Result<SharingResult> run(const std::vector<std::string>& trees) {
    const std::vector<std::uint64_t> sizes = common_sizes(trees);
    std::map<std::uint64_t, std::vector<std::string>> by_size;
    std::map<std::uint64_t, std::set<std::pair<dev_t, ino_t>>> seen;
    for (const std::string& tree : trees) {
      visit_files(tree, [&](const std::string& path, const struct stat& info) {
        const auto size = static_cast<std::uint64_t>(info.st_size);
        const bool is_new =
            info.st_nlink == 1 || seen[size].insert({info.st_dev, info.st_ino}).second;
        if (is_new && std::binary_search(sizes.begin(), sizes.end(), size)) {
          by_size[size].push_back(path);
        }
      });
    }
    for (const auto& [size, paths] : by_size) {
      share(size, paths);
    }
    return refused_ && result_.files == 0 ? Result<SharingResult>(fail(*refused_)) : result_;
  }

 private:
  /// Files of one size.
  void share(std::uint64_t size, const std::vector<std::string>& paths) {
    std::map<std::string, std::vector<std::string>> different;  // by their samples
    for (const std::string& path : paths) {
      const auto file = sys::open_file(path, kToRead);
      if (!file) {
        continue;
      }
      std::vector<std::string>& known = different[sample(file->get(), size)];
      if (!share_with_one_of(known, file->get(), size) && known.size() < kMostCompared) {
        known.push_back(path);
      }
    }
  }

  /// Whether one of them has the same contents.
  bool share_with_one_of(const std::vector<std::string>& known, int file, std::uint64_t size) {
    for (const std::string& path : known) {
      const auto other = sys::open_file(path, kToRead);
      const auto bytes = other ? sys::shareable_bytes(other->get(), file)
                               : Result<std::optional<std::uint64_t>>(std::nullopt);
      if (!bytes || !*bytes) {
        continue;
      }
      if (**bytes > 0) {
        share_with(other->get(), file, size, **bytes, path);
      }
      return true;
    }
    return false;
  }

  /// One pair that cannot be (a file without copy on write, say) is no reason to leave the others.
  void share_with(
      int other, int file, std::uint64_t size, std::uint64_t bytes, const std::string& path) {
    const auto shared = dry_run_ ? Result<void>() : sys::share_blocks(other, file, size);
    if (!shared) {
      LOG_DEBUG("'{}': {}", text::sanitize(path), shared.error().to_line());
      refused_ = shared.error();
      return;
    }
    result_.bytes += bytes;
    ++result_.files;
  }

  bool dry_run_;
  std::optional<Error> refused_;  ///< the last one
  SharingResult result_;
};

}  // namespace

Result<SharingResult> share_files(const Workspace& workspace, bool dry_run, Reporter& reporter) {
  TRY_ASSIGN(const sandbox::IdMap map, workspace.id_map());
  TRY_ASSIGN(const image::Store store, workspace.store());
  std::vector<std::string> trees;
  TRY_ASSIGN(const auto names, sys::list_directory(store.path() + "/layers"));
  for (const std::string& name : names) {
    trees.push_back(format("{}/layers/{}/fs", store.path(), name));
  }
  reporter.step(format("comparing the files of {} layers", trees.size()));
  TRY_ASSIGN(const image::Unfinished place, store.begin_unfinished("dedupe"));
  TRY_ASSIGN(const sys::UniqueFd answer,
             sys::open_file(place.path, O_RDWR | O_CREAT | O_EXCL, 0600));
  TRY(sys::remove_file(place.path));
  auto shared = sandbox::run_as_namespace_root(map, [&]() -> Result<void> {
    TRY_ASSIGN(const SharingResult result, Sharing(dry_run).run(trees));
    return sys::write_all(answer.get(), format("{}\n{}\n", result.files, result.bytes));
  });
  if (!shared) {
    return fail(shared.error().code() == ErrorCode::unsupported
                    ? shared.error().with_hint("btrfs, xfs and bcachefs can; nothing was changed")
                    : shared.error());
  }
  std::string text(64, '\0');
  TRY_ASSIGN(const std::size_t count, sys::read_at(answer.get(), text, 0));
  text.resize(count);
  const auto lines = text::lines(text);
  SharingResult result;
  if (lines.size() == 2) {
    result.files = text::parse_number(std::string(lines[0])).value_or(0);
    result.bytes = text::parse_number(std::string(lines[1])).value_or(0);
  }
  return result;
}

}  // namespace devenv::instance
