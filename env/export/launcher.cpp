// SPDX-License-Identifier: MIT
#include "env/export/launcher.hpp"

#include <vector>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/export/desktop_entry.hpp"
#include "env/export/drawing.hpp"
#include "env/export/exec_line.hpp"

namespace devenv::exporting {
namespace {

/// os-release(5): these are written with a backslash before them.
std::string without_escapes(std::string_view value) {
  std::string plain;
  for (std::size_t at = 0; at < value.size(); ++at) {
    const bool is_escape =
        value[at] == '\\' && at + 1 < value.size() &&
        std::string_view("\"'$`\\").find(value[at + 1]) != std::string_view::npos;
    at += is_escape ? 1U : 0U;
    plain += value[at];
  }
  return plain;
}

/// The value of a key, without the quotes of a shell; "" when there is none.
std::string value_of(std::string_view os_release, std::string_view key) {
  for (const std::string_view line : text::lines(os_release)) {
    if (!line.starts_with(key) || !line.substr(key.size()).starts_with('=')) {
      continue;
    }
    std::string_view value = text::trim(line.substr(key.size() + 1));
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
        value.back() == value.front()) {
      value = value.substr(1, value.size() - 2);
    }
    return text::sanitize(without_escapes(value));
  }
  return "";
}

}  // namespace

std::string logo_of(std::string_view os_release) {
  return value_of(os_release, "LOGO");
}

std::string draw_icon(std::string_view os_release, std::string_view environment_name) {
  std::string id = value_of(os_release, "ID");
  if (id.empty()) {
    id = environment_name;
  }
  std::string color = value_of(os_release, "ANSI_COLOR");
  if (color.empty()) {
    // Debian says none: one of red to cyan, the same each time.
    constexpr std::uint64_t kColors = 6;
    color = std::to_string(31 + text::fnv1a(id) % kColors);
  }
  return draw_box(color, id.empty() ? ' ' : id.front());
}

std::string launcher_entry(const LauncherInput& input) {
  const std::string system = value_of(input.os_release, "PRETTY_NAME");
  const std::string& name = input.environment_name;
  const auto exec = [&](const std::vector<std::string>& words) {
    std::vector<std::string> command = {literal_argument(input.program)};
    command.insert(command.end(), words.begin(), words.end());
    return escape_string(format_exec(command));
  };
  std::string text = "[Desktop Entry]\nType=Application\nVersion=1.4\n";
  text += format("Name={}\n",
                 escape_string(input.label.empty() ? name : format("{} ({})", name, input.label)));
  text +=
      format("Comment={}\n", escape_string(system.empty() ? "A terminal in the environment " + name
                                                          : format("A terminal in {}", system)));
  text +=
      format("Exec={}\nTryExec={}\nIcon={}\nTerminal=true\n", exec({"enter", "--desktop", name}),
             escape_string(input.program), escape_string(input.icon));
  text += format("Categories=System;TerminalEmulator;\nKeywords=devenv;shell;\nActions=stop;\n");
  text += format("X-Devenv-Environment={}\n", name);
  text += format("\n[Desktop Action stop]\nName=Stop\nExec={}\n", exec({"stop", name}));
  return text;
}

}  // namespace devenv::exporting
