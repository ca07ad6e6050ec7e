// SPDX-License-Identifier: MIT
#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <limits>

#include "env/base/format.hpp"
#include "env/image/codec/decoder.hpp"

namespace devenv::image {
namespace {

constexpr std::size_t kLargestStep = std::numeric_limits<std::int32_t>::max();

const char* describe(int status) {
  switch (status) {
    case ISAL_INVALID_BLOCK:
      return "invalid block";
    case ISAL_INVALID_SYMBOL:
      return "invalid symbol";
    case ISAL_INVALID_LOOKBACK:
      return "invalid distance";
    case ISAL_INVALID_WRAPPER:
      return "invalid header";
    case ISAL_UNSUPPORTED_METHOD:
      return "unknown compression method";
    case ISAL_INCORRECT_CHECKSUM:
      return "wrong checksum";
    default:
      return "needs a dictionary";
  }
}

class IsalDecoder final : public Decoder {
 public:
  IsalDecoder() { start_member(); }

  const char* name() const override { return "gzip"; }
  bool starts_member(std::span<const char> bytes) const override {
    return starts_gzip_member(bytes);
  }
  void start_member() override {
    ::isal_inflate_init(&state_);
    ::isal_gzip_header_init(&header_);
    // isal_inflate reads headers too, but forgets its flags when one comes in two pieces (2.30).
    in_header_ = true;
    state_.crc_flag = ISAL_GZIP_NO_HDR_VER;  // the trailer is read and checked
  }

  Result<DecoderStep> step(std::span<const char> input, std::span<char> output) override {
    const auto input_size = static_cast<std::uint32_t>(std::min(input.size(), kLargestStep));
    const auto output_size = static_cast<std::uint32_t>(std::min(output.size(), kLargestStep));
    // ISA-L does not write to its input.
    state_.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(input.data()));
    state_.avail_in = input_size;
    state_.next_out = reinterpret_cast<std::uint8_t*>(output.data());
    state_.avail_out = output_size;
    int status = ISAL_DECOMP_OK;
    if (in_header_) {
      status = ::isal_read_gzip_header(&state_, &header_);
      in_header_ = status != ISAL_DECOMP_OK;
    }
    if (!in_header_) {
      status = ::isal_inflate(&state_);
    } else if (status == ISAL_END_INPUT) {
      return DecoderStep{.consumed = input_size - state_.avail_in, .produced = 0};
    }
    if (status < 0 || status == ISAL_NEED_DICT) {
      return fail(ErrorCode::integrity, format("damaged gzip data: {}", describe(status)));
    }
    return DecoderStep{.consumed = input_size - state_.avail_in,
                       .produced = output_size - state_.avail_out,
                       .member_ended = state_.block_state == ISAL_BLOCK_FINISH};
  }

 private:
  inflate_state state_{};
  isal_gzip_header header_{};
  bool in_header_ = true;
};

}  // namespace

std::unique_ptr<Decoder> make_isal_decoder() {
  return std::make_unique<IsalDecoder>();
}

}  // namespace devenv::image
