// SPDX-License-Identifier: MIT
#include "env/export/shim.hpp"

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::exporting {
namespace {

/// Each word quoted for sh, with a space before it.
std::string words(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& word : list) {
    text += " " + text::shell_quote(word);
  }
  return text;
}

/// As it is run inside. Sudo takes no variables along.
std::string command_inside(const ShimInput& input) {
  const ExportOptions& options = input.options;
  return (options.as_root ? "sudo " : "") +
         (options.variables.empty() ? "" : "env" + words(options.variables) + " ") +
         text::shell_quote(input.command) + words(options.arguments);
}

/// Without env(1) in between, where it can be.
std::string command_on_host(const ShimInput& input) {
  const ExportOptions& options = input.options;
  const std::string name = text::shell_quote(input.environment_name);
  if (options.as_root) {
    return format("{} {}", name, command_inside(input));
  }
  std::string text;
  for (const std::string& variable : options.variables) {
    text += format("--env {} ", text::shell_quote(variable));
  }
  return text + name + " " + text::shell_quote(input.command) + words(options.arguments);
}

}  // namespace

std::string shim_text(const ShimInput& input) {
  const std::string name = text::shell_quote(input.environment_name);
  return format(R"sh(#!/bin/sh
# Made by devenv: {0} of the environment {1}. To take it back: devenv export {1} --delete --bin {0}
if [ -e /run/devenv/session ]; then
  if [ "${{DEVENV_NAME-}}" = {1} ]; then exec {2} "$@"; fi
  exec /run/devenv/bin/devenv-guest host "$0" "$@"
fi
devenv={3}
if [ ! -d {4} ]; then
  echo "error: $0 is a command of the environment {1}, which is gone" >&2
  echo "hint: what is left of it: devenv doctor" >&2
  exit 127
fi
[ -x "$devenv" ] || devenv=devenv
exec "$devenv" run {5} "$@"
)sh",
                text::sanitize(text::base_name(input.command)), name, command_inside(input),
                text::shell_quote(input.program), text::shell_quote(input.environment_directory),
                command_on_host(input));
}

}  // namespace devenv::exporting
