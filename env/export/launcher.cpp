// SPDX-License-Identifier: MIT
#include "env/export/launcher.hpp"

#include <vector>

#include "env/base/format.hpp"
#include "env/base/os_release.hpp"
#include "env/base/text.hpp"
#include "env/export/desktop_entry.hpp"
#include "env/export/drawing.hpp"
#include "env/export/exec_line.hpp"

namespace devenv::exporting {
std::string logo_of(std::string_view os_release) {
  return text::sanitize(os_release_value(os_release, "LOGO"));
}

std::string draw_icon(std::string_view os_release, std::string_view environment_name) {
  std::string id = os_release_value(os_release, "ID");
  if (id.empty()) {
    id = environment_name;
  }
  std::string color = os_release_value(os_release, "ANSI_COLOR");
  if (color.empty()) {
    // Debian says none: one of red to cyan, the same each time.
    constexpr std::uint64_t kColors = 6;
    color = std::to_string(31 + text::fnv1a(id) % kColors);
  }
  return draw_box(color, id.empty() ? ' ' : id.front());
}

std::string launcher_entry(const LauncherInput& input) {
  const std::string system = text::sanitize(os_release_value(input.os_release, "PRETTY_NAME"));
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
