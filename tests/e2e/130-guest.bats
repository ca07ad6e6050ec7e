# SPDX-License-Identifier: MIT
# devenv-guest by itself: without an environment around it, but with everything it relies on inside
# of one. That the image's programs get along with it is tested in 201-inside.
# shellcheck disable=SC2012,SC2016,SC2030,SC2031,SC2154 # bats runs each test in a subshell

load helpers

setup_file() {
  export GUEST=${DEVENV_GUEST:-$TEST_STAGE/prefix/libexec/devenv/devenv-guest}
}

setup() {
  HELD=
}

teardown() {
  [[ -z $HELD ]] || kill -KILL "$HELD" 2>/dev/null || :
}

# ---- hold ----------------------------------------------------------------------------------------

# hold [COMMAND...]: the holder in the background, started by COMMAND if there is one. It gets the
# lock as file 8, which is also the only one it may keep.
hold() {
  local ready=$BATS_TEST_TMPDIR/ready
  : >"$ready"
  (
    exec 8>"$BATS_TEST_TMPDIR/lock" 9>"$ready" 7</etc/passwd 3>&- 4>&-
    flock 8
    exec "$@" "$GUEST" hold web --keep-fd 8 --ready-fd 9
  ) &
  HELD=$!
  disown "$HELD" # the shell shall not report its end
  wait_until test -s "$ready" || fail "no ready byte"
}

@test "hold: keeps the lock and nothing else of its starter" {
  hold
  equals "$(stat -c %s "$BATS_TEST_TMPDIR/ready")" 1
  equals "$(ls "/proc/$HELD/fd" | tr '\n' ' ')" "0 1 2 8 "
  local fd
  for fd in 0 1 2; do
    equals "$(readlink "/proc/$HELD/fd/$fd")" /dev/null
  done
  equals "$(readlink "/proc/$HELD/cwd")" /
  equals "$(cat "/proc/$HELD/comm")" devenv-hold
  equals "$(cut -d' ' -f6 "/proc/$HELD/stat")" "$HELD" # a session of its own
  expect 1 flock --nonblock "$BATS_TEST_TMPDIR/lock" true
  kill -KILL "$HELD"
  expect 0 flock --timeout 20 "$BATS_TEST_TMPDIR/lock" true
}

@test "hold: also where close_range does not exist" {
  hold "$TEST_STAGE/deny_syscall" close_range
  equals "$(ls "/proc/$HELD/fd" | tr '\n' ' ')" "0 1 2 8 "
}

@test "hold: hears no signal but TERM and KILL" {
  hold
  local signal
  for signal in HUP INT QUIT USR1 USR2 PIPE TSTP TTIN TTOU; do
    kill "-$signal" "$HELD"
  done
  sleep 0.1
  alive "$HELD" || fail "it ended"
  equals "$(state_of "$HELD")" S
  # What a service manager sends when the session or the machine ends.
  kill -TERM "$HELD"
  wait_until gone "$HELD"
}

@test "hold: takes less than half a megabyte" {
  hold
  local pss
  pss=$(awk '$1 == "Pss:" { print $2 }' "/proc/$HELD/smaps_rollup")
  ((pss > 0 && pss < 512)) || fail "$pss kB"
}

@test "hold: refuses what it does not understand" {
  expect 2 "$GUEST" hold
  equals "$stderr" "devenv-guest: hold: the name of the environment is missing"
  expect 2 "$GUEST" hold a b
  equals "$stderr" "devenv-guest: hold: unexpected argument 'b'"
  expect 2 "$GUEST" hold a --ready-fd 987
  equals "$stderr" "devenv-guest: --ready-fd needs the number of an open file above 2"
  expect 2 "$GUEST" hold a --keep-fd
  equals "$stderr" "devenv-guest: --keep-fd needs the number of an open file above 2"
}

# ---- the program ---------------------------------------------------------------------------------

