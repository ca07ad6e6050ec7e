// SPDX-License-Identifier: MIT
// The format of /etc/passwd and its relatives: lines of fields between colons, and lines that are
// nobody's business. For accounts.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace devenv::session {

/// The lines of a file; what nobody touches is written back byte by byte.
class AccountLines {
 public:
  explicit AccountLines(std::string_view text);

  std::vector<std::string>& all() { return lines_; }
  const std::vector<std::string>& all() const { return lines_; }

  void append(std::string line);
  void prepend(std::string line);
  std::string to_string() const;

 private:
  std::vector<std::string> lines_;
  bool ends_with_newline_;
};

/// The fields of one well-formed entry. The parsers give nullopt for comments, NIS lines ("+...")
/// and anything else the C library would skip.
using AccountFields = std::vector<std::string>;

/// passwd(5): name:password:uid:gid:gecos:home:shell
struct PasswdField {
  static constexpr std::size_t name = 0, password = 1, uid = 2, gid = 3, gecos = 4, home = 5,
                               shell = 6, count = 7;
};
/// group(5): name:password:gid:members; gshadow(5): name:password:administrators:members
struct GroupField {
  static constexpr std::size_t name = 0, password = 1, gid = 2, administrators = 2, members = 3,
                               count = 4;
};

struct PasswdEntry {
  AccountFields fields;
  std::uint64_t uid;
};
std::optional<PasswdEntry> parse_passwd_entry(std::string_view line);

struct GroupEntry {
  AccountFields fields;
  std::uint64_t gid;
};
std::optional<GroupEntry> parse_group_entry(std::string_view line);

std::optional<AccountFields> parse_gshadow_entry(std::string_view line);

/// The account a line of shadow(5) belongs to, however many fields it has.
std::optional<std::string_view> shadow_name(std::string_view line);

/// What no field can hold: ':' and control characters.
bool breaks_field(char c);

/// Whether an entry cannot begin with `name`: it would be a comment, NIS or nothing.
bool breaks_entry(std::string_view name);

}  // namespace devenv::session
