// SPDX-License-Identifier: MIT
// "${localEnv:HOME}" in the values of a devcontainer.json. Pure.
// Source: Dev Container specification, "Variables in devcontainer.json".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace devenv::profiles {

struct TextPart {
  bool is_variable = false;
  std::string text;      ///< the literal text, or the variable without its default: "localEnv:HOME"
  std::string fallback;  ///< of "${localEnv:HOME:/root}"

  /// "HOME" when this is the variable HOME of the host or the container; "" otherwise.
  std::string environment_name() const;
  /// Whether it is the project's directory, which is the same on both sides.
  bool is_project() const;
};

std::vector<TextPart> split_variables(std::string_view text);

/// A line for sh: literal text as it is, variables as those of a shell inside. nullopt when one of
/// them is not to be had there.
std::optional<std::string> as_shell_line(std::string_view text);
/// The same as one word, whatever is in it.
std::optional<std::string> as_shell_word(std::string_view text);

/// A path on the host as devenv.toml has it: "src" for "${localWorkspaceFolder}/src", "~/.ssh" for
/// "${localEnv:HOME}/.ssh". nullopt when other variables are in it.
std::optional<std::string> as_host_path(std::string_view text);

}  // namespace devenv::profiles
