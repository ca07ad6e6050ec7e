// SPDX-License-Identifier: MIT
// CLI11 and the few forms of flags and arguments that our commands have. Included by the files that
// declare a command's flags and by command_line.cpp and describe.cpp, which read them.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cmd/context.hpp"
#include "cmd/exit_code.hpp"
#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::cmd {

/// What argv asks for, ready to run; options live in the function. Nothing has been done yet.
struct Invocation {
  std::function<Result<ExitCode>(Context&)> run;
  /// Where words that belong to the command inside go; null if the command takes none.
  std::vector<std::string>* command = nullptr;
  /// Whether `--json` was given; null if the command has no such flag.
  const bool* json = nullptr;
};

/// Declares the flags of a command and remembers what to run: the row of a command in the table is
/// bind<XOptions, add_x, run_x>.
template <typename Options, auto add, auto run>
void bind(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<Options>();
  add(app, *options);
  if constexpr (requires(Options & o) { o.command; }) {
    invocation.command = &options->command;
  }
  if constexpr (requires(Options & o) { o.json; }) {
    invocation.json = &options->json;
  }
  invocation.run = [options](Context& context) { return run(*options, context); };
}

// What the value of a flag or argument is, for completion. A flag shows it as its value's name; an
// argument is shown by its own name.
namespace kind {
constexpr const char* kEnvironment = "ENVIRONMENT";
constexpr const char* kNewName = "NAME|PROFILE";
constexpr const char* kTarget = "TARGET";  ///< whatever `enter` takes
constexpr const char* kProfile = "PROFILE";
constexpr const char* kRelease = "PROFILE[:RELEASE]";
constexpr const char* kImage = "IMAGE";
constexpr const char* kImageOrFile = "REF|FILE";
constexpr const char* kReference = "REF";
constexpr const char* kProfileOrFile = "PROFILE|FILE";
constexpr const char* kCommand = "COMMAND";
constexpr const char* kSeconds = "SECONDS";
constexpr const char* kShare = "SHARE";
constexpr const char* kVariable = "NAME[=VALUE]";
constexpr const char* kDirectory = "DIRECTORY";
}  // namespace kind

/// A flag or argument that takes one of `choices`. Its kind is the choices joined by '|'.
inline CLI::Option* only(CLI::Option* option, std::vector<std::string> choices) {
  option->type_name(join(choices, "|"));
  return option->check(
      [choices = std::move(choices)](const std::string& value) -> std::string {
        for (const std::string& choice : choices) {
          if (choice == value) {
            return {};
          }
        }
        const auto similar = text::closest(value, choices);
        return format("'{}' is none of {}{}", text::sanitize(value), join(choices, ", "),
                      similar ? format("; did you mean '{}'?", *similar) : "");
      },
      "");
}

inline void add_json_flag(CLI::App& app, bool& json) {
  app.add_flag("--json", json, "print one JSON document");
}

inline void add_yes_flag(CLI::App& app, bool& yes) {
  app.add_flag("-y,--yes", yes, "answer yes to every question");
}

inline void add_storage_flag(CLI::App& app, std::optional<std::string>& storage) {
  only(app.add_option("--storage", storage, "how the root file system is put together"),
       {"auto", "overlay", "fuse-overlayfs", "copy"});
}

inline void add_check_flags(CLI::App& app,
                            std::optional<std::string>& checksums,
                            std::optional<std::string>& keyring) {
  app.add_option("--checksums", checksums, "list of SHA-256 checksums that has the archive's")
      ->type_name("URL|FILE");
  app.add_option("--keyring", keyring, "keys, one of which must have signed the checksums")
      ->type_name("FILE");
}

inline void add_host_commands_flag(CLI::App& app, std::optional<std::string>& policy) {
  only(app.add_option("--host-commands", policy, "whether programs inside may run commands here"),
       {"allow", "ask", "deny"});
}

}  // namespace devenv::cmd
