// SPDX-License-Identifier: MIT
// The syntax of unit files: assignments, words, specifiers, names.
// Source: systemd.syntax(7), systemd.unit(5) of systemd 252.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace devenv::exporting {

struct Assignment {
  std::string section;
  std::string key;
  std::string value;  ///< "" takes back what was assigned before, where the key is a list

  bool operator==(const Assignment&) const = default;
};

/// The assignments of a unit file or a drop-in, in their order. What systemd would complain about
/// and ignore is left out.
std::vector<Assignment> parse_unit(std::string_view text);

/// The words of a value in which quoting is allowed, as they are written: quotes and escapes stay.
std::vector<std::string> split_words(std::string_view value);
/// A word without its quotes and escapes; specifiers stay.
std::string unquote_word(std::string_view word);
enum class Dollars { doubled, plain };
/// A word with this content and with the specifiers in it, in double quotes. `Dollars::doubled` is
/// for command lines, where '$' begins a variable, unless they begin with ':'.
std::string quote_word(std::string_view content, Dollars dollars);
/// The same word, in quotes if it has anything that more than one reader could take another way: a
/// word of an image must never end early and become a command.
std::string plain_word(std::string_view content);
/// '%' doubled: a text that has no specifiers.
std::string without_specifiers(std::string_view text);

/// Replaces specifiers: `value` gives what "%c" stands for, or nullopt to leave it to the host.
using SpecifierValue = std::function<std::optional<std::string>(char specifier)>;
std::string replace_specifiers(std::string_view text, const SpecifierValue& value);

/// "foo@bar.service" in its parts.
struct UnitName {
  std::string prefix;                   ///< "foo"
  std::optional<std::string> instance;  ///< "bar"; "" for the template itself
  std::string type;                     ///< "service"; "" when there is none

  static UnitName parse(std::string_view name);
  std::string string() const;
  bool is_template() const { return instance && instance->empty(); }
  /// "foo@.service": where an instance comes from; nullopt for what is none.
  std::optional<std::string> template_name() const;
};
/// "a-b\x2dc" is "a/b-c" (systemd-escape(1)).
std::string unescape_unit_name(std::string_view name);
/// Whether systemd would take it for the name of a unit.
bool is_unit_name(std::string_view name);

/// Whether systemd would take it for the name of a variable.
bool is_variable_name(std::string_view name);

}  // namespace devenv::exporting