@test "guest: is found by the name it is called, and by its first argument" {
  ln -s "$GUEST" "$BATS_TEST_TMPDIR/version"
  quietly "$BATS_TEST_TMPDIR/version"
  matches "$output" '^devenv-guest [0-9]+\.[0-9]+\.[0-9]+$'
  local named=$output
  quietly "$GUEST" version
  equals "$output" "$named"
  expect 2 "$GUEST"
  expect 2 "$GUEST" nonsense
  equals "$stderr" "devenv-guest: usage: devenv-guest broker|hold|host|sudo|version [ARGUMENT...]"
}

@test "broker: refuses what it does not understand" {
  expect 2 "$GUEST" broker
  equals "$stderr" "devenv-guest: broker: needs a name, --listen-fd and --holder-fd"
  expect 2 "$GUEST" broker a b
  equals "$stderr" "devenv-guest: broker: unexpected argument 'b'"
  expect 2 "$GUEST" broker a --listen-fd 987
  equals "$stderr" "devenv-guest: broker: bad value of --listen-fd"
  expect 2 "$GUEST" broker a --root-uid
  equals "$stderr" "devenv-guest: broker: bad value of --root-uid"
}

@test "host: outside of any environment" {
  expect 125 "$GUEST" host ls
  equals "$stderr" "error: cannot run 'ls' on the host: this is no environment
hint: it works inside: devenv enter NAME"
}

@test "guest: needs no library of the image" {
  local segments
  segments=$(LC_ALL=C readelf --program-headers --wide "$GUEST")
  contains "$segments" " LOAD "
  lacks "$segments" " INTERP "
}

# ---- sudo ----------------------------------------------------------------------------------------

# room SCRIPT: runs it as root of new namespaces furnished like an environment: sudo as it is put
# there, account files of our own, nothing of the machine's sudo. Ann (1000) is the user, Joe is not.
room() {
  local namespaces=(--mount)
  [[ $(id -u) == 0 ]] || namespaces+=(--map-root-user --map-auto)
  needs unshare setpriv
  run --separate-stderr timeout 60 unshare "${namespaces[@]}" bash -ec '
    mount -t tmpfs -o mode=755 room /run
    mount -t tmpfs -o mode=755 room /usr/local
    mkdir -p /run/devenv/bin /run/etc /run/home/{root,ann,joe} /usr/local/{bin,sbin}
    cp "$GUEST" /run/devenv/bin/devenv-guest
    chmod 4755 /run/devenv/bin/devenv-guest
    ln -s devenv-guest /run/devenv/bin/sudo
    ln -s /run/devenv/bin/sudo /usr/local/bin/sudo
    echo 1000 >/run/devenv/user
    chown 1000:1000 /run/home/ann
    cat >/run/etc/passwd <<END
# users
+nis::::::
root:x:0:0:root:/run/home/root:/bin/sh
ann:x:1000:1000:Ann:/run/home/ann:/bin/bash
joe:x:1001:1001:Joe:/run/home/joe:
broken:x:abc:1:::
END
    cat >/run/etc/group <<END
root:x:0:
tape:x:26:joe,root
video:x:44:ann,joe,annette
ann:x:1000:
joe:x:1001:
bad:x:y:joe
END
    mount --bind /run/etc/passwd /etc/passwd
    mount --bind /run/etc/group /etc/group
    for real in /usr/bin/sudo /usr/sbin/sudo; do
      [[ ! -e $real ]] || mount --bind /run/etc/group "$real"
    done
    as() {
      local uid=$1
      shift
      setpriv --reuid "$uid" --regid "$uid" --clear-groups env -i PATH=/usr/local/bin:/usr/bin:/bin \
        HOME=/run/home/ann USER=ann SHELL=/bin/bash TERM=xterm LANG=C FOO=bar LD_DEBUG_X=1 \
        PYTHONPATH=/p MAIL=/m http_proxy=p "$@"
    }
    ann() { as 1000 "$@"; }
    cd /run
    eval "$1"' room "$1"
}

