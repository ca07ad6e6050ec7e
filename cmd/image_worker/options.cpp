// SPDX-License-Identifier: MIT
#include "cmd/image_worker/options.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/image/fetch/import_name.hpp"

namespace devenv::image_worker {
namespace {

constexpr std::uint64_t kMaxTimeout = 3600;
constexpr std::uint64_t kMaxRatio = 1000000000;

tl::unexpected<Error> usage(std::string message) {
  return fail(Error(ErrorCode::usage, std::move(message))
                  .with_hint("devenv-image is run by devenv, not by hand"));
}

/// "--name value" or "--name=value" pairs, and what is left over.
struct Arguments {
  std::map<std::string, std::string> named;
  std::vector<std::string> positional;

  std::string value(const std::string& name) const {
    const auto found = named.find(name);
    return found == named.end() ? "" : found->second;
  }
};

/// Which options a command takes, and how many other arguments.
struct Command {
  std::string_view name;
  std::array<std::string_view, 4> options;
  std::size_t positional;
};
constexpr std::array<Command, 3> kCommands = {{
    {"pull", {"--store", "--platform", "--max-size", ""}, 1},
    {"import", {"--store", "--platform", "--max-size", "--name"}, 1},
    {"bootstrap", {"--store", "--distribution", "--suite", "--mirror"}, 0},
}};

Result<Arguments> read_arguments(const Command& command, const std::vector<std::string>& list) {
  Arguments arguments;
  bool options_over = false;
  for (auto argument = list.begin(); argument != list.end(); ++argument) {
    if (options_over || !argument->starts_with("--")) {
      arguments.positional.push_back(*argument);
      continue;
    }
    if (*argument == "--") {
      options_over = true;
      continue;
    }
    const std::size_t equals = argument->find('=');
    const std::string name = argument->substr(0, equals);
    const auto& known = command.options;
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return usage(format("'{}' does not know '{}'", command.name, text::sanitize(name)));
    }
    if (equals != std::string::npos) {
      arguments.named[name] = argument->substr(equals + 1);
    } else if (argument + 1 != list.end()) {
      arguments.named[name] = *++argument;
    } else {
      return usage(format("'{}' needs a value", name));
    }
  }
  if (arguments.positional.size() != command.positional) {
    return usage(format("'{}' takes {} argument(s), not {}", command.name, command.positional,
                        arguments.positional.size()));
  }
  return arguments;
}

/// A variable that is a number from 1 on; nullopt when it is not set.
Result<std::optional<std::uint64_t>> read_number(
    const std::function<std::string(const char*)>& get_variable,
    const char* name,
    std::string_view what,
    std::uint64_t maximum) {
  const std::string value = get_variable(name);
  if (value.empty()) {
    return std::nullopt;
  }
  const auto number = text::parse_number(value);
  if (!number || *number == 0 || *number > maximum) {
    return usage(
        format("{} is '{}', not a {} up to {}", name, text::sanitize(value), what, maximum));
  }
  return std::optional<std::uint64_t>(*number);
}

Result<void> read_limits(const Arguments& arguments,
                         const std::function<std::string(const char*)>& get_variable,
                         Options& options) {
  std::string size = arguments.value("--max-size");
  if (size.empty()) {
    size = get_variable("DEVENV_IMAGE_MAX_SIZE");
  }
  if (!size.empty()) {
    TRY_ASSIGN_CONTEXT(options.max_size, ByteSize::parse(size), "malformed limit for images");
  }
  TRY_ASSIGN(options.max_ratio,
             read_number(get_variable, "DEVENV_IMAGE_MAX_RATIO", "number", kMaxRatio));
  TRY_ASSIGN(const auto seconds,
             read_number(get_variable, "DEVENV_IMAGE_TIMEOUT", "number of seconds", kMaxTimeout));
  if (seconds) {
    options.timeout = std::chrono::seconds(static_cast<std::int64_t>(*seconds));
  }
  return {};
}

Result<decltype(Options::action)> read_action(std::string_view command,
                                              const Arguments& arguments) {
  if (command == "pull") {
    TRY_ASSIGN(image::Reference reference, image::Reference::parse(arguments.positional[0]));
    return PullOptions{std::move(reference)};
  }
  if (command == "import") {
    const std::string& file = arguments.positional[0];
    const std::string name = arguments.value("--name");
    TRY_ASSIGN(
        image::Reference reference,
        image::Reference::parse(name.empty() ? image::fetch::default_import_name(file) : name));
    return ImportOptions{file, std::move(reference)};
  }
  return image::fetch::BootstrapRequest{arguments.value("--distribution"),
                                        arguments.value("--suite"), arguments.value("--mirror")};
}

}  // namespace

Result<Options> parse_options(const std::vector<std::string>& arguments,
                              const std::function<std::string(const char*)>& get_variable) {
  const auto command =
      std::find_if(kCommands.begin(), kCommands.end(), [&](const Command& candidate) {
        return !arguments.empty() && candidate.name == arguments[0];
      });
  if (command == kCommands.end()) {
    return usage("expected one of pull, import, bootstrap");
  }
  TRY_ASSIGN(const Arguments read,
             read_arguments(*command, {arguments.begin() + 1, arguments.end()}));
  std::string store = read.value("--store");
  if (!store.starts_with('/')) {
    return usage("--store needs an absolute path");
  }
  image::Platform platform = image::host_platform();
  if (const std::string wanted = read.value("--platform"); !wanted.empty()) {
    TRY_ASSIGN(platform, image::Platform::parse(wanted));
  }
  TRY_ASSIGN(auto action, read_action(command->name, read));
  Options options{
      .store = std::move(store), .platform = std::move(platform), .action = std::move(action)};
  TRY(read_limits(read, get_variable, options));
  return options;
}

}  // namespace devenv::image_worker
