// SPDX-License-Identifier: MIT
#include "env/session/prompt.hpp"

namespace devenv::session {

// The mark is put in when the prompt is about to be shown: ~/.bashrc is read later than this, and
// most set PS1 anew.
std::string_view profile_script() {
  return R"sh(# Made by devenv at each start. DEVENV_PROMPT=off, set on the host, switches the mark off.
case ":$PATH:" in
  *:/run/devenv/bin:*) ;;
  *) PATH=$PATH:/run/devenv/bin ;;
esac
case "$PATH:" in
  "${DEVENV_PATH-}":*) ;;
  *) PATH=${DEVENV_PATH:+$DEVENV_PATH:}$PATH ;;
esac
if [ -n "${DEVENV_NAME-}" ] && [ "${DEVENV_PROMPT-}" != off ]; then
  if [ -n "${BASH_VERSION-}" ] || [ -n "${ZSH_VERSION-}" ]; then
    __devenv_mark() {
      case $PS1 in
        *"($DEVENV_NAME) "*) ;;
        *) PS1="($DEVENV_NAME) $PS1" ;;
      esac
    }
    if [ -n "${BASH_VERSION-}" ]; then
      PROMPT_COMMAND="${PROMPT_COMMAND:+$PROMPT_COMMAND
}__devenv_mark"
    else
      eval 'precmd_functions+=(__devenv_mark)'
    fi
  else
    PS1="($DEVENV_NAME) ${PS1-\$ }"
  fi
fi
)sh";
}

std::string_view fish_profile_script() {
  return R"fish(# Made by devenv at each start. DEVENV_PROMPT=off, set on the host, switches the mark off.
if status is-interactive; and set -q DEVENV_NAME; and test "$DEVENV_PROMPT" != off
    function __devenv_mark --on-event fish_prompt
        functions --erase __devenv_mark
        functions --copy fish_prompt __devenv_prompt
        function fish_prompt
            printf '(%s) ' $DEVENV_NAME
            __devenv_prompt
        end
    end
end
)fish";
}

}  // namespace devenv::session
