# SPDX-License-Identifier: MIT
# fish completion for devenv: asks the program itself.

function __devenv_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~' $HOME $words[1])
    set -l candidates ($program __complete -- $words[2..-1] "$current" 2>/dev/null)
    if test (count $candidates) -gt 0
        printf '%s\n' $candidates
    else
        # Files, which is right for --image and for the arguments of a command inside.
        __fish_complete_path "$current"
    end
end

complete -c devenv -f -a '(__devenv_complete)'
