// SPDX-License-Identifier: MIT
// A stream of members, each decompressed by a Decoder.
#pragma once

#include <memory>

#include "env/image/codec/decoder.hpp"
#include "env/image/codec/input.hpp"

namespace devenv::image {

/// The members of `input` one after the other, until the end or zero padding.
class MemberSource final : public ByteSource {
 public:
  /// `input` must outlive it.
  MemberSource(Input& input, std::unique_ptr<Decoder> decoder)
      : input_(input), decoder_(std::move(decoder)) {}

  /// Fills the whole buffer unless the end comes first: large blocks cost fewer system calls later.
  Result<std::size_t> read(std::span<char> buffer) override;

 private:
  enum class Position { before_member, in_member, at_end };
  Result<void> find_member();
  Result<std::size_t> decode(std::span<char> buffer);

  Input& input_;
  std::unique_ptr<Decoder> decoder_;
  Position position_ = Position::before_member;
};

}  // namespace devenv::image
