// SPDX-License-Identifier: MIT
// Reads desktop entries and writes what their exported form would be: for looking at many real
// files at once. rewrite_entries OUTPUT FILE...
//
// One line for each file on standard output: "ok ID", "skipped ID: why" (nothing to start), or
// "broken ID: why" (no desktop entry). "LOST ID" when a file is not written as it was read, and
// "CHANGED ID" when its Exec or that of its rewritten form is not read as it was written: then the
// exit status is 1.
#include <cstdio>
#include <string>

#include "env/base/format.hpp"
#include "env/export/desktop_entry.hpp"
#include "env/export/exec_line.hpp"
#include "env/export/rewrite.hpp"
#include "env/sys/file.hpp"

namespace {

using namespace devenv;
using exporting::DesktopEntry;

void say(const std::string& line) {
  std::puts(line.c_str());
}

/// Whether the arguments of every Exec come back through both layers.
bool exec_is_stable(const DesktopEntry& entry) {
  for (const std::string& group : entry.groups()) {
    const auto value = entry.string(group, "Exec");
    const auto arguments = exporting::parse_exec(value.value_or("x"));
    if (!arguments) {
      continue;
    }
    DesktopEntry copy = entry;
    copy.set_string(group, "Exec", exporting::format_exec(*arguments));
    const auto again = DesktopEntry::parse(copy.to_string());
    const auto read =
        exporting::parse_exec(again ? again->string(group, "Exec").value_or("") : std::string());
    if (!read || *read != *arguments) {
      return false;
    }
  }
  return true;
}

/// False when something was lost.
bool rewrite_file(const std::string& output, const std::string& path) {
  const std::string id = path.substr(path.find_last_of('/') + 1);
  const auto contents = sys::read_file(path);
  const auto entry = DesktopEntry::parse(contents.value_or(""));
  if (!entry) {
    say(format("broken {}: {}", id, entry.error().to_line()));
    return true;
  }
  if (entry->to_string() != *contents) {
    say("LOST " + id);
    return false;
  }
  const auto rewritten = exporting::rewrite_entry(
      *entry, exporting::RewriteInput{.environment_name = "debian",
                                      .original_id = id,
                                      .exported_id = "devenv-debian-" + id,
                                      .source = "/usr/share/applications/" + id,
                                      .program = "/bin/true",
                                      .label = "debian",
                                      .run_options = {"--env", "A=b $c"},
                                      .extra_arguments = {},
                                      .icons = {}});
  if (!rewritten) {
    say(format("skipped {}: {}", id, rewritten.error().to_line()));
    return true;
  }
  const std::string text = rewritten->to_string();
  const auto again = DesktopEntry::parse(text);
  if (!again || again->to_string() != text || !exec_is_stable(*entry) || !exec_is_stable(*again)) {
    say("CHANGED " + id);
    return false;
  }
  if (const auto written = sys::write_file_atomic(output + "/" + id, text); !written) {
    say(written.error().to_line());
    return false;
  }
  say("ok " + id);
  return true;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    say("usage: rewrite_entries OUTPUT FILE...");
    return 2;
  }
  bool all_kept = true;
  for (int index = 2; index < count; ++index) {
    all_kept = rewrite_file(arguments[1], arguments[index]) && all_kept;
  }
  return all_kept ? 0 : 1;
}
