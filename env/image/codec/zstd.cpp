// SPDX-License-Identifier: MIT
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "env/base/format.hpp"
#include "env/image/codec/decoder.hpp"

namespace devenv::image {
namespace {

constexpr int kUsualWindowLog = 23;    // 8 MiB: more needs `--long` or `--ultra`
constexpr int kLargestWindowLog = 27;  // 128 MiB
/// Source: RFC 8878, 3.1.1.1 "Frame_Header".
constexpr std::size_t kLongestHeader = 18;

class ZstdDecoder final : public Decoder {
 public:
  explicit ZstdDecoder(MemoryGate gate) : gate_(std::move(gate)) { allow(kUsualWindowLog); }

  const char* name() const override { return "zstd"; }
  bool starts_member(std::span<const char> bytes) const override {
    return starts_zstd_frame(bytes);
  }
  // A finished context starts with the next frame by itself.
  void start_member() override { header_.clear(); }

  Result<DecoderStep> step(std::span<const char> input, std::span<char> output) override {
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer out{output.data(), output.size(), 0};
    std::size_t status = ::ZSTD_decompressStream(context_.get(), &out, &in);
    if (::ZSTD_getErrorCode(status) == ZSTD_error_frameParameter_windowTooLarge && gate_) {
      TRY(gate_());
      gate_ = nullptr;
      status = start_over(in, out);
    }
    header_.append(input.data(), std::min(in.pos, kLongestHeader - header_.size()));
    if (::ZSTD_isError(status) != 0) {
      return fail(ErrorCode::integrity,
                  format("damaged zstd data: {}", ::ZSTD_getErrorName(status)));
    }
    return DecoderStep{.consumed = in.pos, .produced = out.pos, .member_ended = status == 0};
  }

 private:
  void allow(int window_log) {
    if (context_ == nullptr || ::ZSTD_isError(::ZSTD_DCtx_setParameter(
                                   context_.get(), ZSTD_d_windowLogMax, window_log)) != 0) {
      std::terminate();  // no memory
    }
  }

  /// The frame's header again, of which an earlier call may have had the beginning.
  std::size_t start_over(ZSTD_inBuffer& in, ZSTD_outBuffer& out) {
    (void)::ZSTD_DCtx_reset(context_.get(), ZSTD_reset_session_only);
    allow(kLargestWindowLog);
    ZSTD_inBuffer beginning{header_.data(), header_.size(), 0};
    if (beginning.size > 0) {
      (void)::ZSTD_decompressStream(context_.get(), &out, &beginning);
    }
    in.pos = 0;
    return ::ZSTD_decompressStream(context_.get(), &out, &in);
  }

  MemoryGate gate_;     ///< none: it was asked
  std::string header_;  ///< the first bytes of the frame
  std::unique_ptr<ZSTD_DCtx, decltype(&::ZSTD_freeDCtx)> context_{::ZSTD_createDCtx(),
                                                                  &::ZSTD_freeDCtx};
};

}  // namespace

bool starts_zstd_frame(std::span<const char> bytes) {
  if (bytes.size() < 4) {
    return false;
  }
  std::uint32_t magic = 0;  // little-endian
  for (std::size_t i = 4; i-- > 0;) {
    magic = magic << 8U | static_cast<unsigned char>(bytes[i]);
  }
  // Source: RFC 8878, 3.1.1 "Zstandard Frames" and 3.1.2 "Skippable Frames" (16 magic numbers).
  return magic == 0xFD2FB528U || (magic & 0xFFFFFFF0U) == 0x184D2A50U;
}

std::unique_ptr<Decoder> make_zstd_decoder(MemoryGate gate) {
  return std::make_unique<ZstdDecoder>(gate ? std::move(gate) : [] { return Result<void>(); });
}

}  // namespace devenv::image
