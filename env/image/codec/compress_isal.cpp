// SPDX-License-Identifier: MIT
#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "env/image/codec/compress.hpp"

namespace devenv::image {
namespace {

constexpr std::uint32_t kLevel = 1;  // a tenth larger than zlib's 6, and many times as fast
constexpr std::size_t kOutputBytes = 256U * 1024;

class IsalSink final : public CompressingSink {
 public:
  explicit IsalSink(ByteSink& next)
      : next_(next), output_(kOutputBytes, '\0'), level_buffer_(ISAL_DEF_LVL1_DEFAULT) {
    ::isal_deflate_init(&stream_);
    stream_.level = kLevel;
    stream_.level_buf = level_buffer_.data();
    stream_.level_buf_size = static_cast<std::uint32_t>(level_buffer_.size());
    stream_.gzip_flag = IGZIP_GZIP;
    stream_.flush = NO_FLUSH;
  }

  Result<void> write(std::string_view bytes) override {
    constexpr std::size_t kLargestStep = std::numeric_limits<std::int32_t>::max();
    while (!bytes.empty()) {
      const std::string_view part = bytes.substr(0, kLargestStep);
      bytes.remove_prefix(part.size());
      // ISA-L does not write to its input; its interface has no const.
      stream_.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(part.data()));
      stream_.avail_in = static_cast<std::uint32_t>(part.size());
      TRY(run());
    }
    return {};
  }

  Result<void> finish() override {
    stream_.avail_in = 0;
    stream_.end_of_stream = 1;
    return run();
  }

 private:
  Result<void> run() {
    do {
      stream_.next_out = reinterpret_cast<std::uint8_t*>(output_.data());
      stream_.avail_out = static_cast<std::uint32_t>(output_.size());
      (void)::isal_deflate(&stream_);  // fails only when called wrongly
      TRY(next_.write(std::string_view(output_).substr(0, output_.size() - stream_.avail_out)));
    } while (stream_.avail_out == 0 ||
             (stream_.end_of_stream != 0 && stream_.internal_state.state != ZSTATE_END));
    return {};
  }

  ByteSink& next_;
  std::string output_;
  std::vector<std::uint8_t> level_buffer_;
  isal_zstream stream_{};
};

}  // namespace

std::unique_ptr<CompressingSink> make_isal_sink(ByteSink& next) {
  return std::make_unique<IsalSink>(next);
}

}  // namespace devenv::image
