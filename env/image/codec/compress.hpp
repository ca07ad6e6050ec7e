// SPDX-License-Identifier: MIT
// Compressing: gzip, which every registry and every program that pulls knows.
#pragma once

#include <memory>

#include "env/image/codec/byte_sink.hpp"

namespace devenv::image {

class CompressingSink : public ByteSink {
 public:
  /// Writes what is left. Once, at the end.
  virtual Result<void> finish() = 0;
};

/// With ISA-L where built in, else zlib, at a level where the network is slower than the processor.
/// The header has neither name nor time. `next` outlives it.
std::unique_ptr<CompressingSink> make_gzip_sink(ByteSink& next);

std::unique_ptr<CompressingSink> make_zlib_sink(ByteSink& next);
#ifdef DEVENV_HAVE_ISAL
std::unique_ptr<CompressingSink> make_isal_sink(ByteSink& next);
#endif

}  // namespace devenv::image
