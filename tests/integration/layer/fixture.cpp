// SPDX-License-Identifier: MIT
#include "tests/integration/layer/fixture.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <optional>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/image/codec/decompress.hpp"
#include "env/image/codec/hash.hpp"
#include "env/sandbox/id_map.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"
#include "env/sys/tree.hpp"
#include "env/sys/xattr.hpp"
#include "tests/support/memory_source.hpp"

namespace devenv::image::testing {
namespace {

constexpr std::int64_t kDefaultTime = 1'600'000'000;
constexpr std::size_t kLongestShown = 40;

/// nullopt is "no namespace at all".
using Way = std::optional<sandbox::IdMap>;

std::vector<Way> ways() {
  const auto user = sys::current_user();
  REQUIRE(user);
  const auto own = sandbox::id_map_for_caller(*user);
  REQUIRE_MESSAGE(own.has_value(), (own ? std::string() : own.error().to_line()));
  std::vector<Way> all{*own};
  if (::geteuid() == 0) {
    constexpr sandbox::SubordinateRange kRange{300000, 65536};
    all.emplace_back(sandbox::IdMap{.uids = sandbox::keep_id_extents(0, {kRange}),
                                    .gids = sandbox::keep_id_extents(0, {kRange})});
    all.emplace_back(std::nullopt);
  }
  return all;
}

Result<void> run(const Way& way, const std::function<Result<void>()>& work) {
  return way ? sandbox::run_as_namespace_root(*way, work) : work();
}

/// A directory that root of the namespace can fill and empty.
class MappedScratch {
 public:
  explicit MappedScratch(const Way& way) : way_(way) {
    const std::string parent = sys::get_variable("TMPDIR");
    auto made =
        sys::TemporaryDirectory::create(parent.empty() ? "/var/tmp" : parent, "devenv-layer-");
    REQUIRE_MESSAGE(made.has_value(), (made ? std::string() : made.error().to_line()));
    directory_.emplace(std::move(*made));
    // Root of the namespace is somebody else on the host, and has to get in.
    REQUIRE(::chmod(path().c_str(), 0777) == 0);
  }
  ~MappedScratch() {
    const auto emptied = run(way_, [this]() -> Result<void> {
      TRY_ASSIGN(const auto names, sys::list_directory(path()));
      for (const std::string& name : names) {
        TRY(sys::remove_tree(path() + "/" + name));
      }
      return {};
    });
    CHECK_MESSAGE(emptied.has_value(), (emptied ? std::string() : emptied.error().to_line()));
  }
  MappedScratch(const MappedScratch&) = delete;
  MappedScratch& operator=(const MappedScratch&) = delete;
  const std::string& path() const { return directory_->path(); }

