// SPDX-License-Identifier: MIT
// The header of one entry of a tar, as bytes: the counterpart of reader.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "env/image/layer/entry.hpp"

namespace devenv::image {

constexpr std::size_t kTarBlock = 512;

/// Appends a ustar header, and before it a pax header with what ustar has no room for: long names,
/// large numbers, fractions of seconds, attributes. The same entry always gives the same bytes:
/// ids are numbers without names, and attributes are written in the order given. A directory's
/// path ends with '/'.
///
/// libarchive's own writer is not used: what it puts into pax headers depends on the locale, the
/// process (their names hold its number) and its version.
///
/// Names are written as they are, of whatever encoding: pax says UTF-8, and every reader takes
/// other bytes for what they are. Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax
/// Interchange Format".
void append_tar_header(const Entry& entry, std::string& bytes);

/// How many zeros follow `size` bytes of contents.
constexpr std::size_t tar_padding(std::uint64_t size) {
  return static_cast<std::size_t>((kTarBlock - size % kTarBlock) % kTarBlock);
}

}  // namespace devenv::image
