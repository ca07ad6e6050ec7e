// SPDX-License-Identifier: MIT
// A dev container feature comes into the store.
#include <algorithm>
#include <cstring>
#include <map>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/image/codec/decompress.hpp"
#include "env/image/codec/hash.hpp"
#include "env/image/fetch/confined.hpp"
#include "env/image/fetch/fetch.hpp"
#include "env/image/fetch/sources.hpp"
#include "env/image/layer/entry_path.hpp"
#include "env/image/layer/reader.hpp"
#include "env/image/registry/connector.hpp"
#include "env/sys/file.hpp"
#include "env/sys/tree.hpp"

namespace devenv::image::fetch {
namespace {

constexpr std::size_t kLongestPath = 255;  // bytes

/// Bytes that are here already.
struct Contents {
  std::string bytes;
  bool executable = false;
};
/// By path.
using Files = std::map<std::string, Contents>;

/// The files of a feature's tar, which may be compressed: tools push a .tgz under this type.
class FeatureReader {
 public:
  Result<Files> read(std::string_view tar_bytes) {
    TextSource source(tar_bytes);
    TarReader tar(source);
    TRY_ASSIGN(const Entry* entry, tar.next());
    while (entry != nullptr) {
      TRY(take(*entry, tar));
      TRY_ASSIGN(entry, tar.next());
    }
    for (const std::string_view needed : {kFeatureDocument, kFeatureScript}) {
      if (!files_.contains(std::string(needed))) {
        return fail(ErrorCode::integrity, format("it has no {}", needed));
      }
    }
    TRY(check_places());
    return std::move(files_);
  }

 private:
  /// A file cannot be a directory, too.
  Result<void> check_places() const {
    for (const auto& [path, contents] : files_) {
      for (std::size_t slash = path.find('/'); slash != std::string::npos;
           slash = path.find('/', slash + 1)) {
        if (files_.contains(path.substr(0, slash))) {
          return fail(ErrorCode::integrity, format("'{}' is below a file", path));
        }
      }
    }
    return {};
  }

  Result<void> take(const Entry& entry, TarReader& tar) {
    std::string path;
    TRY_CONTEXT(normalize_path(entry.path, kLongestPath, path),
                format("entry '{}'", text::sanitize(entry.path)));
    if (!text::is_utf8(path)) {
      return fail(ErrorCode::integrity,
                  format("the name of entry '{}' is not UTF-8", text::sanitize(entry.path)));
    }
    if (entry.kind == EntryKind::directory) {
      return {};
    }
    if (entry.kind != EntryKind::regular || path.empty()) {
      return fail(ErrorCode::integrity,
                  format("entry '{}' is no plain file", text::sanitize(entry.path)));
    }
    if (files_.size() >= kMaxFeatureFiles) {
      return fail(ErrorCode::integrity, format("it has more than {} files", kMaxFeatureFiles));
    }
    if (entry.size > kMaxFeatureBytes - total_) {
      return fail(ErrorCode::integrity,
                  format("its files have more than {} bytes", kMaxFeatureBytes));
    }
    total_ += entry.size;
    constexpr mode_t kOwnerMayRun = 0100;
    Contents contents{std::string(entry.size, '\0'), (entry.mode & kOwnerMayRun) != 0};
    TRY_ASSIGN(auto block, tar.next_block());
    while (block) {
      if (block->offset > contents.bytes.size() ||
          block->bytes.size() > contents.bytes.size() - block->offset) {
        return fail(ErrorCode::integrity, format("entry '{}' is longer than it says", path));
      }
      std::copy(block->bytes.begin(), block->bytes.end(),
                contents.bytes.begin() + static_cast<std::ptrdiff_t>(block->offset));
      TRY_ASSIGN(block, tar.next_block());
    }
    files_.insert_or_assign(std::move(path), std::move(contents));
    return {};
  }

