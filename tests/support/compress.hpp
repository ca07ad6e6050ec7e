// SPDX-License-Identifier: MIT
// Compressed streams for tests.
#pragma once

#include <string>
#include <string_view>

namespace devenv::test {

enum class Compression { none, gzip, zstd, xz, bzip2 };

/// `bytes` as one member (frame, stream) of the kind. Aborts the test program when it fails.
std::string compress(std::string_view bytes, Compression kind);

}  // namespace devenv::test
