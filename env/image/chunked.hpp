// SPDX-License-Identifier: MIT
// zstd:chunked layers: ordinary zstd layers in which each file's contents are frames of their own,
// with a table of contents behind them. What is here already need not be fetched.
//
// Source: containers/storage, docs/containers-storage-zstd-chunked.md. eStargz has such a table,
// too, but its contents share their members with the headers that follow: leaving one out loses a
// piece of the tar, and without all of the tar its digest cannot be checked. So it is read whole.
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

/// Where in the blob its table of contents is.
struct ContentsPlace {
  std::uint64_t offset = 0;
  std::uint64_t size_bytes = 0;      ///< as it lies there
  std::uint64_t unpacked_bytes = 0;  ///< its JSON
  Digest digest;                     ///< of the bytes as they lie there
};

/// By the annotations of a layer's descriptor. nullopt: it has none, or they make no sense, or the
/// table is larger than is worth reading; the layer is an ordinary one in any case.
std::optional<ContentsPlace> contents_place(const Json& descriptor, std::uint64_t blob_bytes);

/// Smaller files are not worth a request.
constexpr std::uint64_t kLargeFileBytes = 256U * 1024;

/// A file of a layer that may be worth not to be fetched.
struct LargeFile {
  Digest digest;  ///< of its contents
  std::uint64_t size_bytes = 0;
  std::string path;  ///< in the layer; bytes from outside
  /// Where its frames are in the blob.
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// The large files of a table of contents (JSON), in the order of the blob; `data_end` is where
/// the frames of files end. Errors: integrity.
Result<std::vector<LargeFile>> parse_contents(std::string_view text, std::uint64_t data_end);

/// A piece of a blob: to be fetched, or the contents of a file that is here.
struct BlobPart {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::string file;              ///< absolute path; "" when it has to be fetched
  std::uint64_t file_bytes = 0;  ///< of that file
};

}  // namespace devenv::image
