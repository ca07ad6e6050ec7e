# SPDX-License-Identifier: MIT
# bash completion for devenv: asks the program itself.

_devenv() {
  local line=${COMP_LINE:0:COMP_POINT} current prefix candidate
  local -a words candidates
  # Not COMP_WORDS: bash cuts them at ':' and '=', which image references and flags are full of.
  read -r -a words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  current=${words[${#words[@]} - 1]}

  mapfile -t candidates < <("${1/#\~/$HOME}" __complete -- "${words[@]:1}" 2>/dev/null)

  # bash replaces only what follows the last ':' or '='.
  prefix=
  [[ $current == *[:=]* ]] && prefix=${current%"${current##*[:=]}"}
  COMPREPLY=()
  for candidate in "${candidates[@]}"; do
    candidate=${candidate%%$'\t'*}
    COMPREPLY+=("${candidate#"$prefix"}")
  done
}

# Without candidates: files, which is right for --image and for the arguments of a command inside.
complete -o default -F _devenv devenv
