// SPDX-License-Identifier: MIT
// An Error as bytes: four fields per error, outermost first, each ended by NUL.
#include <algorithm>
#include <optional>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sandbox/user_namespace.hpp"

namespace devenv::sandbox {
namespace {

constexpr std::size_t kFields = 4;

void append_field(std::string& bytes, std::string_view field) {
  const std::size_t begin = bytes.size();
  bytes += field;
  // The separator cannot be part of a field. Messages are sanitized, so none is lost here.
  std::replace(bytes.begin() + static_cast<std::ptrdiff_t>(begin), bytes.end(), '\0', '?');
  bytes += '\0';
}

}  // namespace

std::string encode_error(const Error& error) {
  std::string bytes;
  for (const Error* level = &error; level != nullptr; level = level->cause()) {
    append_field(bytes, to_string(level->code()));
    append_field(bytes, format("{}", level->sys_errno()));
    append_field(bytes, level->message());
    append_field(bytes, level->hint());
  }
  return bytes;
}

Error decode_error(std::string_view text) {
  const auto fields = text::split(text, '\0');
  // The last separator leaves one empty field behind it.
  if (fields.size() < kFields + 1 || fields.size() % kFields != 1 || !fields.back().empty()) {
    return {ErrorCode::failed, "a child process failed without saying why"};
  }
  std::optional<Error> error;
  for (std::size_t level = fields.size() / kFields; level > 0; --level) {
    const auto* field = &fields[(level - 1) * kFields];
    const auto number = text::parse_number(field[1]).value_or(0);
    const Error outer =
        Error::restored(error_code_from_string(field[0]), static_cast<int>(number),
                        std::string(field[2]), std::string(field[3]), error ? &*error : nullptr);
    error.emplace(outer);
  }
  return *error;
}

}  // namespace devenv::sandbox
