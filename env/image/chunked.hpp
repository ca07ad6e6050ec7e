// SPDX-License-Identifier: MIT
// zstd:chunked and eStargz layers: ordinary zstd or gzip layers in which each file's contents are
// frames (members) of their own, with a table of contents behind them. What is here already need
// not be fetched.
//
// The last chunk of a file of an eStargz layer shares its member with the tar headers that follow:
// to leave it out would lose a piece of the tar, and with it the digest that tells whether all is
// right. So it is the other chunks, of some megabytes each, that need not come.
//
// Source: containers/storage, docs/containers-storage-zstd-chunked.md; stargz-snapshotter,
// docs/estargz.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/digest.hpp"
#include "env/base/json.hpp"
#include "env/base/result.hpp"

namespace devenv::image {

enum class ContentsKind { zstd_chunked, estargz };

/// Where in the blob its table of contents is.
struct ContentsPlace {
  ContentsKind kind = ContentsKind::zstd_chunked;
  Digest digest;  ///< zstd_chunked: of the bytes as they lie there; estargz: of its JSON
  // Of zstd_chunked; in an eStargz blob, its end says where.
  std::uint64_t offset = 0;
  std::uint64_t size_bytes = 0;      ///< as it lies there
  std::uint64_t unpacked_bytes = 0;  ///< its JSON
};

/// Larger tables of contents are not read: some 30,000 files.
constexpr std::uint64_t kMaxContentsBytes = 10U * 1024 * 1024;

/// How long the end of an eStargz blob is that says where its table of contents begins.
constexpr std::uint64_t kStargzFooterBytes = 51;
/// What it says; nullopt when it is none.
std::optional<std::uint64_t> parse_stargz_footer(std::string_view footer);

/// By the annotations of a layer's descriptor. nullopt: it has none, or they make no sense, or the
/// table is larger than is worth reading; the layer is an ordinary one in any case.
std::optional<ContentsPlace> contents_place(const Json& descriptor, std::uint64_t blob_bytes);

/// Smaller files are not worth a request.
constexpr std::uint64_t kLargeFileBytes = 256U * 1024;

/// A file of a layer that may be worth not to be fetched.
struct LargeFile {
  Digest digest;                 ///< of its contents
  std::uint64_t size_bytes = 0;  ///< of them, from their beginning, that are in the frames
  std::string path;              ///< in the layer; bytes from outside
  /// Where its frames are in the blob; of eStargz those that it shares with nothing else, or none.
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// The large files of a table of contents (JSON), in the order of the blob; `data_end` is where
/// the frames of files end. Errors: integrity.
Result<std::vector<LargeFile>> parse_contents(std::string_view text,
                                              ContentsKind kind,
                                              std::uint64_t data_end);

/// A piece of a blob: to be fetched, or the contents of a file that is here.
struct BlobPart {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::string file;              ///< absolute path; "" when it has to be fetched
  std::uint64_t file_bytes = 0;  ///< of that file, from its beginning
};

}  // namespace devenv::image