# The script succeeds with this output, and silently.
prints() {
  room "$2"
  [[ $status == 0 ]] || fail "exit status $status: $2"
  equals "$output" "$1"
  equals "$stderr" ""
}

# The script fails with 1 and one line of its own on standard error.
refuses() {
  room "$2"
  [[ $status == 1 ]] || fail "exit status $status: $2"
  equals "$output" ""
  equals "$stderr" "$1"
}

@test "sudo: becomes root, with root's groups" {
  prints "uid=0(root) gid=0(root) groups=0(root),26(tape)" 'ann sudo id'
  prints "0 0 0 0" 'ann sudo sh -c "grep ^Uid /proc/self/status" | tr -s "\t" " " | cut -d" " -f2-'
}

@test "sudo: becomes another user, or another group" {
  prints "uid=1001(joe) gid=1001(joe) groups=1001(joe),26(tape),44(video)" 'ann sudo -u joe id'
  prints "uid=1001(joe) gid=1001(joe) groups=1001(joe),26(tape),44(video)" 'ann sudo -u "#1001" id'
  prints "uid=1000(ann) gid=26(tape) groups=26(tape),44(video),1000(ann)" 'ann sudo -g tape id'
  prints "uid=1001(joe) gid=44(video) groups=44(video),26(tape),1001(joe)" \
    'ann sudo --user=joe --group "#44" id'
  prints "uid=0(root) gid=0(root) groups=0(root)" 'ann sudo -P id'
  prints "uid=1000(ann) gid=1000(ann) groups=1000(ann),44(video)" 'sudo -u ann id'
}

@test "sudo: unknown users and groups" {
  refuses "sudo: unknown user nosuch" 'ann sudo -u nosuch id'
  refuses "sudo: unknown user #4242" 'ann sudo -u "#4242" id'
  refuses "sudo: unknown user broken" 'ann sudo -u broken id'
  refuses "sudo: unknown user +nis" 'ann sudo -u +nis id'
  refuses "sudo: unknown group bad" 'ann sudo -g bad id'
  refuses "sudo: unknown user a?[31mb" $'ann sudo -u "a\e[31mb" id'
}

@test "sudo: serves nobody but root and the user" {
  refuses "sudo: user 1001 may not become another user in this environment" 'as 1001 sudo id'
  refuses "sudo: user 1001 may not become another user in this environment" 'as 1001 sudo -V'
  prints "0" 'sudo id -u'
  local spoil
  for spoil in 'rm /run/devenv/user' 'chmod 666 /run/devenv/user' 'chown 1000 /run/devenv/user' \
    'echo 1000x >/run/devenv/user' 'echo >/run/devenv/user' 'rm /run/devenv/user; mkfifo /run/devenv/user' \
    'mv /run/devenv/user /run/devenv/u; ln -s u /run/devenv/user' 'echo -1 >/run/devenv/user'; do
    refuses "sudo: user 1000 may not become another user in this environment" "$spoil; ann sudo id"
  done
}

@test "sudo: other applets do not keep the rights of root" {
  prints "devenv-guest
1000 1000 1000 1000
readable" '
    ann /run/devenv/bin/devenv-guest version | cut -d" " -f1
    {
      ann bash -c "echo \$\$ >~/pid; exec 9>~/ready /run/devenv/bin/devenv-guest hold x --ready-fd 9"
    } 2>/dev/null &
    while [[ ! -s /run/home/ann/ready ]]; do sleep 0.1; done
    pid=$(cat /run/home/ann/pid)
    grep ^Uid "/proc/$pid/status" | cut -f2- | tr "\t" " "
    # Who joins the namespaces must be allowed to look.
    ann readlink "/proc/$pid/ns/mnt" | sed s/.*/readable/
    kill -KILL "$pid"'
}

