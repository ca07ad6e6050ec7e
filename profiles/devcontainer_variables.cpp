// SPDX-License-Identifier: MIT
#include "profiles/devcontainer_variables.hpp"

#include <algorithm>
#include <array>

#include "env/base/text.hpp"

namespace devenv::profiles {
namespace {

bool is_name(std::string_view text) {
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') &&
         text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") ==
             std::string_view::npos;
}

/// As it stands between the double quotes of a shell.
std::optional<std::string> in_shell(const TextPart& variable) {
  if (variable.is_project()) {
    return "${DEVENV_PROJECT}";
  }
  if (variable.text.ends_with("orkspaceFolderBasename")) {
    return "${DEVENV_PROJECT##*/}";
  }
  const std::string name = variable.environment_name();
  const bool plain =
      is_name(name) && variable.fallback.find_first_of("\"\\$`}") == std::string::npos;
  if (!plain) {
    return std::nullopt;
  }
  return "${" + name + (variable.fallback.empty() ? "" : ":-" + variable.fallback) + "}";
}

/// nullopt for what shells and programs mean by "${...}".
std::optional<TextPart> parse_variable(std::string_view inside) {
  constexpr std::array kNames = {"localWorkspaceFolder",
                                 "localWorkspaceFolderBasename",
                                 "containerWorkspaceFolder",
                                 "containerWorkspaceFolderBasename",
                                 "workspaceFolder",
                                 "workspaceFolderBasename",
                                 "devcontainerId"};
  TextPart part{.is_variable = true, .text = std::string(inside)};
  const std::size_t first = inside.find(':');
  const std::size_t second = first == std::string_view::npos ? first : inside.find(':', first + 1);
  if (second != std::string_view::npos) {
    part.text = inside.substr(0, second);
    part.fallback = inside.substr(second + 1);
  }
  const bool is_ours = !part.environment_name().empty() ||
                       std::find(kNames.begin(), kNames.end(), part.text) != kNames.end();
  return is_ours ? std::optional(std::move(part)) : std::nullopt;
}

}  // namespace

std::string TextPart::environment_name() const {
  for (const std::string_view prefix : {"localEnv:", "containerEnv:", "env:"}) {
    if (is_variable && text.starts_with(prefix)) {
      return text.substr(prefix.size());
    }
  }
  return "";
}

bool TextPart::is_project() const {
  return is_variable && (text == "localWorkspaceFolder" || text == "containerWorkspaceFolder" ||
                         text == "workspaceFolder");
}

std::vector<TextPart> split_variables(std::string_view text) {
  std::vector<TextPart> parts;
  while (!text.empty()) {
    const std::size_t start = text.find("${");
    const std::size_t end = start == std::string_view::npos ? start : text.find('}', start);
    if (end == std::string_view::npos) {
      parts.push_back({.text = std::string(text)});
      break;
    }
    if (start != 0) {
      parts.push_back({.text = std::string(text.substr(0, start))});
    }
    if (auto variable = parse_variable(text.substr(start + 2, end - start - 2))) {
      parts.push_back(*std::move(variable));
    } else {
      parts.push_back({.text = std::string(text.substr(start, end + 1 - start))});
    }
    text.remove_prefix(end + 1);
  }
  return parts;
}

std::optional<std::string> as_shell_line(std::string_view text) {
  std::string line;
  char quote = '\0';  // that is open
  for (const TextPart& part : split_variables(text)) {
    if (!part.is_variable) {
      for (std::size_t at = 0; at < part.text.size(); ++at) {
        const char c = part.text[at];
        if (c == '\\' && quote != '\'') {
          ++at;
        } else if (c == quote) {
          quote = '\0';
        } else if (quote == '\0' && (c == '\'' || c == '"')) {
          quote = c;
        }
      }
      line += part.text;
      continue;
    }
    const auto variable = in_shell(part);
    if (!variable) {
      return std::nullopt;
    }
    // A shell would not look into single quotes; the editor does.
    line += quote == '\'' ? "'\"" + *variable + "\"'" : *variable;
  }
  return line;
}

std::optional<std::string> as_shell_word(std::string_view text) {
  const auto parts = split_variables(text);
  const bool is_plain = std::none_of(parts.begin(), parts.end(),
                                     [](const TextPart& part) { return part.is_variable; });
  if (is_plain) {
    const bool needs_none =
        !text.empty() && text.find_first_not_of(
                             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "0123456789_-./:=@%+,") == std::string_view::npos;
    return needs_none ? std::string(text) : text::shell_quote(text);
  }
  std::string word = "\"";
  for (const TextPart& part : parts) {
    if (part.is_variable) {
      const auto variable = in_shell(part);
      if (!variable) {
        return std::nullopt;
      }
      word += *variable;
      continue;
    }
    for (const char c : part.text) {
      word += std::string_view("\"\\$`").find(c) == std::string_view::npos ? std::string(1, c)
                                                                           : std::string("\\") + c;
    }
  }
  return word + "\"";
}

std::optional<std::string> as_host_path(std::string_view text) {
  const auto parts = split_variables(text);
  std::string rest;
  for (std::size_t at = 1; at < parts.size(); ++at) {
    // "${localEnv:HOME}${localEnv:USERPROFILE}" is how templates write it for Windows, too.
    if (parts[at].environment_name() == "USERPROFILE" && rest.empty()) {
      continue;
    }
    if (parts[at].is_variable) {
      return std::nullopt;
    }
    rest += parts[at].text;
  }
  if (parts.empty() || !parts[0].is_variable) {
    return parts.empty() ? std::nullopt : std::optional(parts[0].text + rest);
  }
  if (!rest.empty() && rest[0] != '/') {
    return std::nullopt;
  }
  if (parts[0].is_project()) {
    return rest.size() < 2 ? "." : rest.substr(1);
  }
  return parts[0].environment_name() == "HOME" ? std::optional("~" + rest) : std::nullopt;
}

}  // namespace devenv::profiles
