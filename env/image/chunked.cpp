// SPDX-License-Identifier: MIT
#include "env/image/chunked.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::image {
namespace {

/// The fourth number of the position: entries as JSON, the only kind there is.
constexpr std::uint64_t kContentsKind = 1;

/// Its older name, which podman 4 still writes, and today's.
constexpr std::array<std::string_view, 2> kPrefixes = {"io.github.containers.zstd-chunked.",
                                                       "io.containers.zstd-chunked."};

std::string annotation(const Json& annotations, std::string_view name) {
  for (const std::string_view prefix : kPrefixes) {
    if (std::string value = json::string_or(annotations, format("{}{}", prefix, name), "");
        !value.empty()) {
      return value;
    }
  }
  return "";
}

/// Reads the entries as they come: all of them at once would take ten times the memory of the text.
/// Only large files stay.
class ContentsReader final : public nlohmann::json_sax<Json> {
 public:
  std::vector<LargeFile> files;
  std::string problem;

  explicit ContentsReader(ContentsKind kind) : kind_(kind) {}
  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_integer(number_integer_t /*value*/) override { return true; }
  bool number_unsigned(number_unsigned_t value) override {
    if (depth_ == kEntryDepth) {
      if (key_ == "size") {
        size_ = value;
      } else if (key_ == "offset") {
        begin_ = value;
      } else if (key_ == "endOffset") {
        end_ = value;
      } else if (key_ == "chunkOffset") {
        chunk_offset_ = value;
      } else if (key_ == "innerOffset") {
        inner_offset_ = value;
      }
    }
    return true;
  }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
  bool string(string_t& value) override {
    if (depth_ == kEntryDepth) {
      if (key_ == "type") {
        type_ = value;
      } else if (key_ == "name") {
        name_ = value;
      } else if (key_ == "digest") {
        digest_ = value;
      }
    }
    return true;
  }
  bool binary(binary_t& /*value*/) override { return true; }
  bool start_object(std::size_t /*elements*/) override {
    if (++depth_ == kEntryDepth) {
      size_ = begin_ = end_ = chunk_offset_ = inner_offset_ = 0;
      type_.clear();
      name_.clear();
      digest_.clear();
    }
    return depth_ <= kMaxDepth;
  }
  bool key(string_t& value) override {
    key_ = value;
    return true;
  }
  bool end_object() override {
    if (depth_-- == kEntryDepth) {
      add();
    }
    return true;
  }
  bool start_array(std::size_t /*elements*/) override { return ++depth_ <= kMaxDepth; }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool parse_error(std::size_t position,
                   const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    problem = format("it is no JSON at byte {}", position);
    return false;
  }

 private:
  static constexpr int kEntryDepth = 3;  // {"entries": [{
  static constexpr int kMaxDepth = 16;

  void add() {
    if (kind_ == ContentsKind::estargz && type_ == "chunk") {
      add_chunk();
      return;
    }
    alone_ = false;
    if (type_ != "reg" || size_ < kLargeFileBytes) {
      return;
    }
    if (kind_ == ContentsKind::estargz) {
      size_ = 0;
      end_ = begin_;
    } else if (begin_ >= end_) {
      return;
    }
    // What begins inside of a member cannot be left out, nor can what follows it there.
    alone_ = inner_offset_ == 0;
    if (auto digest = Digest::parse(digest_)) {
      files.push_back({.digest = std::move(*digest),
                       .size_bytes = size_,
                       .path = name_,
                       .begin = begin_,
                       .end = end_});
    }
  }

  /// What was before it in the file has members of its own, then.
  void add_chunk() {
    if (!files.empty() && files.back().path == name_ && alone_ && inner_offset_ == 0) {
      files.back().end = begin_;
      files.back().size_bytes = chunk_offset_;
    }
  }

  const ContentsKind kind_;
  bool alone_ = false;
  int depth_ = 0;
  std::string key_;
  std::string type_;
  std::string name_;
  std::string digest_;
  std::uint64_t size_ = 0;
  std::uint64_t begin_ = 0;
  std::uint64_t end_ = 0;
  std::uint64_t chunk_offset_ = 0;
  std::uint64_t inner_offset_ = 0;
};

}  // namespace

/// A gzip member with nothing in it but an extra field: "SG", a length, 16 hex digits, "STARGZ".
std::optional<std::uint64_t> parse_stargz_footer(std::string_view footer) {
  constexpr std::string_view kBegin("\x1f\x8b\x08\x04", 4);
  constexpr std::string_view kField("\x1a\0SG\x16\0", 6);
  constexpr std::string_view kName = "STARGZ";
  constexpr std::size_t kFieldAt = 10;
  constexpr std::size_t kDigits = 16;
  if (footer.size() != kStargzFooterBytes || !footer.starts_with(kBegin) ||
      !footer.substr(kFieldAt).starts_with(kField) ||
      !footer.substr(kFieldAt + kField.size() + kDigits).starts_with(kName)) {
    return std::nullopt;
  }
  const std::string_view digits = footer.substr(kFieldAt + kField.size(), kDigits);
  std::uint64_t offset = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), offset, 16);
  return error == std::errc() && end == digits.end() ? std::optional(offset) : std::nullopt;
}

std::optional<ContentsPlace> contents_place(const Json& descriptor, std::uint64_t blob_bytes) {
  const Json* annotations = json::find(descriptor, "annotations");
  if (annotations == nullptr) {
    return std::nullopt;
  }
  if (auto stargz = Digest::parse(
          json::string_or(*annotations, "containerd.io/snapshot/stargz/toc.digest", ""));
      stargz && annotation(*annotations, "manifest-position").empty()) {
    return blob_bytes < kStargzFooterBytes
               ? std::nullopt
               : std::optional(
                     ContentsPlace{.kind = ContentsKind::estargz, .digest = std::move(*stargz)});
  }
  auto digest = Digest::parse(annotation(*annotations, "manifest-checksum"));
  const std::string place = annotation(*annotations, "manifest-position");
  const std::vector<std::string_view> position = text::split(place, ':');
  if (!digest || position.size() != 4) {
    return std::nullopt;
  }
  std::array<std::uint64_t, 4> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto number = text::parse_number(position[i]);
    if (!number) {
      return std::nullopt;
    }
    numbers[i] = *number;
  }
  const auto [offset, size, unpacked, kind] = numbers;
  if (kind != kContentsKind || offset > blob_bytes || size > blob_bytes - offset || size == 0 ||
      size > kMaxContentsBytes || unpacked > kMaxContentsBytes) {
    return std::nullopt;
  }
  return ContentsPlace{.kind = ContentsKind::zstd_chunked,
                       .digest = std::move(*digest),
                       .offset = offset,
                       .size_bytes = size,
                       .unpacked_bytes = unpacked};
}

Result<std::vector<LargeFile>> parse_contents(std::string_view text,
                                              ContentsKind kind,
                                              std::uint64_t data_end) {
  ContentsReader reader(kind);
  if (!Json::sax_parse(text, &reader)) {
    return fail(ErrorCode::integrity,
                format("malformed table of contents: {}",
                       reader.problem.empty() ? "it is nested too deeply" : reader.problem));
  }
  std::vector<LargeFile> files = std::move(reader.files);
  std::sort(files.begin(), files.end(),
            [](const LargeFile& a, const LargeFile& b) { return a.begin < b.begin; });
  std::uint64_t position = 0;
  for (const LargeFile& file : files) {
    if (file.begin < position || file.end < file.begin || file.end > data_end) {
      return fail(ErrorCode::integrity, "malformed table of contents: files overlap");
    }
    position = file.end;
  }
  return files;
}

}  // namespace devenv::image
