// SPDX-License-Identifier: MIT
#include "env/image/fetch/chunk_plan.hpp"

#include <algorithm>

#include "env/base/format.hpp"
#include "env/base/json.hpp"
#include "env/base/log.hpp"
#include "env/image/codec/decompress.hpp"
#include "env/image/codec/hash.hpp"
#include "env/image/fetch/confined.hpp"
#include "env/image/fetch/sources.hpp"
#include "env/image/layer/reader.hpp"
#include "env/sys/file.hpp"

namespace devenv::image::fetch {
namespace {

constexpr const char* kFileName = "/files.json";
/// Each file that is left out is a request more, which takes as long as some hundred kilobytes.
constexpr std::uint64_t kLeastSkippedBytes = 256U * 1024;
constexpr std::size_t kMostSkipped = 64;
constexpr std::size_t kMostNoted = 1000;
constexpr std::uint64_t kLeastSavedBytes = 1024U * 1024;
/// The head of the frame that the table of contents is in (RFC 8878, 3.1.2).
constexpr std::uint64_t kSkippableHeaderBytes = 8;
/// Read at once of the end of an eStargz blob.
constexpr std::uint64_t kStargzTailBytes = 128U * 1024;

Result<void> add_files(const Store& store, const Digest& chain_id, KnownFiles& known) {
  const std::string file = store.layer_directory(chain_id) + kFileName;
  if (!sys::exists(file)) {
    return {};
  }
  TRY_ASSIGN(const std::string text, sys::read_file(file));
  TRY_ASSIGN(const Json document, json::parse(text));
  TRY_ASSIGN(const Json* const files, json::get_array(document, "files"));
  for (const Json& each : *files) {
    TRY_ASSIGN(const std::string digest_text, json::get_string(each, "digest"));
    TRY_ASSIGN(Digest digest, Digest::parse(digest_text));
    TRY_ASSIGN(const std::string path, json::get_string(each, "path"));
    known.emplace(std::move(digest), format("{}/{}", store.layer_tree(chain_id), path));
  }
  return {};
}

/// Names that JSON cannot hold, or that lead elsewhere, are not worth it.
bool is_plain_path(const std::string& path) {
  return !path.empty() && path.front() != '/' && path.find("..") == std::string::npos &&
         std::all_of(path.begin(), path.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

/// The largest of those that are here, in the order of the blob.
std::vector<LargeFile> worth_skipping(const std::vector<LargeFile>& files,
                                      std::uint64_t data_end,
                                      const KnownFiles& known) {
  std::vector<LargeFile> chosen;
  for (const LargeFile& file : files) {
    if (file.end - file.begin >= kLeastSkippedBytes && file.end <= data_end &&
        known.contains(file.digest)) {
      chosen.push_back(file);
    }
  }
  if (chosen.size() > kMostSkipped) {
    std::sort(chosen.begin(), chosen.end(), [](const LargeFile& a, const LargeFile& b) {
      return a.end - a.begin > b.end - b.begin;
    });
    chosen.erase(chosen.begin() + kMostSkipped, chosen.end());
    std::sort(chosen.begin(), chosen.end(),
              [](const LargeFile& a, const LargeFile& b) { return a.begin < b.begin; });
  }
  return chosen;
}

Error wrong_digest() {
  return Error(ErrorCode::integrity, "the table of contents has another digest");
}

/// At most `max_bytes` of it.
Result<std::string> unpack(std::string_view packed, std::uint64_t max_bytes) {
  TextSource source(packed);
  TRY_ASSIGN(const auto decompressed, decompress(source));
  return read_up_to(*decompressed, max_bytes);
}

Result<std::string> read_only_file(std::string_view packed_tar) {
  TextSource packed(packed_tar);
  TRY_ASSIGN(const auto plain, decompress(packed));
  TarReader tar(*plain);
  TRY_ASSIGN(const Entry* const entry, tar.next());
  if (entry == nullptr || entry->path != "stargz.index.json" || entry->size > kMaxContentsBytes) {
    return fail(ErrorCode::integrity, "there is no table of contents where it should be");
  }
  std::string text(entry->size, '\0');
  TRY_ASSIGN(auto block, tar.next_block());
  while (block) {
    if (block->offset > text.size() || block->bytes.size() > text.size() - block->offset) {
      return fail(ErrorCode::integrity, "malformed tar archive: contents beyond the size");
    }
    std::copy(block->bytes.begin(), block->bytes.end(),
              text.begin() + static_cast<std::ptrdiff_t>(block->offset));
    TRY_ASSIGN(block, tar.next_block());
  }
  return text;
}

/// The one file of the tar at the end of the blob. Most are in what is read first.
Result<std::string> read_stargz_text(Cancellation& cancellation,
                                     const ContentsPlace& place,
                                     std::uint64_t blob_bytes,
                                     const BlobReader& read) {
  const std::uint64_t tail_begin = blob_bytes - std::min(blob_bytes, kStargzTailBytes);
  TRY_ASSIGN(std::string tail, read(tail_begin, blob_bytes));
  const auto begin = parse_stargz_footer(
      std::string_view(tail).substr(tail.size() - std::min(tail.size(), kStargzFooterBytes)));
  if (!begin || *begin >= blob_bytes || blob_bytes - *begin > kMaxContentsBytes) {
    return fail(ErrorCode::integrity, "its end does not say where the table of contents is");
  }
  if (*begin < tail_begin) {
    TRY_ASSIGN(std::string head, read(*begin, tail_begin));
    tail.insert(0, head);
  } else {
    tail.erase(0, *begin - tail_begin);
  }
  TRY_ASSIGN(const std::string text,
             run_confined(cancellation, {}, [&] { return read_only_file(tail); }));
  return sha256(text) == place.digest ? Result<std::string>(text) : fail(wrong_digest());
}

}  // namespace

KnownFiles known_files(const Store& store) {
  KnownFiles known;
  const auto names = sys::list_directory(store.path() + "/layers");
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    const auto chain_id = Digest::parse("sha256:" + name);
    const auto added = chain_id ? add_files(store, *chain_id, known) : Result<void>();
    if (!added) {
      LOG_INFO("cannot tell what layer {} has: {}", name, added.error().to_line());
    }
  }
  return known;
}

Result<void> write_large_files(const std::string& layer_directory,
                               const std::vector<LargeFile>& files) {
  Json list = Json::array();
  for (const LargeFile& file : files) {
    if (list.size() == kMostNoted) {
      break;
    }
    if (is_plain_path(file.path)) {
      list.push_back({{"digest", file.digest.string()}, {"path", file.path}});
    }
  }
  if (list.empty()) {
    return {};
  }
  const Json document{{"schema", 1}, {"files", std::move(list)}};
  TRY_ASSIGN(const sys::UniqueFd file,
             sys::open_file(layer_directory + kFileName, O_WRONLY | O_CREAT | O_TRUNC, 0600));
  return sys::write_all(file.get(), json::dump(document, -1) + "\n");
}

void forget_large_files(const Store& store, const ChunkPlan& plan) {
  const std::string layers = store.path() + "/layers/";
  for (const BlobPart& part : plan.parts) {
    if (!part.file.starts_with(layers)) {
      continue;
    }
    const std::string directory = part.file.substr(0, part.file.find('/', layers.size()));
    if (const auto removed = sys::remove_file(directory + kFileName); !removed) {
      LOG_INFO("{}", removed.error().to_line());
    }
  }
}

Result<Contents> read_contents(Cancellation& cancellation,
                               const ContentsPlace& place,
                               std::uint64_t blob_bytes,
                               const BlobReader& read) {
  if (place.kind == ContentsKind::estargz) {
    TRY_ASSIGN(const std::string text, read_stargz_text(cancellation, place, blob_bytes, read));
    // It is a file of the tar, like the others.
    TRY_ASSIGN(auto files, parse_contents(text, place.kind, blob_bytes));
    return Contents{std::move(files), blob_bytes};
  }
  TRY_ASSIGN(const std::string bytes, read(place.offset, place.offset + place.size_bytes));
  if (sha256(bytes) != place.digest) {
    return fail(wrong_digest());
  }
  TRY_ASSIGN(const std::string text,
             run_confined(cancellation, {}, [&] { return unpack(bytes, place.unpacked_bytes); }));
  TRY_ASSIGN(auto files, parse_contents(text, place.kind, place.offset));
  return Contents{std::move(files),
                  place.offset > kSkippableHeaderBytes ? place.offset - kSkippableHeaderBytes : 0};
}

std::optional<ChunkPlan> plan_chunks(const Contents& contents,
                                     std::uint64_t blob_bytes,
                                     const KnownFiles& known) {
  ChunkPlan plan{.parts = {}, .fetched_bytes = 0, .blob_bytes = blob_bytes, .name = ""};
  Sha256 name;
  std::uint64_t position = 0;
  const auto fetch_up_to = [&](std::uint64_t end) {
    if (end > position) {
      plan.parts.push_back({.begin = position, .end = end});
      plan.fetched_bytes += end - position;
      name.update(format("{}-{} ", position, end));
    }
  };
  for (const LargeFile& file : worth_skipping(contents.files, contents.end, known)) {
    const auto found = known.find(file.digest);
    fetch_up_to(file.begin);
    plan.parts.push_back({.begin = file.begin,
                          .end = file.end,
                          .file = found->second,
                          .file_bytes = file.size_bytes});
    position = file.end;
  }
  fetch_up_to(contents.end);
  plan.name = name.finish().abbreviated();
  if (plan.fetched_bytes + kLeastSavedBytes > blob_bytes) {
    return std::nullopt;
  }
  return plan;
}

Result<void> fetch_parts(const ChunkPlan& plan,
                         std::uint64_t have,
                         const std::function<Result<void>(std::uint64_t, std::uint64_t)>& fetch) {
  for (const BlobPart& part : plan.parts) {
    if (!part.file.empty()) {
      continue;
    }
    const std::uint64_t size = part.end - part.begin;
    const std::uint64_t skipped = std::min(have, size);
    have -= skipped;
    if (skipped < size) {
      TRY(fetch(part.begin + skipped, part.end));
    }
  }
  return {};
}

}  // namespace devenv::image::fetch
