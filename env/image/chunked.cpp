// SPDX-License-Identifier: MIT
#include "env/image/chunked.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::image {
namespace {

/// Of its JSON: some 30,000 files.
constexpr std::uint64_t kMaxContentsBytes = 10U * 1024 * 1024;
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
      size_ = begin_ = end_ = 0;
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
    if (type_ != "reg" || size_ < kLargeFileBytes || begin_ >= end_) {
      return;
    }
    if (auto digest = Digest::parse(digest_)) {
      files.push_back({.digest = std::move(*digest),
                       .size_bytes = size_,
                       .path = name_,
                       .begin = begin_,
                       .end = end_});
    }
  }

  int depth_ = 0;
  std::string key_;
  std::string type_;
  std::string name_;
  std::string digest_;
  std::uint64_t size_ = 0;
  std::uint64_t begin_ = 0;
  std::uint64_t end_ = 0;
};

}  // namespace

std::optional<ContentsPlace> contents_place(const Json& descriptor, std::uint64_t blob_bytes) {
  const Json* annotations = json::find(descriptor, "annotations");
  if (annotations == nullptr) {
    return std::nullopt;
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
  return ContentsPlace{.offset = offset,
                       .size_bytes = size,
                       .unpacked_bytes = unpacked,
                       .digest = std::move(*digest)};
}

Result<std::vector<LargeFile>> parse_contents(std::string_view text, std::uint64_t data_end) {
  ContentsReader reader;
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
    if (file.begin < position || file.end > data_end) {
      return fail(ErrorCode::integrity, "malformed table of contents: files overlap");
    }
    position = file.end;
  }
  return files;
}

}  // namespace devenv::image