@test "sudo: says why it cannot work" {
  room 'as 1000 setpriv --no-new-privs sudo id'
  equals "$status" 1
  contains "$stderr" "sudo: no rights of root: this process must not gain privileges (no_new_privs)"
  room 'mount -o remount,nosuid /run; ann sudo id'
  equals "$status" 1
  contains "$stderr" "/run/devenv is mounted nosuid"
}

@test "sudo: goes on where setgroups is denied" {
  prints "0" 'unshare --map-root-user sudo id -u'
}

@test "sudo: the environment is that of sudo" {
  prints "HOME=/run/home/root
LANG=C
LOGNAME=root
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
SHELL=/bin/sh
SUDO_COMMAND=/usr/bin/env -u X
SUDO_GID=1000
SUDO_UID=1000
SUDO_USER=ann
TERM=xterm
USER=root
http_proxy=p" 'ann sudo env -u X | sort'
}

@test "sudo: -E keeps what is not dangerous, and the home" {
  room 'ann sudo -E env'
  equals "$status" 0
  local line
  for line in HOME=/run/home/ann FOO=bar USER=root LOGNAME=root SHELL=/bin/bash \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; do
    contains $'\n'"$output"$'\n' $'\n'"$line"$'\n'
  done
  lacks "$output" LD_
  lacks "$output" PYTHONPATH
  lacks "$output" MAIL=
  prints "/run/home/root" 'ann sudo -EH sh -c "echo \$HOME"'
  prints "bar /p" 'ann sudo --preserve-env=FOO,PYTHONPATH,NONE sh -c "echo \$FOO \$PYTHONPATH"'
  prints "bar" 'ann sudo --preserve-env sh -c "echo \$FOO"'
  prints "unknown" 'ann env -u TERM sudo sh -c "echo \$TERM"'
}

@test "sudo: assignments before the command" {
  prints "1 /x b=c" 'ann sudo A=1 -u joe PATH=/x Z=b=c /bin/sh -c "echo \$A \$PATH \$Z"'
  refuses "sudo: A=1: command not found" 'ann sudo -- A=1 id'
}

@test "sudo: login and other shells" {
  prints "/run/home/root" 'ann sudo -i pwd'
  prints "-sh /run/home/root" 'ann sudo -i echo "\$0" "\$HOME"'
  # shellcheck disable=SC1003 # the word ends with a backslash
  prints 'a b;  "c\' 'ann sudo --login printf %s "a b;  \"c\\"'
  prints "/bin/bash /run" 'ann sudo -s echo "\$0" "\$PWD"'
  prints "-sh" 'echo "echo \$0" | ann sudo -i'
  room 'rm -r /run/home/joe; ann sudo -i -u joe pwd'
  equals "$status $output" "0 /run"
  equals "$stderr" "sudo: unable to change directory to /run/home/joe: No such file or directory"
  prints "root" 'ann env -u SHELL sudo -s echo "\$USER"'
}

@test "sudo: exit codes, signals and streams are the command's" {
  local code
  for code in 0 7 255; do
    room "ann sudo sh -c 'exit $code'"
    equals "$status" "$code"
  done
  prints "137" 'set +e; (ann sudo sh -c "kill -KILL \$\$") 2>/dev/null; echo $?'
  prints "in" 'echo in | ann sudo cat'
  prints "same" 'ann bash -c "echo \$\$; exec sudo sh -c \"echo \\\$\\\$\"" | uniq | wc -l | sed "s/^1$/same/"'
  prints "0" 'exec 7</etc/passwd; ann sudo ls -l /proc/self/fd | grep -c passwd || :'
  prints "1" 'exec 7</etc/passwd; ann sudo -C 8 ls -l /proc/self/fd | grep -c passwd'
  prints "0077 0022" 'umask 077; echo $(ann sudo sh -c umask; umask 0; ann sudo sh -c umask)'
}

