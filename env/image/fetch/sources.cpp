// SPDX-License-Identifier: MIT
#include "env/image/fetch/sources.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>

#include "env/base/format.hpp"
#include "env/sys/file.hpp"

namespace devenv::image::fetch {
namespace {

constexpr std::int64_t kTellEveryMs = 100;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Result<std::size_t> TextSource::read(std::span<char> buffer) {
  const std::size_t count = left_.copy(buffer.data(), buffer.size());
  left_.remove_prefix(count);
  return count;
}

Result<std::string> read_up_to(ByteSource& source, std::uint64_t max_bytes) {
  std::string text;
  std::string block(std::min<std::uint64_t>(max_bytes, kBlockSize), '\0');
  while (text.size() < max_bytes) {
    const std::size_t wanted = std::min<std::uint64_t>(block.size(), max_bytes - text.size());
    TRY_ASSIGN(const std::size_t count, source.read(std::span(block).first(wanted)));
    if (count == 0) {
      break;
    }
    text.append(block, 0, count);
  }
  return text;
}

Result<std::size_t> FileSource::read(std::span<char> buffer) {
  const std::size_t wanted = std::min<std::uint64_t>(buffer.size(), end_ - position_);
  if (wanted == 0) {
    return 0;
  }
  TRY_ASSIGN(const std::size_t count, sys::read_at(fd_, buffer.first(wanted), position_));
  if (count == 0) {
    return fail(ErrorCode::integrity, format("the file ends {} bytes too early", end_ - position_));
  }
  position_ += count;
  return count;
}

Result<std::size_t> PipeSource::read(std::span<char> buffer) {
  return sys::read_some(fd_, buffer);
}

Result<void> GrowingFileSource::wait_for_more() {
  std::array<char, 512 * sizeof(std::uint64_t)> block{};
  TRY_ASSIGN(const std::size_t count, sys::read_some(announcements_, block));
  if (count == 0) {
    return fail(ErrorCode::network, "the download ended early");
  }
  // Each announcement is one write of 8 bytes, so reads end between two. The last one counts.
  std::memcpy(&available_, block.data() + (count / sizeof available_ - 1) * sizeof available_,
              sizeof available_);
  return {};
}

Result<std::size_t> GrowingFileSource::read(std::span<char> buffer) {
  while (position_ == available_ && position_ < size_) {
    TRY(wait_for_more());
  }
  const std::size_t wanted = std::min<std::uint64_t>(buffer.size(), available_ - position_);
  if (wanted == 0) {
    return 0;
  }
  TRY_ASSIGN(const std::size_t count, sys::read_at(fd_, buffer.first(wanted), position_));
  if (count == 0) {
    return fail(ErrorCode::failed, "the downloaded file was cut short by somebody else");
  }
  position_ += count;
  return count;
}

CountingSource::CountingSource(ByteSource& inner, std::function<void(std::uint64_t)> tell)
    : inner_(inner), tell_(std::move(tell)), told_at_ms_(now_ms()) {}

Result<std::size_t> CountingSource::read(std::span<char> buffer) {
  TRY_ASSIGN(const std::size_t count, inner_.read(buffer));
  count_ += count;
  if (const std::int64_t now = now_ms(); now - told_at_ms_ >= kTellEveryMs) {
    told_at_ms_ = now;
    tell_(count_);
  }
  return count;
}

}  // namespace devenv::image::fetch
