// SPDX-License-Identifier: MIT
// Where the bytes of a layer come from.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "env/image/codec/byte_source.hpp"

namespace devenv::image::fetch {

/// Bytes in memory, which outlive it.
class TextSource final : public ByteSource {
 public:
  explicit TextSource(std::string_view bytes) : left_(bytes) {}
  Result<std::size_t> read(std::span<char> buffer) override;

 private:
  std::string_view left_;
};

/// Less than `max_bytes` only where the source ends before. Errors: those of `source`.
Result<std::string> read_up_to(ByteSource& source, std::uint64_t max_bytes);

/// A part of a regular file, or all of it.
class FileSource final : public ByteSource {
 public:
  FileSource(int fd, std::uint64_t offset, std::uint64_t size)
      : fd_(fd), position_(offset), end_(offset + size) {}
  /// Errors: integrity when the file ends before the part does.
  Result<std::size_t> read(std::span<char> buffer) override;

 private:
  int fd_;
  std::uint64_t position_;
  std::uint64_t end_;
};

/// A pipe, read to its end.
class PipeSource final : public ByteSource {
 public:
  explicit PipeSource(int fd) : fd_(fd) {}
  Result<std::size_t> read(std::span<char> buffer) override;

 private:
  int fd_;
};

/// A file that another process appends to. That process sends how many bytes there are (a uint64_t)
/// through a pipe after each block, and closes the pipe when it ends.
class GrowingFileSource final : public ByteSource {
 public:
  GrowingFileSource(int fd, int announcements, std::uint64_t size)
      : fd_(fd), announcements_(announcements), size_(size) {}
  /// Waits for bytes. Errors: network when the other process ended before `size` bytes were there;
  /// why, that process says.
  Result<std::size_t> read(std::span<char> buffer) override;

 private:
  Result<void> wait_for_more();

  int fd_;
  int announcements_;
  std::uint64_t size_;
  std::uint64_t available_ = 0;
  std::uint64_t position_ = 0;
};

/// Passes bytes on and tells about it ten times a second at most.
class CountingSource final : public ByteSource {
 public:
  CountingSource(ByteSource& inner, std::function<void(std::uint64_t)> tell);
  Result<std::size_t> read(std::span<char> buffer) override;
  std::uint64_t count() const { return count_; }

 private:
  ByteSource& inner_;
  std::function<void(std::uint64_t)> tell_;
  std::uint64_t count_ = 0;
  std::int64_t told_at_ms_ = 0;
};

}  // namespace devenv::image::fetch
