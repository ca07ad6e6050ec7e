// SPDX-License-Identifier: MIT
#include "env/session/account_file.hpp"

#include <utility>

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::session {
namespace {

std::optional<AccountFields> parse_entry(std::string_view line, std::size_t field_count) {
  const std::vector<std::string_view> parts = text::split(line, ':');
  if (parts.size() != field_count || breaks_entry(parts.front())) {
    return std::nullopt;
  }
  return AccountFields(parts.begin(), parts.end());
}

}  // namespace

AccountLines::AccountLines(std::string_view text)
    : ends_with_newline_(text.empty() || text.back() == '\n') {
  for (const std::string_view line : text::lines(text)) {
    lines_.emplace_back(line);
  }
}

void AccountLines::append(std::string line) {
  lines_.push_back(std::move(line));
  ends_with_newline_ = true;
}

void AccountLines::prepend(std::string line) {
  lines_.insert(lines_.begin(), std::move(line));
}

std::string AccountLines::to_string() const {
  std::string text = join(lines_, "\n");
  if (ends_with_newline_ && !lines_.empty()) {
    text += '\n';
  }
  return text;
}

std::optional<PasswdEntry> parse_passwd_entry(std::string_view line) {
  std::optional<AccountFields> fields = parse_entry(line, PasswdField::count);
  const auto uid = fields ? text::parse_number((*fields)[PasswdField::uid]) : std::nullopt;
  if (!uid) {
    return std::nullopt;
  }
  return PasswdEntry{*std::move(fields), *uid};
}

std::optional<GroupEntry> parse_group_entry(std::string_view line) {
  std::optional<AccountFields> fields = parse_entry(line, GroupField::count);
  const auto gid = fields ? text::parse_number((*fields)[GroupField::gid]) : std::nullopt;
  if (!gid) {
    return std::nullopt;
  }
  return GroupEntry{*std::move(fields), *gid};
}

std::optional<AccountFields> parse_gshadow_entry(std::string_view line) {
  return parse_entry(line, GroupField::count);
}

std::optional<std::string_view> shadow_name(std::string_view line) {
  const std::size_t end = line.find(':');
  if (end == std::string_view::npos || breaks_entry(line.substr(0, end))) {
    return std::nullopt;
  }
  return line.substr(0, end);
}

bool breaks_field(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return c == ':' || byte < 0x20 || byte == 0x7f;
}

bool breaks_entry(std::string_view name) {
  return name.empty() || std::string_view("+-#").find(name.front()) != std::string_view::npos;
}

}  // namespace devenv::session
