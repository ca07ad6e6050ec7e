// SPDX-License-Identifier: MIT
#include "env/export/desktop_entry.hpp"

#include <algorithm>
#include <set>

#include "env/base/text.hpp"

namespace devenv::exporting {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kBlank = " \t\r\v\f";

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// What GLib takes for a key: anything but brackets and '=', with a locale at the end or not. More
/// than the specification allows; programs write spaces and underscores, and launchers read them.
bool is_key(std::string_view key) {
  const std::size_t bracket = key.find_first_of("[]");
  if (key.empty() || bracket == 0) {
    return false;
  }
  if (bracket == std::string_view::npos) {
    return true;
  }
  const std::string_view locale = key.substr(bracket + 1);
  return key[bracket] == '[' && locale.ends_with(']') &&
         std::all_of(locale.begin(), locale.end() - 1, [](char c) {
           return is_alphanumeric(c) || c == '-' || c == '_' || c == '.' || c == '@';
         });
}

/// The locales whose values fit, best first: "de_DE@euro", "de_DE", "de@euro", "de".
std::vector<std::string> locale_candidates(std::string_view locale) {
  const std::size_t at = locale.find('@');
  const std::string modifier(at == std::string_view::npos ? "" : locale.substr(at));
  const std::string_view base = locale.substr(0, std::min(at, locale.find('.')));
  const std::string with_country(base);
  const std::string language(base.substr(0, base.find('_')));
  if (language.empty() || language == "C" || language == "POSIX") {
    return {};
  }
  std::vector<std::string> candidates;
  for (const std::string& candidate :
       {with_country + modifier, with_country, language + modifier, language}) {
    if (std::find(candidates.begin(), candidates.end(), candidate) == candidates.end()) {
      candidates.push_back(candidate);
    }
  }
  return candidates;
}

/// Keeps the first of those that are equal.
void keep_unique(std::vector<std::string>& names) {
  std::set<std::string> seen;
  std::erase_if(names, [&](const std::string& name) { return !seen.insert(name).second; });
}

}  // namespace

void DesktopEntry::Line::replace_value(std::string_view value) {
  text.replace(value_start, value_end - value_start, value);
  value_end = value_start + value.size();
}

DesktopEntry::Line DesktopEntry::parse_line(std::string_view text, bool in_group) {
  Line line;
  line.text = text;
  const std::string_view content = text.ends_with('\r') ? text.substr(0, text.size() - 1) : text;
  const std::size_t start = content.find_first_not_of(kBlank);
  if (start == std::string_view::npos || content[start] == '#') {
    return line;
  }
  if (content[start] == '[') {
    // Whatever follows the name: its keys are not those of the group before.
    line.kind = Line::Kind::group;
    const std::size_t end = content.find(']', start);
    line.name = content.substr(start + 1, end == std::string_view::npos ? end : end - start - 1);
    return line;
  }
  line.kind = Line::Kind::malformed;
  const std::size_t equals = content.find('=', start);
  if (equals == std::string_view::npos || !in_group) {
    return line;
  }
  const std::string_view key = text::trim(content.substr(start, equals - start));
  if (!is_key(key)) {
    return line;
  }
  line.kind = Line::Kind::entry;
  line.name = key;
  line.value_start = std::min(content.find_first_not_of(" \t", equals + 1), content.size());
  line.value_end = content.size();
  return line;
}

Result<DesktopEntry> DesktopEntry::parse(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) {
    return fail(ErrorCode::failed, "it is no desktop entry: there is a zero byte in it");
  }
  DesktopEntry entry;
  entry.has_mark_ = text.starts_with(kByteOrderMark);
  if (entry.has_mark_) {
    text.remove_prefix(kByteOrderMark.size());
  }
  entry.ends_with_newline_ = text.ends_with('\n');
  bool in_group = false;
  bool in_main_group = false;
  for (const std::string_view part : text::lines(text)) {
    Line line = parse_line(part, in_group);
    if (line.kind == Line::Kind::group) {
      in_group = true;
      in_main_group = in_main_group || line.name == kMainGroup;
      entry.has_carriage_return_ = part.ends_with('\r');
    }
    entry.lines_.push_back(std::move(line));
  }
  if (!in_main_group) {
    return fail(ErrorCode::failed, "it is no desktop entry: there is no group [Desktop Entry]");
  }
  return entry;
}

