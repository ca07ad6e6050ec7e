// SPDX-License-Identifier: MIT
#include "cmd/image_worker/options.hpp"

#include <algorithm>
#include <array>
#include <iterator>
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
  std::multimap<std::string, std::string> named;  ///< those of one name in their order
  std::vector<std::string> positional;

  /// The last of that name, or "".
  std::string value(const std::string& name) const {
    const auto after = named.upper_bound(name);
    return after == named.begin() || std::prev(after)->first != name ? ""
                                                                     : std::prev(after)->second;
  }
  std::vector<std::string> values(const std::string& name) const {
    std::vector<std::string> all;
    const auto range = named.equal_range(name);
    for (auto entry = range.first; entry != range.second; ++entry) {
      all.push_back(entry->second);
    }
    return all;
  }
};

/// Which options a command takes, and how many other arguments.
struct Command {
  std::string_view name;
  std::array<std::string_view, 8> options;
  std::size_t positional;
};
constexpr std::array<Command, 13> kCommands = {{
    {"pull", {"--store", "--platform", "--max-size", ""}, 1},
    {"feature", {"--store", "", "", ""}, 1},
    {"import",
     {"--store", "--platform", "--max-size", "--name", "--tag", "--sha256", "--checksums",
      "--keyring"},
     1},
    {"engine", {"--store", "--platform", "--max-size", "--name", "--engine"}, 1},
    {"bootstrap", {"--store", "--distribution", "--suite", "--mirror"}, 0},
    {"seal", {"--store", "--tree", "--parent", ""}, 0},
    {"push", {"--store", "--base", "--origin", "--layer", "--label", "--base-layers"}, 1},
    {"save", {"--store", "--base", "--origin", "--file"}, 1},
    {"config", {"--store", "--base", "", ""}, 0},
    {"compose", {"--store", "--base", "--origin", "--layer", "--label", "--base-layers"}, 1},
    {"login", {"--user"}, 1},
    {"logout", {}, 1},
    {"qualify", {}, 1},
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
      arguments.named.emplace(name, argument->substr(equals + 1));
    } else if (argument + 1 != list.end()) {
      arguments.named.emplace(name, *++argument);
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

Result<SealOptions> read_seal(const Arguments& arguments) {
  SealOptions seal{.tree = arguments.value("--tree"), .parent = std::nullopt};
  if (!seal.tree.starts_with('/')) {
    return usage("--tree needs an absolute path");
  }
  if (const std::string parent = arguments.value("--parent"); !parent.empty()) {
    TRY_ASSIGN_CONTEXT(seal.parent, Digest::parse(parent), "malformed --parent");
  }
  return seal;
}

/// "CHAIN-ID=DIFF-ID"
Result<image::SealedLayer> read_layer(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) {
    return usage("--layer needs CHAIN-ID=DIFF-ID");
  }
  TRY_ASSIGN(Digest chain_id, Digest::parse(text.substr(0, equals)));
  TRY_ASSIGN(Digest diff_id, Digest::parse(text.substr(equals + 1)));
  return image::SealedLayer{std::move(diff_id), std::move(chain_id), 0};
}

Result<image::fetch::NewImage> read_new_image(const Arguments& arguments) {
  TRY_ASSIGN(image::Reference reference, image::Reference::parse(arguments.positional[0]));
  TRY_ASSIGN_CONTEXT(Digest base, Digest::parse(arguments.value("--base")), "malformed --base");
  image::fetch::NewImage image{.base_manifest = std::move(base),
                               .base_reference = arguments.value("--origin"),
                               .layers = {},
                               .reference = std::move(reference),
                               .labels = {}};
  const std::string below = arguments.value("--base-layers");
  if (!below.empty() && below != "kept" && below != "replaced") {
    return usage("--base-layers is kept or replaced");
  }
  image.base_layers =
      below == "replaced" ? image::fetch::BaseLayers::replaced : image::fetch::BaseLayers::kept;
  for (const std::string& text : arguments.values("--layer")) {
    TRY_ASSIGN_CONTEXT(image::SealedLayer layer, read_layer(text), "malformed --layer");
    image.layers.push_back(std::move(layer));
  }
  for (const std::string& text : arguments.values("--label")) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return usage("--label needs NAME=VALUE");
    }
    image.labels.insert_or_assign(text.substr(0, equals), text.substr(equals + 1));
  }
  return image;
}

