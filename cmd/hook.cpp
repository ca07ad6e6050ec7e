// SPDX-License-Identifier: MIT
#include "cmd/hook.hpp"

#include "cmd/project_load.hpp"
#include "cmd/project_up.hpp"
#include "env/sys/file.hpp"

namespace devenv::cmd {
namespace {

// At each prompt the shell only compares two strings; when the directory is another one it looks
// for devenv.toml upwards, itself. Only when a project is come into is a program run. No variable
// is exported: a shell started from this one finds its project anew. Inside an environment it is
// idle. The exit status of the command before is kept.
constexpr std::string_view kPosix = R"sh(__devenv_hook() {
  local last=$?
  if [ "$PWD" != "${__devenv_pwd-}" ] && [ -z "${DEVENV_NAME-}" ]; then
    __devenv_pwd=$PWD
    local place=$PWD found=
    while :; do
      if [ -f "$place/devenv.toml" ]; then found=$place; break; fi
      [ -n "$place" ] || break
      place=${place%/*}
    done
    if [ "$found" != "${__devenv_project-}" ]; then
      __devenv_project=$found
      if [ -n "$found" ] && [ ! -e "$found/devenv.nix" ]; then
        if command devenv __hook-line && [ "${DEVENV_AUTO_ENTER-}" = 1 ]; then
          command devenv enter
        fi
      fi
    fi
  fi
  return "$last"
}
)sh";

constexpr std::string_view kBash = R"sh(case ";${PROMPT_COMMAND[*]-};" in
  *__devenv_hook*) ;;
  *) PROMPT_COMMAND="__devenv_hook${PROMPT_COMMAND:+;$PROMPT_COMMAND}" ;;
esac
)sh";

constexpr std::string_view kZsh = R"sh(autoload -Uz add-zsh-hook
add-zsh-hook precmd __devenv_hook
)sh";

constexpr std::string_view kFish = R"fish(function __devenv_hook --on-event fish_prompt
    set -l last $status
    if test "$PWD" != "$__devenv_pwd"; and not set -q DEVENV_NAME
        set -g __devenv_pwd $PWD
        set -l place $PWD
        set -l found
        while true
            if test -f "$place/devenv.toml"
                set found $place
                break
            end
            test -n "$place"; or break
            set place (string replace -r '/[^/]*$' '' -- $place)
        end
        if test "$found" != "$__devenv_project"
            set -g __devenv_project $found
            if test -n "$found"; and not test -e "$found/devenv.nix"
                if command devenv __hook-line; and test "$DEVENV_AUTO_ENTER" = 1
                    command devenv enter
                end
            end
        end
    end
    return $last
end
)fish";

std::string script_for(const std::string& shell) {
  if (shell == "fish") {
    return std::string(kFish);
  }
  return std::string(kPosix) + std::string(shell == "zsh" ? kZsh : kBash);
}

}  // namespace

void add_hook(CLI::App& app, HookOptions& options) {
  only(app.add_option("SHELL", options.shell, "bash, zsh or fish"), {"bash", "zsh", "fish"})
      ->required();
  app.footer(
      "The shell then says so when you come into a project. With DEVENV_AUTO_ENTER=1 it enters "
      "the\n"
      "project's environment by itself, if the project is allowed.\n"
      "\n"
      "  bash, in ~/.bashrc:                   eval \"$(devenv hook bash)\"\n"
      "  zsh, in ~/.zshrc:                     eval \"$(devenv hook zsh)\"\n"
      "  fish, in ~/.config/fish/config.fish:  devenv hook fish | source");
}

Result<ExitCode> run_hook(const HookOptions& options, Context& context) {
  context.ui().data(script_for(options.shell));
  return ExitCode::done;
}

void add_hook_line(CLI::App& /*app*/, HookLineOptions& /*options*/) {}

Result<ExitCode> run_hook_line(const HookLineOptions& /*options*/, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const auto directory, find_project_here());
  if (!directory) {
    return ExitCode::failed;
  }
  Ui& ui = context.ui();
  const std::string shown = text::sanitize(*directory);
  TRY_ASSIGN(const auto current, current_environment(*directory, "", context));
  if (current) {
    ui.note(format("project {}: devenv enter", shown));
    return ExitCode::done;
  }
  const auto loaded = profiles::load_project(*directory, "");
  if (!loaded.project) {
    ui.note(format("project {}: devenv.toml has mistakes: devenv profile check", shown));
    return ExitCode::failed;
  }
  TRY_ASSIGN(const auto checked, load_checked(*directory, "", context));
  const auto record = profiles::look_up_trust(workspace->paths.data, *directory, checked.sources);
  switch (record.trust) {
    case profiles::Trust::allowed:
      ui.note(format("project {}: devenv enter", shown));
      return ExitCode::done;
    case profiles::Trust::denied:
      return ExitCode::failed;
    case profiles::Trust::changed:
      ui.note(format("project {}: devenv.toml has changed: devenv allow", shown));
      return ExitCode::failed;
    case profiles::Trust::unknown:
      ui.note(format("project {}: not allowed yet: devenv allow", shown));
      return ExitCode::failed;
  }
  return ExitCode::failed;
}

}  // namespace devenv::cmd
