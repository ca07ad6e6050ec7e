// SPDX-License-Identifier: MIT
#include <zlib.h>

#include <algorithm>
#include <exception>
#include <limits>

#include "env/base/format.hpp"
#include "env/image/codec/decoder.hpp"

namespace devenv::image {
namespace {

constexpr int kGzipWithLargestWindow = 16 + MAX_WBITS;  // zlib.h, inflateInit2
constexpr std::size_t kLargestStep = std::numeric_limits<uInt>::max();

class ZlibDecoder final : public Decoder {
 public:
  ZlibDecoder() {
    if (::inflateInit2(&stream_, kGzipWithLargestWindow) != Z_OK) {
      std::terminate();  // no memory for 40 KiB, or a zlib of another version
    }
  }
  ~ZlibDecoder() override { ::inflateEnd(&stream_); }

  const char* name() const override { return "gzip"; }
  bool starts_member(std::span<const char> bytes) const override {
    return starts_gzip_member(bytes);
  }
  void start_member() override { ::inflateReset(&stream_); }

  Result<DecoderStep> step(std::span<const char> input, std::span<char> output) override {
    const auto input_size = static_cast<uInt>(std::min(input.size(), kLargestStep));
    const auto output_size = static_cast<uInt>(std::min(output.size(), kLargestStep));
    // zlib does not write to its input; its interface is older than const.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    stream_.avail_in = input_size;
    stream_.next_out = reinterpret_cast<Bytef*>(output.data());
    stream_.avail_out = output_size;
    const int status = ::inflate(&stream_, Z_NO_FLUSH);
    // Z_BUF_ERROR says that nothing could be done, which the caller sees by itself.
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
      return fail(ErrorCode::integrity,
                  format("damaged gzip data: {}",
                         stream_.msg != nullptr ? stream_.msg : "needs a dictionary"));
    }
    return DecoderStep{.consumed = input_size - stream_.avail_in,
                       .produced = output_size - stream_.avail_out,
                       .member_ended = status == Z_STREAM_END};
  }

 private:
  z_stream stream_{};
};

}  // namespace

bool starts_gzip_member(std::span<const char> bytes) {
  return bytes.size() >= 2 && bytes[0] == '\x1f' && bytes[1] == '\x8b';
}

std::unique_ptr<Decoder> make_zlib_decoder() {
  return std::make_unique<ZlibDecoder>();
}

}  // namespace devenv::image