std::string DesktopEntry::to_string() const {
  std::string text(has_mark_ ? kByteOrderMark : "");
  for (const Line& line : lines_) {
    text += line.text;
    text += '\n';
  }
  if (!ends_with_newline_ && !lines_.empty()) {
    text.pop_back();
  }
  return text;
}

std::vector<std::string> DesktopEntry::groups() const {
  std::vector<std::string> names;
  for (const Line& line : lines_) {
    if (line.kind == Line::Kind::group) {
      names.push_back(line.name);
    }
  }
  keep_unique(names);
  return names;
}

std::vector<std::string> DesktopEntry::keys(std::string_view group) const {
  std::vector<std::string> names;
  for (const std::size_t index : find(group, "")) {
    names.push_back(lines_[index].name);
  }
  keep_unique(names);
  return names;
}

std::vector<std::size_t> DesktopEntry::find(std::string_view group, std::string_view key) const {
  std::vector<std::size_t> found;
  bool in_group = false;
  for (std::size_t index = 0; index < lines_.size(); ++index) {
    const Line& line = lines_[index];
    if (line.kind == Line::Kind::group) {
      in_group = line.name == group;
    } else if (in_group && line.kind == Line::Kind::entry && (key.empty() || line.name == key)) {
      found.push_back(index);
    }
  }
  return found;
}

std::optional<std::size_t> DesktopEntry::end_of(std::string_view group) const {
  std::optional<std::size_t> end;
  bool in_group = false;
  for (std::size_t index = 0; index < lines_.size(); ++index) {
    const Line& line = lines_[index];
    if (line.kind == Line::Kind::group) {
      in_group = line.name == group;
    }
    // A comment may belong to what follows: new entries come right after old ones.
    if (in_group && line.kind != Line::Kind::other) {
      end = index + 1;
    }
  }
  return end;
}

std::optional<std::string> DesktopEntry::raw(std::string_view group, std::string_view key) const {
  const std::vector<std::size_t> found = find(group, key);
  if (key.empty() || found.empty()) {
    return std::nullopt;
  }
  return std::string(lines_[found.back()].value());
}

std::optional<std::string> DesktopEntry::string(std::string_view group,
                                                std::string_view key) const {
  const auto value = raw(group, key);
  return value ? std::optional(unescape_string(*value)) : std::nullopt;
}

bool DesktopEntry::boolean(std::string_view group, std::string_view key, bool fallback) const {
  const auto value = raw(group, key);
  const std::string_view word = value ? text::trim(*value) : std::string_view();
  if (word == "true" || word == "1") {
    return true;
  }
  return word == "false" || word == "0" ? false : fallback;
}

std::vector<std::string> DesktopEntry::list(std::string_view group, std::string_view key) const {
  const std::string value = raw(group, key).value_or("");
  std::vector<std::string> items;
  std::string item;
  for (std::size_t index = 0; index < value.size(); ++index) {
    if (value[index] == '\\' && index + 1 < value.size()) {
      // An escaped separator; any other escape is undone with the rest of the item.
      item += value[index + 1] == ';' ? ";" : value.substr(index, 2);
      ++index;
    } else if (value[index] == ';') {
      items.push_back(unescape_string(item));
      item.clear();
    } else {
      item += value[index];
    }
  }
  if (!item.empty()) {
    items.push_back(unescape_string(item));
  }
  return items;
}

std::optional<std::string> DesktopEntry::localized(std::string_view group,
                                                   std::string_view key,
                                                   std::string_view locale) const {
  for (const std::string& candidate : locale_candidates(locale)) {
    if (auto value = string(group, std::string(key) + "[" + candidate + "]")) {
      return value;
    }
  }
  return string(group, key);
}

