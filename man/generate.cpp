// SPDX-License-Identifier: MIT
// generate INPUT: a man page from its hand-written part, to standard output.
//
// What the program knows better than any text is filled in from the table of commands:
//   @SYNOPSIS name@   one line per way to call a command
//   @OPTIONS name@    its flags and arguments
//   @COMMANDS@        all commands with their summaries
//   @GLOBAL_OPTIONS@  flags that every command has
//   @EXIT_CODES@      the table of exit statuses
//   @KEYS name@       the keys of a file: "project", "profile" or "config"
//   @TOOLS@           the names of tools that every distribution has packages of
//   @VERSION@
// An unknown placeholder or command is an error, so that a page cannot fall behind.
#include <functional>
#include <optional>

#include "cmd/cli.hpp"
#include "cmd/commands.hpp"
#include "cmd/describe.hpp"
#include "cmd/version.hpp"
#include "env/sys/file.hpp"
#include "profiles/package_manager.hpp"
#include "profiles/schema.hpp"

namespace devenv::cmd {
namespace {

/// Text as roff prints it: a hyphen that can be copied, no line that is taken for a request.
std::string escape(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '-') {
      safe += "\\-";
    } else if (c == '\\') {
      safe += "\\e";
    } else if (c == '\'') {
      safe += "\\(aq";
    } else if (c == '.' && (safe.empty() || safe.back() == '\n')) {
      safe += "\\&.";
    } else {
      safe += c;
    }
  }
  return safe;
}

std::string bold(std::string_view text) {
  return "\\fB" + escape(text) + "\\fR";
}
std::string italic(std::string_view text) {
  return "\\fI" + escape(text) + "\\fR";
}

std::string flag_entry(const FlagDescription& flag) {
  std::string names;
  for (const std::string& name : flag.names) {
    names += (names.empty() ? "" : ", ") + bold(name);
  }
  if (!flag.value.empty()) {
    names += " " + italic(flag.value);
  }
  return ".TP\n" + names + "\n" + escape(flag.text) + ".\n";
}

std::string options_of(const CommandDescription& description) {
  std::string text;
  for (const ArgumentDescription& argument : description.arguments) {
    text += ".TP\n" + italic(argument.name) + "\n" + escape(argument.text) + ".\n";
  }
  for (const FlagDescription& flag : description.flags) {
    text += flag.global ? "" : flag_entry(flag);
  }
  return text;
}

std::string synopsis_of(const CommandDescription& description) {
  const std::string line = description.synopsis();
  const std::size_t name_end = description.path.size() + std::string_view("devenv ").size();
  return bold(line.substr(0, name_end)) + escape(line.substr(name_end)) + "\n";
}

std::string command_list() {
  std::string text;
  for (const Command& command : commands()) {
    if (command.group != Group::hidden) {
      text += ".TP\n" + bold(command.path) + "\n" + escape(command.summary) + ".\n";
    }
  }
  return text;
}

std::string exit_codes() {
  std::string text;
  for (const ExitCodeRow& row : exit_code_table()) {
    text += ".TP\n" + bold(row.code) + "\n" + escape(row.meaning) + ".\n";
  }
  return text;
}

std::string global_option_list() {
  std::string text;
  for (const FlagDescription& flag : global_flags()) {
    text += flag_entry(flag);
  }
  return text;
}

/// A line of a schema: what stands in backquotes is to be typed.
std::string key_text(std::string_view doc) {
  std::string text;
  bool is_typed = false;
  for (const std::string_view piece : text::split(doc, '`')) {
    text += is_typed ? bold(piece) : escape(piece);
    is_typed = !is_typed;
  }
  return text;
}

std::string key_list(std::span<const profiles::SchemaKey> schema) {
  std::string text;
  std::string_view table;
  for (const profiles::SchemaKey& row : schema) {
    if (row.table != table) {
      table = row.table;
      text += ".SS " + escape(profiles::table_heading(schema, table)) + "\n";
    }
    text += ".TP\n" + bold(row.name) + "\n" + escape(profiles::type_name(row.kind)) +
            (row.need == profiles::Need::required ? ", required: " : ": ") + key_text(row.doc) +
            ".\n";
  }
  return text;
}

Result<std::string> keys_of(const std::string& file) {
  if (file == "project") {
    return key_list(profiles::project_schema());
  }
  if (file == "profile") {
    return key_list(profiles::profile_schema());
  }
  if (file == "config") {
    return key_list(profiles::config_schema());
  }
  return fail(ErrorCode::usage, format("nothing is known of the file '{}'", file));
}

/// What stands for the placeholder between two '@'.
Result<std::string> fill(const std::string& placeholder) {
  const std::size_t space = placeholder.find(' ');
  const std::string what = placeholder.substr(0, space);
  if (what == "VERSION") {
    return std::string(kVersion);
  }
  if (what == "COMMANDS") {
    return command_list();
  }
  if (what == "GLOBAL_OPTIONS") {
    return global_option_list();
  }
  if (what == "KEYS" && space != std::string::npos) {
    return keys_of(placeholder.substr(space + 1));
  }
  if (what == "TOOLS") {
    return escape(join(profiles::tool_names(), ", ")) + ".\n";
  }
  if (what == "EXIT_CODES") {
    return exit_codes();
  }
  const Command* command =
      space == std::string::npos ? nullptr : find_command(placeholder.substr(space + 1));
  if (command == nullptr || (what != "SYNOPSIS" && what != "OPTIONS")) {
    return fail(ErrorCode::usage, format("nothing is known of '@{}@'", placeholder));
  }
  const CommandDescription description = describe(*command);
  return what == "SYNOPSIS" ? synopsis_of(description) : options_of(description);
}

Result<std::string> page_from(const std::string& input) {
  std::string page;
  std::size_t start = 0;
  for (std::size_t at = input.find('@'); at != std::string::npos; at = input.find('@', start)) {
    const std::size_t end = input.find('@', at + 1);
    const std::string name = end == std::string::npos ? "" : input.substr(at + 1, end - at - 1);
    // An '@' in the prose (image@sha256:...) is not followed by capitals and a second one.
    const std::size_t word = name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
    if (name.empty() || word == 0 || (word != std::string::npos && name[word] != ' ')) {
      page += input.substr(start, at + 1 - start);
      start = at + 1;
      continue;
    }
    TRY_ASSIGN(std::string value, fill(name));
    // A value that is whole lines takes the line end of its own line with it.
    if (value.ends_with('\n')) {
      value.pop_back();
    }
    page += input.substr(start, at - start) + value;
    start = end + 1;
  }
  return page + input.substr(start);
}

int generate(const std::string& file) {
  const auto input = sys::read_file(file);
  const auto page = input ? page_from(*input) : Result<std::string>(fail(input.error()));
  if (!page) {
    (void)sys::write_all(2, format("{}: {}\n", file, page.error().to_line()));
    return 1;
  }
  return sys::write_all(1, *page) ? 0 : 1;
}

}  // namespace
}  // namespace devenv::cmd

int main(int argc, char** argv) {
  return argc == 2 ? devenv::cmd::generate(argv[1]) : 2;
}
