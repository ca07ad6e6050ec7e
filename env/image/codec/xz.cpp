// SPDX-License-Identifier: MIT
#include <lzma.h>

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "env/base/format.hpp"
#include "env/image/codec/decoder.hpp"

namespace devenv::image {
namespace {

/// Before the first contents: the headers of the stream and of a block.
/// Source: The .xz File Format, 2.1.1 "Stream Header" and 3.1 "Block Header".
constexpr std::size_t kLongestBeginning = 12 + 1024;
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
    beginning_.clear();
    at_beginning_ = true;
    initialise();
  }

  Result<DecoderStep> step(std::span<const char> input, std::span<char> output) override {
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(input.data());
    stream_.avail_in = input.size();
    stream_.next_out = reinterpret_cast<std::uint8_t*>(output.data());
    stream_.avail_out = output.size();
    lzma_ret status = ::lzma_code(&stream_, LZMA_RUN);
    if (status == LZMA_MEMLIMIT_ERROR && limit_ < kMemoryLimit && at_beginning_ &&
        ::lzma_memusage(&stream_) <= kMemoryLimit) {
      TRY(gate_ ? gate_() : Result<void>());
      limit_ = kMemoryLimit;
      status = start_over(input, output);
    }
    at_beginning_ = at_beginning_ && stream_.avail_out == output.size() &&
                    beginning_.size() < kLongestBeginning;
    if (at_beginning_) {
      beginning_.append(input.data(), input.size() - stream_.avail_in);
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
  void initialise() {
    // Initialising again reuses the memory of the stream before.
    if (::lzma_stream_decoder(&stream_, limit_, 0) != LZMA_OK) {
      std::terminate();  // no memory
    }
  }

  /// With the new limit: before 5.2.6, liblzma could not go on after the error.
  lzma_ret start_over(std::span<const char> input, std::span<char> output) {
    initialise();
    lzma_ret status = LZMA_OK;
    for (const std::span<const char> part : {std::span<const char>(beginning_), input}) {
      stream_.next_in = reinterpret_cast<const std::uint8_t*>(part.data());
      stream_.avail_in = part.size();
      stream_.next_out = reinterpret_cast<std::uint8_t*>(output.data());
      stream_.avail_out = output.size();
      if (!part.empty() && status == LZMA_OK) {
        status = ::lzma_code(&stream_, LZMA_RUN);
      }
    }
    return status;
  }

  MemoryGate gate_;
  std::string beginning_;  ///< of the stream, as long as nothing has come out
  bool at_beginning_ = true;
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
