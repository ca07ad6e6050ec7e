# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What the test scripts (quickstart, e2e, bench, vm) share. Sourced, POSIX sh.

# The ordinary user that runs the tests when the caller is root.
test_user=devenvtest

say() { printf '%s\n' "$*" >&2; }
die() {
  say "error: $*"
  exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# Directory for what is expensive to make and does not depend on our code (images). Outside of the
# checkout, so that a fresh clone finds it; readable by the test user.
test_cache() {
  if [ -n "${DEVENV_TEST_CACHE:-}" ]; then
    printf '%s\n' "$DEVENV_TEST_CACHE"
  elif [ "$(id -u)" = 0 ]; then
    printf '%s\n' /var/cache/devenv-tests
  else
    printf '%s\n' "${XDG_CACHE_HOME:-$HOME/.cache}/devenv-tests"
  fi
}

# Makes the test user with a home directory and subordinate ids when it is missing. Root only.
ensure_test_user() {
  id "$test_user" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash "$test_user"
  for kind in uid gid; do
    if ! grep -q "^$test_user:" "/etc/sub$kind" 2>/dev/null; then
      # Above every range that is already given away.
      start=$(awk -F: 'BEGIN { n = 100000 } $2 + $3 > n { n = $2 + $3 } END { print n }' "/etc/sub$kind" 2>/dev/null)
      usermod "--add-sub${kind}s" "${start:-100000}-$((${start:-100000} + 65535))" "$test_user"
    fi
  done
}

# crun of Debian 12 wants every controller of the first cgroup version mounted, where that one is
# used. Root only.
ensure_crun_controllers() {
  [ -d /sys/fs/cgroup/memory ] && [ ! -d /sys/fs/cgroup/hugetlb ] || return 0
  mkdir -p /sys/fs/cgroup/hugetlb
  mount -t cgroup -o hugetlb cgroup /sys/fs/cgroup/hugetlb || :
}

# as_user USER HOME RUNTIME_DIR COMMAND...: runs a command as another user with nothing of our
# environment but what is named here. Root only.
as_user() {
  user=$1 home=$2 runtime=$3
  shift 3
  (cd / && exec setpriv --reuid "$user" --regid "$(id -gn "$user")" --init-groups \
    env -i HOME="$home" USER="$user" LOGNAME="$user" SHELL=/bin/bash LANG=C.UTF-8 \
    PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin \
    XDG_RUNTIME_DIR="$runtime" "$@")
}

# skip_for WHY: ctest's skip, but a failure where the tests must run.
skip_for() {
  say "skipped: $*"
  [ -z "${DEVENV_TESTS_MUST_RUN:-}" ] || exit 1
  exit 77
}
