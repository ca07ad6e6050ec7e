// SPDX-License-Identifier: MIT
#include <lzma.h>

#include <cstdint>
#include <exception>
#include <string_view>
#include <utility>

#include "env/base/format.hpp"
#include "env/image/codec/decoder.hpp"

namespace devenv::image {
namespace {

/// Dictionaries of 128 MiB; the format allows 4 GiB.
constexpr std::uint64_t kMemoryLimit = 136ULL * 1024 * 1024;

const char* describe(lzma_ret status) {
  switch (status) {
    case LZMA_MEMLIMIT_ERROR:
      return "needs more than 136 MiB of memory";
    case LZMA_FORMAT_ERROR:
      return "invalid header";
    case LZMA_OPTIONS_ERROR:
      return "unknown options";
    default:
      return "wrong checksum or contents";
  }
}

/// One .xz stream is one member.
class XzDecoder final : public Decoder {
 public:
  explicit XzDecoder(MemoryGate gate) : gate_(std::move(gate)) {}
  ~XzDecoder() override { ::lzma_end(&stream_); }

  const char* name() const override { return "xz"; }
  bool starts_member(std::span<const char> bytes) const override { return starts_xz_stream(bytes); }
  void start_member() override {
    // Initialising again reuses the memory of the stream before.
    if (::lzma_stream_decoder(&stream_, limit_, 0) != LZMA_OK) {
      std::terminate();  // no memory
    }
  }

  Result<DecoderStep> step(std::span<const char> input, std::span<char> output) override {
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(input.data());
    stream_.avail_in = input.size();
    stream_.next_out = reinterpret_cast<std::uint8_t*>(output.data());
    stream_.avail_out = output.size();
    lzma_ret status = ::lzma_code(&stream_, LZMA_RUN);
    if (status == LZMA_MEMLIMIT_ERROR && limit_ < kMemoryLimit &&
        ::lzma_memusage(&stream_) <= kMemoryLimit) {
      TRY(gate_ ? gate_() : Result<void>());
      limit_ = kMemoryLimit;
      (void)::lzma_memlimit_set(&stream_, limit_);
      status = ::lzma_code(&stream_, LZMA_RUN);
    }
    // LZMA_BUF_ERROR says that nothing could be done, which the caller sees by itself.
    if (status != LZMA_OK && status != LZMA_STREAM_END && status != LZMA_BUF_ERROR) {
      return fail(ErrorCode::integrity, format("damaged xz data: {}", describe(status)));
    }
    return DecoderStep{.consumed = input.size() - stream_.avail_in,
                       .produced = output.size() - stream_.avail_out,
                       .member_ended = status == LZMA_STREAM_END};
  }

 private:
  MemoryGate gate_;
  std::uint64_t limit_ = kLittleMemory;
  lzma_stream stream_ = LZMA_STREAM_INIT;
};

}  // namespace

bool starts_xz_stream(std::span<const char> bytes) {
  // Source: The .xz File Format, 2.1.1.1 "Header Magic Bytes".
  constexpr std::string_view kMagic("\xFD\x37\x7A\x58\x5A\x00", 6);
  return std::string_view(bytes.data(), bytes.size()).starts_with(kMagic);
}

std::unique_ptr<Decoder> make_xz_decoder(MemoryGate gate) {
  return std::make_unique<XzDecoder>(std::move(gate));
}

}  // namespace devenv::image
