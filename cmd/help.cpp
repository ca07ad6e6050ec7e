// SPDX-License-Identifier: MIT
#include "cmd/help.hpp"

#include <algorithm>
#include <array>

#include "cmd/commands.hpp"
#include "cmd/describe.hpp"
#include "cmd/version.hpp"
#include "env/host/shares.hpp"

namespace devenv::cmd {
namespace {

constexpr std::string_view kExitCodes = "exit-codes";
constexpr std::string_view kShares = "shares";
constexpr std::size_t kWidth = 98;       // of the text column's end
constexpr std::size_t kWidestLeft = 34;  // a wider left column gets a line of its own

struct Row {
  std::string left;
  std::string right;
};

/// "  left   right", with the right column aligned and folded at spaces.
std::string two_columns(const std::vector<Row>& rows) {
  std::size_t width = 0;
  for (const Row& row : rows) {
    if (row.left.size() <= kWidestLeft) {
      width = std::max(width, row.left.size());
    }
  }
  const std::string indent(width + 4, ' ');
  std::string text;
  for (const Row& row : rows) {
    std::string line = "  " + row.left;
    if (line.size() + 2 > indent.size()) {
      text += line + "\n";
      line = indent;
    }
    line.resize(indent.size(), ' ');
    for (const std::string_view word : text::split(row.right, ' ')) {
      if (line.size() > indent.size() && line.size() + 1 + word.size() > kWidth) {
        text += line + "\n";
        line = indent;
      }
      line += (line.size() > indent.size() ? " " : "") + std::string(word);
    }
    text += line + "\n";
  }
  return text;
}

std::string heading(const std::string& text, const Style& style) {
  return style.paint(Color::bold, text + ":") + "\n";
}

std::string flag_rows(const std::vector<FlagDescription>& flags, bool global) {
  std::vector<Row> rows;
  for (const FlagDescription& flag : flags) {
    if (flag.global == global) {
      const bool long_only = flag.names.front().starts_with("--");
      rows.push_back({(long_only ? "    " : "") + join(flag.names, ", ") +
                          (flag.value.empty() ? "" : " " + flag.value),
                      flag.text});
    }
  }
  return two_columns(rows);
}

std::string command_help(const Command& command, const Style& style) {
  const CommandDescription description = describe(command);
  std::string text = format("{}\n\n{}  {}\n", description.summary, heading("Usage", style),
                            description.synopsis());
  if (!command.alias.empty()) {
    text += format("  devenv {} is the same\n", command.alias);
  }
  if (!description.arguments.empty()) {
    std::vector<Row> rows;
    for (const ArgumentDescription& argument : description.arguments) {
      rows.push_back({argument.name, argument.text});
    }
    text += "\n" + heading("Arguments", style) + two_columns(rows);
  }
  if (const std::string own = flag_rows(description.flags, false); !own.empty()) {
    text += "\n" + heading("Flags", style) + own;
  }
  text += "\n" + heading("Global flags", style) + flag_rows(description.flags, true);
  return description.details.empty() ? text : text + "\n" + description.details + "\n";
}

std::string command_rows(const std::vector<const Command*>& listed) {
  std::vector<Row> rows;
  for (const Command* command : listed) {
    rows.push_back({std::string(command->path), std::string(command->summary)});
  }
  return two_columns(rows);
}

std::vector<const Command*> select(const std::function<bool(const Command&)>& wanted) {
  std::vector<const Command*> selected;
  for (const Command& command : commands()) {
    if (wanted(command)) {
      selected.push_back(&command);
    }
  }
  return selected;
}

std::string family_help(const Family& family, const Style& style) {
  return format("{}\n\n{}  devenv {} COMMAND [FLAGS]\n\n{}{}\nMore: devenv help {} COMMAND\n",
                family.summary, heading("Usage", style), family.name, heading("Commands", style),
                command_rows(select([&](const Command& c) { return c.family() == family.name; })),
                family.name);
}

std::string main_help(const Style& style) {
  std::string text =
      "A mutable shell of any Linux distribution on top of your own, without root\n\n" +
      heading("Usage", style) + "  devenv COMMAND [FLAGS]\n";
  for (const Group group :
       {Group::environments, Group::projects, Group::images, Group::profiles, Group::host}) {
    text += "\n" + heading(std::string(title(group)), style) +
            command_rows(select([&](const Command& c) { return c.group == group; }));
  }
  std::vector<FlagDescription> flags = global_flags();
  flags.push_back({.names = {"-V", "--version"}, .text = "print the version", .global = true});
  text += "\n" + heading("Global flags", style) + flag_rows(flags, true);
  return text +
         "\nExamples:\n"
         "  devenv enter fedora             a shell in Fedora; the first time it is fetched\n"
         "  devenv run fedora gcc --version\n"
         "\nMore: devenv help COMMAND, devenv help shares, devenv help exit-codes, man devenv\n";
}

std::string exit_code_help(const Style& style) {
  std::vector<Row> rows;
  for (const ExitCodeRow& row : exit_code_table()) {
    rows.push_back({std::string(row.code), std::string(row.meaning)});
  }
  return heading("Exit status", style) + two_columns(rows);
}

std::string shares_help(const Style& style) {
  std::vector<Row> rows;
  for (const host::Share& share : host::all_shares()) {
    rows.push_back({std::string(share.name), std::string(share.summary)});
  }
  return heading("Shares", style) + two_columns(rows) +
         "\nAll are on where the host has them, but ca-certificates, until --no-share, the profile "
         "or\n"
         "config.toml says otherwise. devenv inspect NAME tells which are on, and why others are "
         "not.\n";
}

}  // namespace

Result<std::string> help_text(const std::string& topic, const Style& style) {
  if (topic.empty()) {
    return main_help(style);
  }
  if (topic == kExitCodes) {
    return exit_code_help(style);
  }
  if (topic == kShares) {
    return shares_help(style);
  }
  if (const Family* family = find_family(topic)) {
    return family_help(*family, style);
  }
  if (const Command* command = find_command(topic)) {
    return command_help(*command, style);
  }
  std::vector<std::string> known;
  for (const Command& command : commands()) {
    known.emplace_back(command.path);
  }
  const auto similar = text::closest(topic, known);
  return fail(Error(ErrorCode::usage, format("there is no help on '{}'", text::sanitize(topic)))
                  .with_hint(similar ? format("did you mean 'devenv help {}'?", *similar)
                                     : std::string("devenv help")));
}

void add_help(CLI::App& app, HelpOptions& options) {
  app.add_option("COMMAND", options.topic, "a command, exit-codes or shares")
      ->type_name("COMMAND-NAME")
      ->expected(0, 2);
}

Result<ExitCode> run_help(const HelpOptions& options, Context& context) {
  TRY_ASSIGN(const std::string text, help_text(join(options.topic, " "), context.ui().out_style()));
  context.ui().data(text);
  return ExitCode::done;
}

void add_version(CLI::App& app, VersionOptions& options) {
  add_json_flag(app, options.json);
}

Result<ExitCode> run_version(const VersionOptions& options, Context& context) {
  if (options.json) {
    context.ui().document(Json{{"schema", 1}, {"version", kVersion}});
  } else {
    context.ui().data(format("devenv {}\n", kVersion));
  }
  return ExitCode::done;
}

}  // namespace devenv::cmd
