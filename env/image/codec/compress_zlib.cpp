// SPDX-License-Identifier: MIT
#include <zlib.h>

#include <algorithm>
#include <exception>
#include <limits>
#include <string>

#include "env/image/codec/compress.hpp"

namespace devenv::image {
namespace {

constexpr int kGzipWithLargestWindow = 16 + MAX_WBITS;  // zlib.h, deflateInit2
constexpr int kLevel = 4;
constexpr int kMemoryLevel = 8;  // zlib's default
constexpr std::size_t kOutputBytes = 256U * 1024;

class ZlibSink final : public CompressingSink {
 public:
  explicit ZlibSink(ByteSink& next) : next_(next), output_(kOutputBytes, '\0') {
    if (::deflateInit2(&stream_, kLevel, Z_DEFLATED, kGzipWithLargestWindow, kMemoryLevel,
                       Z_DEFAULT_STRATEGY) != Z_OK) {
      std::terminate();  // no memory for 256 KiB, or a zlib of another version
    }
  }
  ~ZlibSink() override { ::deflateEnd(&stream_); }

  Result<void> write(std::string_view bytes) override {
    constexpr std::size_t kLargestStep = std::numeric_limits<uInt>::max();
    while (!bytes.empty()) {
      const std::string_view part = bytes.substr(0, kLargestStep);
      bytes.remove_prefix(part.size());
      // zlib does not write to its input; its interface is older than const.
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
      stream_.avail_in = static_cast<uInt>(part.size());
      TRY(run(Z_NO_FLUSH));
    }
    return {};
  }

  Result<void> finish() override {
    stream_.avail_in = 0;
    return run(Z_FINISH);
  }

 private:
  /// Until all input is taken and all output that there is has been passed on.
  Result<void> run(int flush) {
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(output_.data());
      stream_.avail_out = static_cast<uInt>(output_.size());
      (void)::deflate(&stream_, flush);  // fails only when called wrongly
      TRY(next_.write(std::string_view(output_).substr(0, output_.size() - stream_.avail_out)));
    } while (stream_.avail_out == 0);
    return {};
  }

  ByteSink& next_;
  std::string output_;
  z_stream stream_{};
};

}  // namespace

std::unique_ptr<CompressingSink> make_zlib_sink(ByteSink& next) {
  return std::make_unique<ZlibSink>(next);
}

std::unique_ptr<CompressingSink> make_gzip_sink(ByteSink& next) {
#ifdef DEVENV_HAVE_ISAL
  return make_isal_sink(next);
#else
  return make_zlib_sink(next);
#endif
}

}  // namespace devenv::image
