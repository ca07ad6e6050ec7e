// SPDX-License-Identifier: MIT
#include "profiles/toml_writer.hpp"

#include "env/base/format.hpp"

namespace devenv::profiles {
namespace {

bool is_bare_key(std::string_view key) {
  return !key.empty() && key.find_first_not_of(
                             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
                             std::string_view::npos;
}

}  // namespace

std::string toml_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        quoted += "\\\"";
        break;
      case '\\':
        quoted += "\\\\";
        break;
      case '\n':
        quoted += "\\n";
        break;
      case '\t':
        quoted += "\\t";
        break;
      default: {
        constexpr unsigned char kFirstPrintable = 0x20;
        constexpr unsigned char kDelete = 0x7f;
        const auto byte = static_cast<unsigned char>(c);
        quoted += byte < kFirstPrintable || byte == kDelete ? format("\\u{:04x}", unsigned{byte})
                                                            : std::string(1, c);
      }
    }
  }
  return quoted + "\"";
}

std::string toml_key(std::string_view key) {
  return is_bare_key(key) ? std::string(key) : toml_string(key);
}

void TomlWriter::line(std::string_view key, std::string_view value) {
  if (!header_.empty()) {
    text_ += (text_.empty() ? "" : "\n") + header_ + "\n";
    header_.clear();
  }
  text_ += format("{} = {}\n", toml_key(key), value);
}

void TomlWriter::text(std::string_view key, std::string_view value) {
  if (!value.empty()) {
    line(key, toml_string(value));
  }
}

void TomlWriter::list(std::string_view key, const std::vector<std::string>& values) {
  if (values.empty()) {
    return;
  }
  std::vector<std::string> quoted;
  for (const std::string& value : values) {
    quoted.push_back(toml_string(value));
  }
  line(key, format("[{}]", join(quoted, ", ")));
}

}  // namespace devenv::profiles
