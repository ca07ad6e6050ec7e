// SPDX-License-Identifier: MIT
#include "cmd/command_line.hpp"

#include <algorithm>

#include "cmd/describe.hpp"
#include "cmd/help.hpp"
#include "env/sys/process.hpp"

namespace devenv::cmd {
namespace {

bool is_flag(std::string_view word) {
  return word.size() > 1 && word[0] == '-';
}

/// Whether `word` is a flag whose value is the next word.
bool takes_next_word(const std::string& word, const CLI::App& app) {
  if (!is_flag(word) || word.find('=') != std::string::npos) {
    return false;
  }
  const CLI::Option* option = app.get_option_no_throw(word);
  return option != nullptr && option->get_items_expected_max() > 0;
}

/// The command's name (up to two words) and all other words.
struct Named {
  const Command* command = nullptr;
  std::string unknown;  ///< the path that is no command; empty when there is none
  std::vector<std::string> others;
};

Named find_named(const std::vector<std::string>& words, const CLI::App& globals) {
  Named named;
  std::string path;
  std::size_t index = 0;
  for (; index < words.size() && named.command == nullptr && named.unknown.empty(); ++index) {
    const std::string& word = words[index];
    if (is_flag(word)) {
      named.others.push_back(word);
      if (takes_next_word(word, globals) && index + 1 < words.size()) {
        named.others.push_back(words[++index]);
      }
      continue;
    }
    path += (path.empty() ? "" : " ") + word;
    named.command = find_command(path);
    if (named.command == nullptr && (find_family(path) == nullptr || path != word)) {
      named.unknown = path;
    }
  }
  if (named.command == nullptr && named.unknown.empty()) {
    named.unknown = path;  // a family on its own, or nothing at all
  }
  named.others.insert(named.others.end(), words.begin() + static_cast<std::ptrdiff_t>(index),
                      words.end());
  return named;
}

bool contains(const std::vector<std::string>& words, std::initializer_list<const char*> wanted) {
  return std::any_of(wanted.begin(), wanted.end(), [&](const char* word) {
    return std::find(words.begin(), words.end(), word) != words.end();
  });
}

/// Looked for before CLI11 reads the words: help is given whatever else is wrong with them.
bool asks_for_help(const std::vector<std::string>& words) {
  const auto end = std::find(words.begin(), words.end(), "--");
  return contains({words.begin(), end}, {"--help", "-h"});
}

Error unknown_command(const std::string& path) {
  const std::string family = path.substr(0, path.find(' '));
  const bool in_family = find_family(family) != nullptr;
  const std::string word = in_family ? path.substr(std::min(path.size(), family.size() + 1)) : path;
  const std::vector<std::string> known = command_words(in_family ? family : "");
  if (word.empty()) {
    return Error(ErrorCode::usage,
                 in_family ? format("'devenv {}' needs a command: {}", family, join(known, ", "))
                           : std::string("no command was given"))
        .with_hint(in_family ? format("devenv help {}", family)
                             : "see what there is: devenv help; or start: devenv enter debian");
  }
  const std::string shown = text::sanitize(path);
  const auto similar = text::closest(word, known);
  return Error(ErrorCode::usage, format("there is no command 'devenv {}'", shown))
      .with_hint(similar     ? format("did you mean 'devenv {}{}'?",
                                  in_family ? family + " " : std::string(), *similar)
                 : in_family ? format("devenv help {}", family)
                             : std::string("devenv help"));
}

/// Words that no flag and no argument took.
std::optional<Error> leftover_error(const CLI::App& app) {
  for (const std::string& word : app.remaining()) {
    if (word == "--") {
      continue;
    }
    const std::string shown = text::sanitize(word);
    if (!is_flag(word)) {
      return Error(ErrorCode::usage, format("'{}' takes no argument '{}'", app.get_name(), shown));
    }
    const std::string name = word.substr(0, word.find('='));
    const auto known = flag_names(app);
    if (std::find(known.begin(), known.end(), name) != known.end()) {
      return Error(ErrorCode::usage, format("'{}' takes no argument '{}'", app.get_name(), shown))
          .with_hint("flags come before '--'");
    }
    const auto similar = text::closest(name, known);
    return Error(ErrorCode::usage, format("'{}' has no flag '{}'", app.get_name(), shown))
        .with_hint(similar ? format("did you mean '{}'?", *similar) : "");
  }
  return std::nullopt;
}

/// CLI11 names the flag before a colon; its own sentences are rewritten in ours.
Error usage_error(const CLI::ParseError& problem, const CLI::App& app) {
  const std::string what = problem.what();
  const std::string subject = what.substr(0, what.find_first_of(": "));
  if (dynamic_cast<const CLI::RequiredError*>(&problem) != nullptr) {
    return Error(ErrorCode::usage, format("'{}' needs {}", app.get_name(), subject));
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&problem) != nullptr) {
    return Error(ErrorCode::usage, format("'{}' needs one value", subject));
  }
  if (dynamic_cast<const CLI::ValidationError*>(&problem) != nullptr) {
    const std::size_t end = what.find(": ");
    return Error(ErrorCode::usage,
                 format("bad value for {}: {}", subject,
                        end == std::string::npos ? "" : text::sanitize(what.substr(end + 2))));
  }
  if (dynamic_cast<const CLI::ConversionError*>(&problem) != nullptr) {
    // "Could not convert: --time = abc"
    return Error(ErrorCode::usage,
                 format("bad value for {}",
                        text::sanitize(what.substr(std::min(what.size(), what.find(": ") + 2)))));
  }
  return Error(ErrorCode::usage, text::sanitize(what));
}

/// Lets CLI11 read the words; its exceptions end here.
std::optional<Error> read_flags(CLI::App& app, std::vector<std::string> words) {
  app.allow_extras();
  std::reverse(words.begin(), words.end());  // what parse(vector) expects
  std::optional<Error> problem;
  try {
    app.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    problem = usage_error(error, app);
  }
  // An unknown flag explains more than the argument that is missing because of it.
  std::optional<Error> leftover = leftover_error(app);
  std::optional<Error>& first = leftover ? leftover : problem;
  if (first && first->hint().empty()) {
    return first->with_hint(app.get_name() + " --help");
  }
  return first;
}

/// A flag before the command's name, where only the global ones and --version can be; nullopt if it
/// is one of them.
std::optional<Error> unknown_global_flag(const std::vector<std::string>& words,
                                         const CLI::App& globals) {
  std::vector<std::string> known = flag_names(globals);
  known.insert(known.end(), {"-V", "--version"});
  for (const std::string& word : words) {
    const std::string name = word.substr(0, word.find('='));
    if (!is_flag(word) || std::find(known.begin(), known.end(), name) != known.end()) {
      continue;
    }
    const auto similar = text::closest(name, known);
    return Error(ErrorCode::usage, format("'devenv' has no flag '{}'", text::sanitize(name)))
        .with_hint(similar ? format("did you mean '{}'?", *similar) : "devenv --help");
  }
  return std::nullopt;
}

CommandLine without_command(const Named& named, const CLI::App& probe) {
  CommandLine line;
  const bool family = find_family(named.unknown) != nullptr;
  if (named.unknown.empty() && contains(named.others, {"--version", "-V"})) {
    line.command = find_command("version");
    line.invocation.run = [](Context& context) { return run_version({}, context); };
  } else if ((named.unknown.empty() || family) && contains(named.others, {"--help", "-h"})) {
    line.command = find_command("help");
    HelpOptions options;
    if (family) {
      options.topic = {named.unknown};
    }
    line.invocation.run = [options](Context& context) { return run_help(options, context); };
  } else {
    line.error = named.unknown.empty() ? unknown_global_flag(named.others, probe) : std::nullopt;
    line.error = line.error ? line.error : unknown_command(named.unknown);
  }
  return line;
}

}  // namespace

