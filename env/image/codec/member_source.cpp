// SPDX-License-Identifier: MIT
#include "env/image/codec/member_source.hpp"

#include <algorithm>

#include "env/base/format.hpp"

namespace devenv::image {
namespace {

/// Consumes the rest of `input`. Errors: integrity if anything but zeros is left; `kind` is named.
Result<void> expect_padding(Input& input, const char* kind) {
  while (!input.at_end()) {
    TRY(input.refill());
    const auto bytes = input.available();
    if (std::any_of(bytes.begin(), bytes.end(), [](char c) { return c != '\0'; })) {
      return fail(ErrorCode::integrity, format("unexpected bytes after the {} data", kind));
    }
    input.consume(bytes.size());
  }
  return {};
}

}  // namespace

Result<std::size_t> MemberSource::read(std::span<char> buffer) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    if (position_ == Position::before_member) {
      TRY(find_member());
    }
    if (position_ == Position::at_end) {
      break;
    }
    TRY_ASSIGN(const std::size_t produced, decode(buffer.subspan(filled)));
    filled += produced;
  }
  return filled;
}

Result<void> MemberSource::find_member() {
  TRY_ASSIGN(const auto magic, input_.peek(kLongestMagic));
  if (decoder_->starts_member(magic)) {
    decoder_->start_member();
    position_ = Position::in_member;
    return {};
  }
  TRY(expect_padding(input_, decoder_->name()));
  position_ = Position::at_end;
  return {};
}

Result<std::size_t> MemberSource::decode(std::span<char> buffer) {
  TRY(input_.refill());
  // At the end of the input a decoder may still have output of its own.
  const bool no_more_input = input_.at_end();
  TRY_ASSIGN(const DecoderStep step, decoder_->step(input_.available(), buffer));
  input_.consume(step.consumed);
  if (step.member_ended) {
    position_ = Position::before_member;
  } else if (step.consumed == 0 && step.produced == 0) {
    return fail(ErrorCode::integrity,
                format("{} {} data", no_more_input ? "truncated" : "damaged", decoder_->name()));
  }
  return step.produced;
}

}  // namespace devenv::image
