// SPDX-License-Identifier: MIT
#include "env/image/codec/decompress.hpp"

#include <algorithm>

#include "env/base/format.hpp"
#include "env/image/codec/decoder.hpp"
#include "env/image/codec/input.hpp"
#include "env/image/codec/member_source.hpp"

namespace devenv::image {
namespace {

/// Small things may compress extremely well; they are no danger either.
constexpr std::uint64_t kRatioFreeBytes = 100U * 1024 * 1024;

/// What was read to find the kind, and then the rest.
class PlainSource final : public ByteSource {
 public:
  explicit PlainSource(Input& input) : input_(input) {}
  Result<std::size_t> read(std::span<char> buffer) override {
    TRY(input_.refill());
    const auto bytes = input_.available().first(std::min(buffer.size(), input_.available().size()));
    std::copy(bytes.begin(), bytes.end(), buffer.begin());
    input_.consume(bytes.size());
    return bytes.size();
  }

 private:
  Input& input_;
};

/// nullptr when no decoder knows the first bytes.
std::unique_ptr<Decoder> make_decoder(std::span<const char> magic, const MemoryGate& gate) {
  if (starts_gzip_member(magic)) {
#ifdef DEVENV_HAVE_ISAL
    return make_isal_decoder();
#else
    return make_zlib_decoder();
#endif
  }
  if (starts_zstd_frame(magic)) {
    return make_zstd_decoder(gate);
  }
  if (starts_xz_stream(magic)) {
    return make_xz_decoder(gate);
  }
  if (starts_bzip2_stream(magic)) {
    return make_bzip2_decoder();
  }
  return nullptr;
}

/// Owns the chain, and sees what goes in and what comes out.
class DecompressingSource final : public ByteSource {
 public:
  DecompressingSource(ByteSource& inner, std::uint64_t max_ratio)
      : input_(inner), max_ratio_(max_ratio) {}

  Result<void> open(const MemoryGate& gate) {
    TRY_ASSIGN(const auto magic, input_.peek(kLongestMagic));
    if (auto decoder = make_decoder(magic, gate)) {
      decoded_ = std::make_unique<MemberSource>(input_, std::move(decoder));
    } else {
      decoded_ = std::make_unique<PlainSource>(input_);
    }
    return {};
  }

  Result<std::size_t> read(std::span<char> buffer) override {
    TRY_ASSIGN(const std::size_t count, decoded_->read(buffer));
    produced_ += count;
    if (produced_ > kRatioFreeBytes && produced_ / max_ratio_ > input_.received()) {
      return fail(
          Error(ErrorCode::integrity, format("{} bytes grow to more than {} times their size",
                                             input_.received(), max_ratio_))
              .with_hint("DEVENV_IMAGE_MAX_RATIO sets the limit"));
    }
    return count;
  }

 private:
  Input input_;
  std::unique_ptr<ByteSource> decoded_;
  std::uint64_t max_ratio_;
  std::uint64_t produced_ = 0;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> decompress(ByteSource& inner,
                                               std::uint64_t max_ratio,
                                               const MemoryGate& gate) {
  auto source = std::make_unique<DecompressingSource>(inner, std::max(max_ratio, std::uint64_t{1}));
  TRY(source->open(gate));
  return std::unique_ptr<ByteSource>(std::move(source));
}

}  // namespace devenv::image
