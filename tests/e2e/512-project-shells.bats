#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2016
# `devenv hook` in real shells in a real terminal.
load helpers

setup_file() { start_registry; }
teardown_file() { stop_registry; }

setup() {
  mkdir -p "$HOME/projects/web/sub" "$HOME/projects/nix"
  printf '[env]\nbase = "%s/busybox:latest"\n' "$REGISTRY" >"$HOME/projects/web/devenv.toml"
  cp "$HOME/projects/web/devenv.toml" "$HOME/projects/nix"
  touch "$HOME/projects/nix/devenv.nix"
}

teardown() {
  close_terminal 2>/dev/null || :
  remove_all
  rm -rf "$HOME/projects" "$HOME/.local/share/devenv"/{projects,trust}
}

screen() { in_tmux capture-pane -p -t test; }
times() { screen | grep -c "$1"; }

check() { # check SHELL-COMMAND HOOK-LINE STATUS
  open_terminal "$1" 200
  press "$2" Enter
  press 'cd ~/projects/web; false' Enter
  wait_until screen_has 'project .*web: not allowed yet: devenv allow'
  press "echo \"status=$3\"" Enter
  wait_until screen_has 'status=1'
  # Neither again below, nor at each prompt.
  press 'cd sub' Enter
  press 'cd ../../nix; echo there' Enter
  wait_until screen_has '^there'
  equals "$(times 'not allowed yet')" 1
  press 'cd ../web; devenv allow' Enter
  wait_until screen_has '^allowed .*web\|allow it?'
  press y Enter
  wait_until screen_has '^allowed .*web'
  press 'cd /; cd ~/projects/web' Enter
  wait_until screen_has 'project .*web: devenv enter'
  press 'env | grep -c __devenv; echo over' Enter
  wait_until screen_has '^over'
  screen_has '^0$' || fail "$(screen)"
}

@test "hook: bash" { check 'bash --norc' 'eval "$(devenv hook bash)"' '$?'; }
@test "hook: zsh" {
  needs zsh
  check 'zsh -f' 'eval "$(devenv hook zsh)"' '$?'
}
@test "hook: fish" {
  needs fish
  check 'fish --no-config' 'devenv hook fish | source' '$status'
}

@test "hook: bash keeps other prompt commands, and enters by itself only on request" {
  (cd "$HOME/projects/web" && devenv allow -y && devenv up)
  open_terminal 'bash --norc' 200
  press 'PROMPT_COMMAND="echo mine"; eval "$(devenv hook bash)"; eval "$(devenv hook bash)"; echo "$PROMPT_COMMAND"' Enter
  wait_until screen_has '__devenv_hook;echo mine'
  press 'export DEVENV_AUTO_ENTER=1; cd ~/projects/web' Enter
  wait_until screen_has 'project .*web'
  press 'echo in-$DEVENV_NAME; exit 3' Enter
  wait_until screen_has 'in-web'
  press 'echo out-${DEVENV_NAME:-none}' Enter
  wait_until screen_has 'out-none'
}

@test "hook: the scripts are clean, and other shells are told" {
  needs shellcheck
  devenv hook bash | shellcheck -s bash -
  fails_with 2 "did you mean" devenv hook bsh
}