 private:
  Way way_;
  std::optional<sys::TemporaryDirectory> directory_;
};

char kind_letter(const struct stat& info) {
  return S_ISDIR(info.st_mode)    ? 'd'
         : S_ISLNK(info.st_mode)  ? 'l'
         : S_ISREG(info.st_mode)  ? 'f'
         : S_ISFIFO(info.st_mode) ? 'p'
         : S_ISCHR(info.st_mode)  ? 'c'
                                  : '?';
}

Result<std::string> contents_of(int directory, const std::string& name, const struct stat& info) {
  if (S_ISLNK(info.st_mode)) {
    TRY_ASSIGN(const std::string target, sys::read_link_at(directory, name));
    return "-> " + text::sanitize(target);
  }
  if (!S_ISREG(info.st_mode)) {
    return std::string();
  }
  TRY_ASSIGN(const sys::UniqueFd file, sys::open_at(directory, name, O_RDONLY));
  TRY_ASSIGN(const std::string contents, sys::read_all(file.get(), 1U << 30U));
  if (contents.size() <= kLongestShown) {
    return "'" + text::sanitize(contents) + "'";
  }
  return format("{} bytes {}", contents.size(), sha256(contents).abbreviated());
}

Result<std::string> describe(int directory, const std::string& name, const std::string& path) {
  TRY_ASSIGN(const auto info, sys::stat_at(directory, name));
  if (!info) {
    return fail(ErrorCode::failed, "gone");
  }
  std::string line = format("{} {}", text::sanitize(path), kind_letter(*info));
  if (S_ISCHR(info->st_mode)) {
    return line + format(" {}:{}", info->st_rdev >> 8U, info->st_rdev & 0xffU) + "\n";
  }
  if (!S_ISLNK(info->st_mode)) {
    line += format(" {:04o}", info->st_mode & 07777U);
  }
  line += format(" {}:{}", info->st_uid, info->st_gid);
  if (info->st_mtim.tv_sec != kDefaultTime || info->st_mtim.tv_nsec != 0) {
    line += format(" time={}", info->st_mtim.tv_sec);
    line += info->st_mtim.tv_nsec == 0 ? "" : format(".{:09}", info->st_mtim.tv_nsec);
  }
  if (!S_ISDIR(info->st_mode) && info->st_nlink > 1) {
    line += format(" links={}", info->st_nlink);
  }
  TRY_ASSIGN(auto attributes, sys::list_xattrs_at(directory, name));
  std::sort(attributes.begin(), attributes.end());
  for (const std::string& attribute : attributes) {
    TRY_ASSIGN(const auto value, sys::get_xattr_at(directory, name, attribute));
    line += format(" {}={}", attribute, text::sanitize(value.value_or("(none)")));
  }
  TRY_ASSIGN(const std::string contents, contents_of(directory, name, *info));
  line += contents.empty() ? "" : " " + contents;
  return line + "\n";
}

Result<void> describe_below(int directory, const std::string& prefix, std::string& lines) {
  TRY_ASSIGN(const auto names, sys::list_directory(format("/proc/self/fd/{}", directory)));
  for (const std::string& name : names) {
    TRY_ASSIGN(const std::string line, describe(directory, name, prefix + name));
    lines += line;
    TRY_ASSIGN(const auto info, sys::stat_at(directory, name));
    if (info && S_ISDIR(info->st_mode)) {
      TRY_ASSIGN(const sys::UniqueFd child,
                 sys::open_at(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
      TRY(describe_below(child.get(), prefix + name + "/", lines));
    }
  }
  return {};
}

std::string describe_result(const UnpackResult& result) {
  std::string lines;
  for (const std::string& warning : result.warnings) {
    lines += "warning: " + warning + "\n";
  }
  for (const std::string& path : result.implicit_directories) {
    lines += "implicit: " + text::sanitize(path) + "\n";
  }
  for (const LowerHardLink& link : result.lower_hard_links) {
    lines += "below: " + link.path + " -> " + link.target + "\n";
  }
  return lines;
}

/// In the namespace: `outcome` is written as three parts, separated by NUL.
Result<void> unpack_all(const std::vector<std::string>& layers,
                        const Settings& settings,
                        const std::string& scratch,
                        int report) {
  std::vector<sys::UniqueFd> roots;
  std::vector<int> lower;
  std::string summary;
  const auto unpack = [&](const std::string& tar) -> Result<void> {
    test::MemorySource bytes(tar, settings.piece);
    TRY_ASSIGN(const auto source, decompress(bytes, settings.limits.max_ratio));
    TRY_ASSIGN(const UnpackResult result,
               unpack_layer(*source, roots.back().get(), settings.limits));
    summary = describe_result(result);
    return finish_layer(roots.back().get(), result, lower);
  };
  std::string error;
  for (const std::string& tar : layers) {
    const std::string path = format("{}/layer{}", scratch, roots.size());
    TRY(sys::make_directories(path));
    TRY_ASSIGN(sys::UniqueFd root, sys::open_file(path, O_RDONLY | O_DIRECTORY));
    roots.push_back(std::move(root));
    if (const auto done = unpack(tar); !done) {
      error = format("{}: {}", to_string(done.error().code()), done.error().to_line());
      break;
    }
    lower.insert(lower.begin(), roots.back().get());
  }
  TRY_ASSIGN(const std::string tree, describe_tree(roots.back().get()));
  const std::string separator(1, '\0');
  TRY(sys::write_all(report, error + separator + summary + separator + tree));
  // Nothing is ever made beside the layers.
  TRY_ASSIGN(const auto names, sys::list_directory(scratch));
  if (names.size() != roots.size() + 1) {
    return fail(ErrorCode::failed, "made something outside of the layer: " + join(names, " "));
  }
  return {};
}

}  // namespace

Result<std::string> describe_tree(int root) {
  TRY_ASSIGN(std::string lines, describe(root, ".", "."));
  TRY(describe_below(root, "", lines));
  return lines;
}

void for_each_way(const std::vector<std::string>& layers,
                  const Settings& settings,
                  const std::function<void(const Outcome&)>& check) {
  for (const Way& way : ways()) {
    CAPTURE((way ? way->to_string() : std::string("no namespace")));
    const MappedScratch scratch(way);
    // Made here: the child finds it open, whatever its ids are.
    const std::string report_path = scratch.path() + "/report";
    const auto report = sys::open_file(report_path, O_RDWR | O_CREAT | O_EXCL, 0666);
    REQUIRE(report);
    const auto done =
        run(way, [&] { return unpack_all(layers, settings, scratch.path(), report->get()); });
    REQUIRE_MESSAGE(done.has_value(), (done ? std::string() : done.error().to_line()));
    const auto text = sys::read_file(report_path);
    REQUIRE(text);
    const auto parts = text::split(*text, '\0');
    REQUIRE(parts.size() == 3);
    check({.error = std::string(parts[0]),
           .summary = std::string(parts[1]),
           .tree = std::string(parts[2])});
  }
}

void for_each_way(const std::string& layer, const std::function<void(const Outcome&)>& check) {
  for_each_way(std::vector<std::string>{layer}, {}, check);
}

void run_each_way(const std::function<Result<void>(const std::string& directory)>& work) {
  for (const Way& way : ways()) {
    CAPTURE((way ? way->to_string() : std::string("no namespace")));
    const MappedScratch scratch(way);
    const auto done = run(way, [&] { return work(scratch.path()); });
    CHECK_MESSAGE(done.has_value(), (done ? std::string() : done.error().to_line()));
  }
}

Result<UnpackResult> unpack_one(const std::string& tar, int root, const std::vector<int>& lower) {
  test::MemorySource source(tar);
  TRY_ASSIGN(UnpackResult result, unpack_layer(source, root, {}));
  TRY(finish_layer(root, result, lower));
  return result;
}

}  // namespace devenv::image::testing