UiSettings GlobalFlags::ui_settings() const {
  return {.verbosity = quiet ? Verbosity::quiet : Verbosity::normal, .color = color_when(color)};
}

log::Level GlobalFlags::log_level() const {
  if (verbose > 0) {
    return verbose == 1 ? log::Level::info : log::Level::debug;
  }
  return log::level_from_string(sys::get_variable("DEVENV_LOG"));
}

void add_global_flags(CLI::App& app, GlobalFlags& globals) {
  constexpr const char* kGroup = "Global flags";
  // Not CLI11's own help flag: that one throws, and prints in its own way.
  app.set_help_flag();
  app.add_flag("-h,--help", globals.help, "show help")->group(kGroup);
  app.add_flag("-v,--verbose", globals.verbose, "log what is done to standard error; -vv logs more")
      ->group(kGroup);
  app.add_flag("-q,--quiet", globals.quiet, "no steps and no progress")->group(kGroup);
  only(app.add_option("--color", globals.color, "when to colour text"), {"auto", "always", "never"})
      ->group(kGroup);
}

SplitWords split_words(const std::vector<std::string>& words, Rest rest, const CLI::App& app) {
  auto end = words.end();
  auto command = words.end();
  if (rest == Rest::after_separator) {
    end = std::find(words.begin(), words.end(), "--");
    command = end == words.end() ? end : end + 1;
  } else if (rest != Rest::none) {
    auto word = words.begin();
    bool only_arguments = false;
    for (; word != words.end(); ++word) {
      if (*word == "--" && rest == Rest::after_optional_argument) {
        return {.own = {words.begin(), word}, .command = {word + 1, words.end()}};
      }
      if (!only_arguments && *word == "--") {
        only_arguments = true;
      } else if (only_arguments || !is_flag(*word)) {
        break;
      } else if (takes_next_word(*word, app) && word + 1 != words.end()) {
        ++word;
      }
    }
    end = word == words.end() ? word : word + 1;
    command = end != words.end() && *end == "--" ? end + 1 : end;
  }
  return {.own = {words.begin(), end}, .command = {command, words.end()}};
}

CommandLine parse_command_line(const std::vector<std::string>& words) {
  GlobalFlags globals;
  CLI::App probe;  // only tells which global flags take a value
  add_global_flags(probe, globals);
  const Named named = find_named(words, probe);
  if (named.command == nullptr) {
    return without_command(named, probe);
  }

  CommandLine line{.command = named.command};
  CLI::App app(std::string(named.command->summary), format("devenv {}", named.command->path));
  add_global_flags(app, globals);
  named.command->add(app, line.invocation);
  SplitWords split = split_words(named.others, named.command->rest, app);
  if (line.invocation.json != nullptr && contains(split.own, {"--json"})) {
    line.error_form = ErrorForm::json;
  }
  if (asks_for_help(split.own)) {
    line.invocation.run = [path = std::string(named.command->path)](Context& context) {
      return run_help({.topic = {path}}, context);
    };
    line.command = find_command("help");
    return line;
  }
  line.error = read_flags(app, std::move(split.own));
  line.globals = globals;
  if (line.invocation.command != nullptr) {
    *line.invocation.command = std::move(split.command);
  }
  return line;
}

}  // namespace devenv::cmd
