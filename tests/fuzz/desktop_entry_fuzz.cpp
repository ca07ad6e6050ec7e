// SPDX-License-Identifier: MIT
// A desktop entry of somebody's image: any bytes are written as they were read, the arguments of
// Exec come back through both layers of quoting, and what the host gets can be read.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "env/export/desktop_entry.hpp"
#include "env/export/exec_line.hpp"
#include "env/export/rewrite.hpp"

namespace {

using namespace devenv::exporting;

/// libFuzzer reports an abort together with the input.
void must(bool condition) {
  if (!condition) {
    std::abort();
  }
}

void check_exec(std::string_view value) {
  const auto arguments = parse_exec(value);
  if (!arguments) {
    return;
  }
  const std::string line = format_exec(*arguments);
  const auto read = parse_exec(line);
  must(read && *read == *arguments);
  must(unescape_string(escape_string(line)) == line);
  DesktopEntry entry = *DesktopEntry::parse("[Desktop Entry]\n");
  entry.set_string(kMainGroup, "Exec", line);
  const auto again = DesktopEntry::parse(entry.to_string());
  must(again && again->string(kMainGroup, "Exec") == line);
}

/// The shortest prefix of Exec that makes the program on the host ours.
constexpr std::string_view kStart = "/opt/d/devenv run ";

void check_rewritten(const DesktopEntry& original) {
  const auto rewritten =
      rewrite_entry(original, RewriteInput{.environment_name = "box",
                                           .original_id = "a.desktop",
                                           .exported_id = "b.desktop",
                                           .source = "/usr/share/applications/a.desktop",
                                           .program = "/opt/d/devenv",
                                           .label = "box",
                                           .run_options = {"--env", "A=%f $x"},
                                           .extra_arguments = {"--extra"},
                                           .icons = {{"icon", "other icon"}}});
  if (!rewritten) {
    return;
  }
  const std::string text = rewritten->to_string();
  const auto again = DesktopEntry::parse(text);
  must(again && again->to_string() == text);
  must(again->groups() == rewritten->groups());
  must(again->raw(kMainGroup, "X-Devenv-Environment") == "box");
  must(!again->raw(kMainGroup, "DBusActivatable") && !again->raw(kMainGroup, "Path"));
  DesktopEntry visited = *again;
  visited.edit([](std::string_view, std::string_view key, std::string_view raw) {
    must(key != "Exec" || raw.starts_with(kStart));
    return std::string(raw);
  });
  must(visited.to_string() == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_exec(text.substr(0, text.find('\0')));
  const auto entry = DesktopEntry::parse(text);
  if (!entry) {
    return 0;
  }
  must(entry->to_string() == text);
  (void)icon_names(*entry);
  (void)entry->localized(kMainGroup, "Name", "de_DE.UTF-8@euro");
  DesktopEntry changed = *entry;
  changed.set_string(kMainGroup, "Name", text.substr(0, 40));
  const auto again = DesktopEntry::parse(changed.to_string());
  must(again && again->string(kMainGroup, "Name") == text.substr(0, 40));
  check_rewritten(*entry);
  return 0;
}
