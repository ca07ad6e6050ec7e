// SPDX-License-Identifier: MIT
// Text out and numbers in, without stdio and without a locale.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace devenv::guest {

/// Writes the parts to `fd`, in one write if it takes them. Failure is ignored: nobody to tell.
void print(int fd, std::initializer_list<std::string_view> parts);

/// "PREFIX: MESSAGE\n" on standard error, control characters replaced: names are the caller's.
void complain(std::string_view prefix, std::initializer_list<std::string_view> message);

/// A decimal number that fills the text: no sign, no space, at most `maximum`.
std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t maximum);

/// The digits of a number, for print.
class Digits {
 public:
  explicit Digits(std::uint32_t value);
  std::string_view text() const { return {first_, static_cast<std::size_t>(end() - first_)}; }
  Digits(const Digits&) = delete;
  Digits& operator=(const Digits&) = delete;

 private:
  const char* end() const { return digits_ + sizeof digits_; }
  char digits_[10];
  char* first_;
};

/// A short text for an errno; the C library's table would pull in its locale.
std::string_view error_text(int error_number);

/// Up to the last '/'.
std::string_view basename(std::string_view path);

}  // namespace devenv::guest