@test "sudo: commands that are not there or cannot be run" {
  refuses "sudo: nosuch: command not found" 'ann sudo nosuch'
  refuses "sudo: /nonexistent/x: command not found" 'ann sudo /nonexistent/x'
  refuses "sudo: /etc/passwd: command not found" 'ann sudo /etc/passwd'
  refuses "sudo: /usr: command not found" 'ann sudo /usr'
  refuses "sudo: : command not found" 'ann sudo ""'
  prints "script a b" 'echo "echo script \$@" >/run/x; chmod +x /run/x; ann sudo ./x a b'
  refuses "sudo: unable to execute ./x: No such file or directory" \
    'echo "#!/nonexistent" >/run/x; chmod +x /run/x; ann sudo ./x'
}

@test "sudo: options of scripts and of people" {
  prints "" 'ann sudo -v; ann sudo -k; ann sudo -K; ann sudo -n true; ann sudo -nS -p "x " -A true'
  prints "0" 'ann sudo -k id -u'
  prints "/run/home" 'ann sudo -D /run/home pwd'
  prints "/run/home" 'ann sudo --chdir=/run/home pwd'
  prints "0" 'ann sudo --non-inter id -u'
  prints "-u" 'ann sudo echo -u'
  prints "1001" 'ann sudo -njoe true 2>/dev/null || ann sudo -nujoe id -u'
  refuses "sudo: unable to change directory to /nonexistent: No such file or directory" \
    'ann sudo -D /nonexistent pwd'
  refuses "sudo: the argument to -C must be a number greater than or equal to 3" 'ann sudo -C 2 id'
  room 'ann sudo -V'
  matches "$output" '^sudo of devenv-guest [0-9.]+$'
  room 'ann sudo --help'
  equals "$status" 0
  matches "$output" '^sudo - execute a command as another user.*usage: sudo '
}

@test "sudo: -l tells what is allowed" {
  prints "User ann may run the following commands in this environment:
    (ALL : ALL) NOPASSWD: ALL" 'ann sudo -l'
  prints "/bin/sh -x y" 'ann sudo -l /bin/sh -x y'
  refuses "sudo: nosuch: command not found" 'ann sudo -l nosuch'
}

@test "sudo: -b lets the caller go on" {
  prints "first second" '
    mkfifo /run/go /run/done
    ann sudo -b sh -c "read x </run/go; echo second >/run/done" </dev/null
    printf "first "
    echo >/run/go
    cat /run/done'
}

@test "sudo: command lines that make no sense" {
  local line
  for line in "" "-K id" "-v id" "-V -l" "-i -s" "-Z" "-u" "--nonsense" "--login=x" "--user" "--pre=" "-n"; do
    room "ann sudo $line"
    [[ $line == --pre= ]] || contains "$stderr" "usage: sudo "
    equals "$status" 1
    equals "$output" ""
  done
  refuses "sudo: this image has no sudo of its own, and without it -e is not available" 'ann sudo -e /x'
}

@test "sudo: makes room for the image's own" {
  # A stand-in that shows its rights and its arguments: a shell that keeps what setuid gave it (-p).
  prints "1000 0 -n id" '
    cp "$(command -v bash)" /usr/local/sbin/sudo
    chmod 4755 /usr/local/sbin/sudo
    ann sudo -pc "echo \$UID \$EUID \$*" sudo -n id'
}

@test "sudo: not for one that cannot work" {
  local spoil
  for spoil in 'cp /bin/echo /usr/local/sbin/sudo' 'ln -s nowhere /usr/local/sbin/sudo' \
    'ln -s /usr/local/bin/sudo /usr/local/sbin/sudo' \
    'cp /bin/echo /usr/local/sbin/sudo; chown 1000 /usr/local/sbin/sudo; chmod 4755 /usr/local/sbin/sudo' \
    'cp /bin/echo /usr/local/sbin/sudo; chmod 4755 /usr/local/sbin/sudo; mount -o remount,nosuid /usr/local' \
    'cp /run/devenv/bin/devenv-guest /usr/local/sbin/sudo; chmod 4755 /usr/local/sbin/sudo'; do
    prints "0" "$spoil; ann /run/devenv/bin/sudo id -u"
  done
}
