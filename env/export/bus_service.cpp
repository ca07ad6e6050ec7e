// SPDX-License-Identifier: MIT
#include "env/export/bus_service.hpp"

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::exporting {

Result<std::string> rewrite_bus_service(std::string_view name,
                                        std::string_view service,
                                        const std::vector<std::string>& prefix) {
  std::string named;
  std::string command;
  bool in_group = false;
  for (const std::string_view raw : text::lines(service)) {
    const std::string_view line = text::trim(raw);
    if (line.starts_with('[')) {
      in_group = line == "[D-BUS Service]";
    }
    const std::size_t equals = line.find('=');
    if (!in_group || equals == std::string_view::npos || line.starts_with('#')) {
      continue;
    }
    const std::string_view key = text::trim(line.substr(0, equals));
    const std::string_view value = text::trim(line.substr(equals + 1));
    if (key == "Name") {
      named = value;
    } else if (key == "Exec") {
      command = value;
    }
  }
  if (named != name) {
    return fail(ErrorCode::failed, format("the activation file of '{}' is for '{}'",
                                          text::sanitize(name), text::sanitize(named)));
  }
  if (command.empty()) {
    return fail(ErrorCode::failed, "the activation file has no Exec");
  }
  std::string words;
  for (const std::string& word : prefix) {
    words += text::shell_quote(word) + " ";
  }
  return format("# Made by devenv\n[D-BUS Service]\nName={}\nExec={}{}\n", name, words, command);
}

}  // namespace devenv::exporting
