// SPDX-License-Identifier: MIT
#include <bzlib.h>

#include <algorithm>
#include <exception>
#include <limits>
#include <string_view>

#include "env/base/format.hpp"
#include "env/image/codec/decoder.hpp"

namespace devenv::image {
namespace {

constexpr std::size_t kLargestStep = std::numeric_limits<unsigned>::max();

class Bzip2Decoder final : public Decoder {
 public:
  ~Bzip2Decoder() override { ::BZ2_bzDecompressEnd(&stream_); }

  const char* name() const override { return "bzip2"; }
  bool starts_member(std::span<const char> bytes) const override {
    return starts_bzip2_stream(bytes);
  }
  void start_member() override {
    // There is no reset. Ending a stream that was never started only returns an error.
    ::BZ2_bzDecompressEnd(&stream_);
    stream_ = bz_stream{};
    if (::BZ2_bzDecompressInit(&stream_, 0, 0) != BZ_OK) {
      std::terminate();  // no memory
    }
  }

  Result<DecoderStep> step(std::span<const char> input, std::span<char> output) override {
    const auto input_size = static_cast<unsigned>(std::min(input.size(), kLargestStep));
    const auto output_size = static_cast<unsigned>(std::min(output.size(), kLargestStep));
    // libbz2 does not write to its input.
    stream_.next_in = const_cast<char*>(input.data());
    stream_.avail_in = input_size;
    stream_.next_out = output.data();
    stream_.avail_out = output_size;
    const int status = ::BZ2_bzDecompress(&stream_);
    if (status != BZ_OK && status != BZ_STREAM_END) {
      return fail(ErrorCode::integrity, "damaged bzip2 data: wrong checksum or contents");
    }
    return DecoderStep{.consumed = input_size - stream_.avail_in,
                       .produced = output_size - stream_.avail_out,
                       .member_ended = status == BZ_STREAM_END};
  }

 private:
  bz_stream stream_{};
};

}  // namespace

bool starts_bzip2_stream(std::span<const char> bytes) {
  return bytes.size() >= 4 && std::string_view(bytes.data(), 3) == "BZh" && bytes[3] >= '1' &&
         bytes[3] <= '9';
}

std::unique_ptr<Decoder> make_bzip2_decoder() {
  return std::make_unique<Bzip2Decoder>();
}

}  // namespace devenv::image
