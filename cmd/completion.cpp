// SPDX-License-Identifier: MIT
#include "cmd/completion.hpp"

namespace devenv::cmd {

void add_completion(CLI::App& app, CompletionOptions& options) {
  only(app.add_option("SHELL", options.shell, "bash, zsh or fish"), {"bash", "zsh", "fish"})
      ->required();
  app.footer(
      "The scripts are installed with devenv. Where they are not:\n"
      "  bash: devenv completion bash > ~/.local/share/bash-completion/completions/devenv\n"
      "  zsh:  devenv completion zsh > DIRECTORY/_devenv, with DIRECTORY in $fpath\n"
      "  fish: devenv completion fish > ~/.config/fish/completions/devenv.fish");
}

Result<ExitCode> run_completion(const CompletionOptions& options, Context& context) {
  const auto script = completion_script(options.shell);
  if (!script) {
    return fail(ErrorCode::usage, format("there is no script for '{}'", options.shell));
  }
  context.ui().data(*script);
  return ExitCode::done;
}

}  // namespace devenv::cmd
