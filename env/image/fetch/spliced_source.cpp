// SPDX-License-Identifier: MIT
#include "env/image/fetch/spliced_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "env/base/format.hpp"
#include "env/image/fetch/sources.hpp"
#include "env/sys/file.hpp"

namespace devenv::image::fetch {
namespace {

Result<sys::UniqueFd> open_known(const std::string& path) {
  TRY_ASSIGN(sys::UniqueFd file, sys::open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  TRY_ASSIGN(const struct stat info, sys::stat_fd(file.get()));
  return S_ISREG(info.st_mode) ? Result<sys::UniqueFd>(std::move(file))
                               : fail(ErrorCode::integrity, "it is no regular file");
}

/// Only a table of contents has said that it is there, and what it is. Whatever comes instead, the
/// layer can be had as a whole.
Error of_no_use(const Error& error) {
  return Error(ErrorCode::integrity, "a file of another layer is of no use: " + error.to_line());
}

}  // namespace

/// The next `size` bytes of a source.
class SplicedSource::Part final : public ByteSource {
 public:
  Part(ByteSource& inner, std::uint64_t size) : inner_(inner), left_(size) {}
  Result<std::size_t> read(std::span<char> buffer) override {
    const std::size_t wanted = std::min<std::uint64_t>(buffer.size(), left_);
    TRY_ASSIGN(const std::size_t count,
               wanted == 0 ? Result<std::size_t>(0U) : inner_.read(buffer.first(wanted)));
    left_ -= count;
    return count;
  }
  bool is_complete() const { return left_ == 0; }

 private:
  ByteSource& inner_;
  std::uint64_t left_;
};

SplicedSource::SplicedSource(ByteSource& fetched,
                             const std::vector<BlobPart>& parts,
                             std::uint64_t max_ratio,
                             MemoryGate gate)
    : fetched_(fetched), parts_(parts), max_ratio_(max_ratio), gate_(std::move(gate)) {}

SplicedSource::~SplicedSource() = default;

Result<void> SplicedSource::open(const BlobPart& part) {
  if (part.file.empty()) {
    part_ = std::make_unique<Part>(fetched_, part.end - part.begin);
    TRY_ASSIGN(decompressed_, decompress(*part_, max_ratio_, gate_));
    return {};
  }
  auto opened = open_known(part.file);
  if (!opened) {
    return fail(of_no_use(opened.error()));
  }
  file_ = std::move(*opened);
  contents_ = std::make_unique<FileSource>(file_.get(), 0, part.file_bytes);
  return {};
}

/// 0 at the end of the part.
Result<std::size_t> SplicedSource::read_part(std::span<char> buffer) {
  if (contents_ != nullptr) {
    auto count = contents_->read(buffer);
    return count ? std::move(count) : fail(of_no_use(count.error()));
  }
  if (decompressed_ == nullptr) {
    return 0U;
  }
  TRY_ASSIGN(const std::size_t count, decompressed_->read(buffer));
  if (count == 0 && !part_->is_complete()) {
    return fail(ErrorCode::integrity, "a part of the layer ends too early");
  }
  return count;
}

Result<std::size_t> SplicedSource::read(std::span<char> buffer) {
  while (true) {
    TRY_ASSIGN(const std::size_t count, read_part(buffer));
    if (count > 0 || next_ == parts_.size()) {
      return count;
    }
    contents_.reset();
    decompressed_.reset();
    part_.reset();
    TRY(open(parts_[next_++]));
  }
}

}  // namespace devenv::image::fetch
