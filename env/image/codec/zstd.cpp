// SPDX-License-Identifier: MIT
#include <zstd.h>

#include <cstdint>
#include <exception>

#include "env/base/format.hpp"
#include "env/image/codec/decoder.hpp"

namespace devenv::image {
namespace {

constexpr int kLargestWindowLog = 27;  // 128 MiB

class ZstdDecoder final : public Decoder {
 public:
  ZstdDecoder() {
    if (context_ == nullptr || ::ZSTD_isError(::ZSTD_DCtx_setParameter(
                                   context_.get(), ZSTD_d_windowLogMax, kLargestWindowLog)) != 0) {
      std::terminate();  // no memory
    }
  }

  const char* name() const override { return "zstd"; }
  bool starts_member(std::span<const char> bytes) const override {
    return starts_zstd_frame(bytes);
  }
  // A finished context starts with the next frame by itself.
  void start_member() override {}

  Result<DecoderStep> step(std::span<const char> input, std::span<char> output) override {
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer out{output.data(), output.size(), 0};
    const std::size_t status = ::ZSTD_decompressStream(context_.get(), &out, &in);
    if (::ZSTD_isError(status) != 0) {
      return fail(ErrorCode::integrity,
                  format("damaged zstd data: {}", ::ZSTD_getErrorName(status)));
    }
    return DecoderStep{.consumed = in.pos, .produced = out.pos, .member_ended = status == 0};
  }

 private:
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

std::unique_ptr<Decoder> make_zstd_decoder() {
  return std::make_unique<ZstdDecoder>();
}

}  // namespace devenv::image