  Files files_;
  std::uint64_t total_ = 0;
};

/// From the first place that serves what it should.
Result<std::string> download(const Context& context,
                             registry::PullSource& source,
                             const Descriptor& blob) {
  while (true) {
    std::string bytes;
    const auto append = [&](std::string_view more) -> Result<void> {
      bytes += more;
      return {};
    };
    TRY(source.download(blob, 0, append));
    if (sha256(bytes) == blob.digest) {
      return bytes;
    }
    const Error error(ErrorCode::integrity,
                      format("what came is not blob {}", blob.digest.string()));
    const auto passed_over = source.pass_over(source.standing().began, error);
    if (!passed_over) {
      return fail(source.explain(error));
    }
    if (!passed_over->empty()) {
      context.reporter.warn(
          format("mirror '{}' serves a damaged feature: it is fetched elsewhere", *passed_over),
          "");
    }
  }
}

Result<StoredFeature> write(const std::string& directory,
                            const Digest& manifest,
                            const Files& files) {
  TRY_ASSIGN(Feature feature, parse_feature(files.at(std::string(kFeatureDocument)).bytes));
  StoredFeature result{manifest, std::move(feature), {}};
  for (const auto& [path, contents] : files) {
    const bool executable = contents.executable || path == kFeatureScript;
    const std::string target = format("{}/files/{}", directory, path);
    TRY(sys::make_directories(sys::parent_of(target), 0700));
    TRY(sys::replace_file(target, contents.bytes, executable ? 0700 : 0600));
    result.files.push_back({path, sha256(contents.bytes), executable});
  }
  TRY(sys::write_file_atomic(format("{}/{}", directory, kStoredFeature),
                             json::dump(result.to_json()) + "\n"));
  return result;
}

/// Makes the directory as a whole: whoever sees it sees all of it. Whoever uses it has its lock.
Result<StoredFeature> put(const Store& store, const Digest& manifest, const Files& files) {
  TRY_ASSIGN(const sys::FileLock turn, store.lock_layer(manifest, sys::LockMode::exclusive));
  if (auto found = find_feature(store.path(), manifest)) {
    return *std::move(found);  // somebody else was faster
  }
  TRY_ASSIGN(const Unfinished place, store.begin_unfinished("feature"));
  const std::string directory = feature_directory(store.path(), manifest);
  const auto install = [&]() -> Result<StoredFeature> {
    TRY_ASSIGN(StoredFeature result, write(place.path, manifest, files));
    TRY(sys::make_directories(sys::parent_of(directory), 0700));
    TRY(sys::remove_tree(directory));  // what is damaged
    TRY(sys::rename_no_replace(place.path, directory));
    return result;
  };
  auto installed = install();
  if (!installed) {
    (void)sys::remove_tree(place.path);
  }
  return installed;
}

/// Headers and padding count, too: nothing that was packed well goes on for ever.
Result<std::string> decompress_tar(std::string_view blob) {
  constexpr std::size_t kMaxBytes = 2 * kMaxFeatureBytes;
  TextSource source(blob);
  TRY_ASSIGN(const auto plain, decompress(source));
  TRY_ASSIGN(std::string tar, read_up_to(*plain, kMaxBytes + 1));
  return tar.size() > kMaxBytes
             ? fail(ErrorCode::integrity, format("its tar has more than {} bytes", kMaxBytes))
             : Result<std::string>(std::move(tar));
}

Result<StoredFeature> fetch(const Context& context, const Reference& reference) {
  TRY_ASSIGN(const auto connector,
             registry::Connector::load(context.get_variable, context.timeouts));
  TRY_ASSIGN(registry::PullSource source, connector.pull_source(reference));
  const auto check = [](const registry::FetchedManifest& fetched) -> Result<void> {
    TRY(parse_feature_manifest(fetched.bytes));
    return {};
  };
  TRY_ASSIGN(const registry::FetchedManifest manifest,
             source.manifest(reference.selector(), check));
  if (auto found = find_feature(context.store.path(), manifest.digest)) {
    return *std::move(found);
  }
  TRY_ASSIGN(const Descriptor layer, parse_feature_manifest(manifest.bytes));
  TRY_ASSIGN(const std::string blob, download(context, source, layer));
  TRY_ASSIGN(const std::string tar,
             run_confined(context.cancellation, {}, [&] { return decompress_tar(blob); }));
  TRY_ASSIGN(const Files files, FeatureReader().read(tar));
  return put(context.store, manifest.digest, files);
}

}  // namespace

Result<StoredFeature> fetch_feature(const Context& context, const Reference& reference) {
  context.reporter.step(format("fetching feature {}", reference.string()));
  auto fetched = fetch(context, reference);
  if (!fetched) {
    return fail(fetched.error().context(format("cannot use feature '{}'", reference.string())));
  }
  return fetched;
}

}  // namespace devenv::image::fetch