Result<ImportOptions> read_import(const Arguments& arguments) {
  image::fetch::ArchiveRequest archive{.location = arguments.positional[0],
                                       .tag = arguments.value("--tag"),
                                       .checksums = arguments.value("--checksums"),
                                       .keyring = arguments.value("--keyring")};
  if (const std::string sha256 = arguments.value("--sha256"); !sha256.empty()) {
    TRY_ASSIGN_CONTEXT(archive.sha256, Digest::parse("sha256:" + sha256), "malformed --sha256");
  }
  const std::string name = arguments.value("--name");
  TRY_ASSIGN(image::Reference reference,
             image::Reference::parse(
                 name.empty() ? image::fetch::default_import_name(archive.location) : name));
  return ImportOptions{std::move(archive), std::move(reference), !name.empty()};
}

Result<EngineOptions> read_engine(const Arguments& arguments) {
  EngineOptions engine{{arguments.value("--engine"), arguments.positional[0]}, std::nullopt};
  if (const std::string name = arguments.value("--name"); !name.empty()) {
    TRY_ASSIGN(engine.name, image::Reference::parse(name));
  }
  return engine;
}

Result<decltype(Options::action)> read_action(std::string_view command,
                                              const Arguments& arguments) {
  if (command == "pull") {
    TRY_ASSIGN(image::Reference reference, image::Reference::parse(arguments.positional[0]));
    return PullOptions{std::move(reference)};
  }
  if (command == "feature") {
    TRY_ASSIGN(image::Reference reference, image::Reference::parse(arguments.positional[0]));
    return FeatureOptions{std::move(reference)};
  }
  if (command == "import") {
    TRY_ASSIGN(ImportOptions import, read_import(arguments));
    return import;
  }
  if (command == "engine") {
    TRY_ASSIGN(EngineOptions engine, read_engine(arguments));
    return engine;
  }
  if (command == "push") {
    TRY_ASSIGN(image::fetch::NewImage image, read_new_image(arguments));
    return PushOptions{std::move(image)};
  }
  if (command == "save") {
    TRY_ASSIGN(image::fetch::NewImage image, read_new_image(arguments));
    std::string file = arguments.value("--file");
    if (!file.starts_with('/') && file != "-") {
      return usage("--file needs an absolute path");
    }
    return SaveOptions{std::move(image), std::move(file)};
  }
  if (command == "compose") {
    TRY_ASSIGN(image::fetch::NewImage image, read_new_image(arguments));
    return ComposeOptions{std::move(image)};
  }
  if (command == "config") {
    TRY_ASSIGN_CONTEXT(Digest manifest, Digest::parse(arguments.value("--base")),
                       "malformed --base");
    return ConfigOptions{std::move(manifest)};
  }
  if (command == "seal") {
    TRY_ASSIGN(SealOptions seal, read_seal(arguments));
    return seal;
  }
  if (command == "login") {
    return LoginOptions{arguments.positional[0], arguments.value("--user")};
  }
  if (command == "qualify") {
    TRY_ASSIGN(image::Reference reference, image::Reference::parse(arguments.positional[0]));
    return QualifyOptions{std::move(reference)};
  }
  if (command == "logout") {
    return LogoutOptions{arguments.positional[0]};
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
    return usage(
        "expected one of pull, feature, import, engine, bootstrap, seal, compose, push, save, "
        "config, login, logout, qualify");
  }
  TRY_ASSIGN(const Arguments read,
             read_arguments(*command, {arguments.begin() + 1, arguments.end()}));
  std::string store = read.value("--store");
  const bool needs_store = command->options[0] == "--store";
  if (needs_store && !store.starts_with('/')) {
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
