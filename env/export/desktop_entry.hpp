// SPDX-License-Identifier: MIT
// Desktop entry files: read, changed and written without losing anything that is not understood.
// Source: Desktop Entry Specification 1.5, "Basic format of the file", "Possible value types".
// Where files are at odds with it they mean what launchers (GLib's GKeyFile, KDE's KConfig) take
// them to mean.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"

namespace devenv::exporting {

inline constexpr std::string_view kMainGroup = "Desktop Entry";

/// A file as it is: groups, keys, comments, blank lines and what is malformed, in their order.
///
/// A group that is there twice is one group, and the last of several values of a key counts.
/// Space before a key and around '=' means nothing, that after a value belongs to it. Lines may end
/// in CR LF, and a byte order mark may come first. Bytes that are no UTF-8 are kept.
class DesktopEntry {
 public:
  /// Errors: failed when there is no group "Desktop Entry", or when the text has a zero byte.
  static Result<DesktopEntry> parse(std::string_view text);

  /// Byte for byte what was parsed, but for what was changed.
  std::string to_string() const;

  /// Names of groups, in order, each once.
  std::vector<std::string> groups() const;
  /// Keys of a group, with locale ("Name[de]"), in order, each once.
  std::vector<std::string> keys(std::string_view group) const;

  /// The value as it is written, escapes and all; nullopt when there is none.
  std::optional<std::string> raw(std::string_view group, std::string_view key) const;
  /// With the escapes of strings (\s \n \t \r \\) undone.
  std::optional<std::string> string(std::string_view group, std::string_view key) const;
  /// "true" and "1" (old files) are true, "false" and "0" false; `fallback` for anything else.
  bool boolean(std::string_view group, std::string_view key, bool fallback = false) const;
  /// A list separated by ';', with "\;" undone. No empty last item for a ';' at the end.
  std::vector<std::string> list(std::string_view group, std::string_view key) const;
  /// The value for a locale ("de_DE.UTF-8@euro"): the best match, else without locale. Source:
  /// "Localized values for keys".
  std::optional<std::string> localized(std::string_view group,
                                       std::string_view key,
                                       std::string_view locale) const;

  /// Replaces the value where it is, leaving one of several, or appends the key to the group (which
  /// is made if missing). No newline may be in `value`.
  void set_raw(std::string_view group, std::string_view key, std::string_view value);
  /// With escapes put in.
  void set_string(std::string_view group, std::string_view key, std::string_view value);
  void remove(std::string_view group, std::string_view key);
  /// With the comments in it.
  void remove_group(std::string_view group);

  /// The raw value that takes the place of `raw`; nullopt removes the key.
  using Edit = std::function<std::optional<std::string>(
      std::string_view group, std::string_view key, std::string_view raw)>;
  /// Shows every entry of every group to `edit` once: many changes in one pass, however large the
  /// file is.
  void edit(const Edit& edit);
  /// Removes the groups that `wanted` does not want, in one pass.
  void keep_groups(const std::function<bool(std::string_view group)>& wanted);

  /// What no reader takes anything from, but for which GLib refuses the whole file, becomes a
  /// comment: lines that are neither entry nor group, and entries before the first group.
  void comment_out_malformed();

 private:
  struct Line {
    enum class Kind { other, group, entry, malformed };
    Kind kind = Kind::other;
    std::string text;             ///< whole, without its '\n'
    std::string name;             ///< the key of an entry, the name of a group
    std::size_t value_start = 0;  ///< of an entry, in `text`
    std::size_t value_end = 0;

    std::string_view value() const {
      return std::string_view(text).substr(value_start, value_end - value_start);
    }
    void replace_value(std::string_view value);
  };
  static Line parse_line(std::string_view text, bool in_group);
  /// The positions of the lines of a key, or of all entries of a group for an empty key.
  std::vector<std::size_t> find(std::string_view group, std::string_view key) const;
  /// Where a new entry of the group goes: after its last line that is not blank.
  std::optional<std::size_t> end_of(std::string_view group) const;

  std::vector<Line> lines_;
  bool ends_with_newline_ = true;
  bool has_mark_ = false;             ///< a byte order mark
  bool has_carriage_return_ = false;  ///< new lines get one, too
};

/// Escapes of the type string and localestring. A space at either end gets one, or readers lose it.
std::string escape_string(std::string_view text);
/// A backslash in front of anything else stays, as launchers leave it.
std::string unescape_string(std::string_view text);

}  // namespace devenv::exporting