void DesktopEntry::set_raw(std::string_view group, std::string_view key, std::string_view value) {
  std::vector<std::size_t> found = find(group, key);
  if (!found.empty()) {
    lines_[found.back()].replace_value(value);
    found.pop_back();
    for (auto index = found.rbegin(); index != found.rend(); ++index) {
      lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(*index));
    }
    return;
  }
  const std::string end = has_carriage_return_ ? "\r" : "";
  auto position = end_of(group);
  if (!position) {
    lines_.push_back(parse_line("[" + std::string(group) + "]" + end, true));
    position = lines_.size();
  }
  if (*position == lines_.size() && !ends_with_newline_) {
    // What was the last line is not any more, and the new one ends as lines do.
    ends_with_newline_ = true;
    std::string& last = lines_.back().text;
    last += last.ends_with('\r') ? "" : end;
  }
  lines_.insert(lines_.begin() + static_cast<std::ptrdiff_t>(*position),
                parse_line(std::string(key) + "=" + std::string(value) + end, true));
}

void DesktopEntry::set_string(std::string_view group,
                              std::string_view key,
                              std::string_view value) {
  set_raw(group, key, escape_string(value));
}

void DesktopEntry::remove(std::string_view group, std::string_view key) {
  edit([&](std::string_view in, std::string_view name, std::string_view raw) {
    return in == group && name == key ? std::nullopt : std::optional(std::string(raw));
  });
}

void DesktopEntry::remove_group(std::string_view group) {
  keep_groups([&](std::string_view name) { return name != group; });
}

void DesktopEntry::edit(const Edit& edit) {
  std::vector<Line> kept;
  kept.reserve(lines_.size());
  std::string group;
  for (Line& line : lines_) {
    if (line.kind == Line::Kind::group) {
      group = line.name;
    } else if (line.kind == Line::Kind::entry) {
      const auto value = edit(group, line.name, line.value());
      if (!value) {
        continue;
      }
      if (*value != line.value()) {
        line.replace_value(*value);
      }
    }
    kept.push_back(std::move(line));
  }
  lines_ = std::move(kept);
}

void DesktopEntry::keep_groups(const std::function<bool(std::string_view group)>& wanted) {
  bool keep = true;
  std::erase_if(lines_, [&](const Line& line) {
    if (line.kind == Line::Kind::group) {
      keep = wanted(line.name);
    }
    return !keep;
  });
}

void DesktopEntry::comment_out_malformed() {
  for (Line& line : lines_) {
    if (line.kind == Line::Kind::malformed) {
      line.text.insert(0, "# ");
      line.kind = Line::Kind::other;
    } else if (line.kind == Line::Kind::group) {
      const std::string end = line.text.ends_with('\r') ? "\r" : "";
      line.text = "[" + line.name + "]" + end;
    }
  }
}

std::string escape_string(std::string_view text) {
  std::string escaped;
  for (std::size_t index = 0; index < text.size(); ++index) {
    const char c = text[index];
    switch (c) {
      case '\\':
        escaped += "\\\\";
        break;
      case '\n':
        escaped += "\\n";
        break;
      case '\t':
        escaped += "\\t";
        break;
      case '\r':
        escaped += "\\r";
        break;
      case ' ':
        escaped += index == 0 || index + 1 == text.size() ? "\\s" : " ";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string unescape_string(std::string_view text) {
  std::string plain;
  for (std::size_t index = 0; index < text.size(); ++index) {
    if (text[index] != '\\' || index + 1 == text.size()) {
      plain += text[index];
      continue;
    }
    const char c = text[++index];
    switch (c) {
      case 's':
        plain += ' ';
        break;
      case 'n':
        plain += '\n';
        break;
      case 't':
        plain += '\t';
        break;
      case 'r':
        plain += '\r';
        break;
      case '\\':
        plain += '\\';
        break;
      default:
        plain += {'\\', c};
    }
  }
  return plain;
}

}  // namespace devenv::exporting
