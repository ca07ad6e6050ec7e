// SPDX-License-Identifier: MIT
#include "env/image/codec/read_ahead.hpp"

#include <algorithm>
#include <system_error>

#include "env/base/format.hpp"

namespace devenv::image {

ReadAhead::ReadAhead(ByteSource& inner, std::uint64_t limit) : inner_(inner), limit_(limit) {
  start();
}

ReadAhead::~ReadAhead() {
  stop();
}

void ReadAhead::start() {
  try {
    hasher_ = std::thread([this] { hash_all(); });
    reader_ = std::thread([this] { read_all(); });
    threads_ = true;
  } catch (const std::system_error&) {
    stop();
    stopped_ = false;
  }
}

void ReadAhead::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  for (std::thread* thread : {&reader_, &hasher_}) {
    if (thread->joinable()) {
      thread->join();
    }
  }
}

/// Whether there is a block; not at the end, nor after an error. Nobody else uses the slot.
bool ReadAhead::fill(Slot& slot) {
  auto count = inner_.read(slot.bytes);
  const std::lock_guard lock(mutex_);
  if (count && *count > limit_ - count_) {
    count = fail(ErrorCode::integrity, format("more than the expected {} bytes", limit_));
  }
  if (!count) {
    error_ = std::move(count).error();
  }
  if (!count || *count == 0) {
    ended_ = true;
    return false;
  }
  slot.size = *count;
  count_ += *count;
  ++filled_;
  return true;
}

void ReadAhead::read_all() {
  bool more = true;
  while (more) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopped_ || filled_ - std::min(hashed_, used_) < kSlots; });
    if (stopped_) {
      return;
    }
    Slot& free = slot(filled_);
    lock.unlock();
    more = fill(free);
    changed_.notify_all();
  }
}

void ReadAhead::hash_all() {
  while (true) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopped_ || ended_ || hashed_ < filled_; });
    if (stopped_ || hashed_ == filled_) {
      return;
    }
    const Slot& block = slot(hashed_);
    lock.unlock();
    hash_.update({block.bytes.data(), block.size});
    lock.lock();
    ++hashed_;
    lock.unlock();
    changed_.notify_all();
  }
}

Result<std::span<const char>> ReadAhead::next(std::span<char> /*buffer*/) {
  if (!rest_.empty()) {
    return std::exchange(rest_, {});
  }
  std::unique_lock lock(mutex_);
  used_ += has_block_ ? 1 : 0;
  has_block_ = false;
  if (!threads_) {
    lock.unlock();
    if (!ended_ && fill(slot(filled_))) {
      hash_.update({slot(hashed_).bytes.data(), slot(hashed_).size});
      ++hashed_;
    }
    lock.lock();
  } else {
    changed_.notify_all();
    changed_.wait(lock, [this] { return used_ < filled_ || ended_; });
  }
  if (used_ < filled_) {
    has_block_ = true;
    const Slot& block = slot(used_);
    return std::span<const char>(block.bytes).first(block.size);
  }
  if (error_) {
    return fail(*error_);
  }
  return std::span<const char>{};
}

Result<std::size_t> ReadAhead::read(std::span<char> buffer) {
  TRY_ASSIGN(const std::span<const char> bytes, next({}));
  const std::size_t count = std::min(bytes.size(), buffer.size());
  std::copy_n(bytes.begin(), count, buffer.begin());
  rest_ = bytes.subspan(count);
  return count;
}

Result<Digest> ReadAhead::finish() {
  rest_ = {};
  while (true) {
    TRY_ASSIGN(const std::span<const char> bytes, next({}));
    if (bytes.empty()) {
      break;
    }
  }
  if (hasher_.joinable()) {
    hasher_.join();
  }
  stop();
  return hash_.finish();
}

}  // namespace devenv::image
