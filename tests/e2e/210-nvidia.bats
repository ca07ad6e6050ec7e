#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A made-up NVIDIA driver. The host it is installed on is a mount namespace of its own: the changes to
# /etc, /usr and /dev are in memory, and the machine never sees them. That needs root; devenv itself
# runs as the ordinary user.
load helpers

# shellcheck disable=SC2154
setup_file() {
  [[ $TEST_CALLER_UID == 0 ]] || skip_for "needs root"
  needs unshare nsenter setpriv cc
  chown devenvtest: "$HOME" "$XDG_RUNTIME_DIR" "$TMPDIR"
  make_libraries
  make_host
  start_registry
  on_host devenv create debian --image "$REGISTRY/debian:bookworm" --storage "$DEVENV_TEST_STORAGE"
  on_host devenv create box --image "$REGISTRY/busybox:latest" --storage "$DEVENV_TEST_STORAGE"
}
teardown_file() {
  local name
  for name in debian box; do on_host devenv rm -f "$name" || :; done
  stop_registry
  kill "$(cat "$BATS_FILE_TMPDIR/host.pid")" || :
}

# libcuda of two versions, and a program that asks which it is.
make_libraries() {
  local version
  cd "$BATS_FILE_TMPDIR" || return 1
  for version in 570 580; do
    echo "int cuInit(void) { return $version; }" |
      cc -shared -nostdlib -Wl,-soname,libcuda.so.1 -x c - -o "libcuda.so.$version"
  done
  cat >ask.c <<'C'
#include <dlfcn.h>
#include <stdio.h>
int main(void) {
  void *library = dlopen("libcuda.so.1", RTLD_NOW);
  int (*init)(void) = library ? (int (*)(void))dlsym(library, "cuInit") : 0;
  printf("%s\n", library ? "loaded" : dlerror());
  return init ? printf("%d\n", init()) < 0 : 1;
}
C
  mkdir -p "$HOME/bin"
  cc ask.c -o "$HOME/bin/ask"
}

# The host: a process in a mount namespace with changeable copies of three directories.
make_host() {
  local layers=$BATS_FILE_TMPDIR/layers ready=$BATS_FILE_TMPDIR/ready
  mkdir "$layers"
  unshare --mount --propagation slave sh -euc '
    mount -t tmpfs devenv-test "$1"
    for directory in etc usr; do
      mkdir -p "$1/$directory/upper" "$1/$directory/work"
      mount -t overlay -o "lowerdir=/$directory,upperdir=$1/$directory/upper,workdir=$1/$directory/work" \
        devenv-test "/$directory"
    done
    mkdir "$1/dev"
    mount --rbind /dev "$1/dev"
    mount -t tmpfs -o mode=755 devenv-test /dev
    for name in null zero full random urandom tty fuse; do
      [ -e "$1/dev/$name" ] || continue
      touch "/dev/$name"
      mount --bind "$1/dev/$name" "/dev/$name"
    done
    mkdir /dev/pts /dev/shm
    mount --rbind "$1/dev/pts" /dev/pts
    mount --rbind "$1/dev/shm" /dev/shm
    ln -s pts/ptmx /dev/ptmx
    ln -s /proc/self/fd /dev/fd
    touch /dev/nvidiactl "$2"
    exec sleep infinity' sh "$layers" "$ready" >/dev/null 2>&1 3>&- &
  echo $! >"$BATS_FILE_TMPDIR/host.pid"
  wait_until test -e "$ready" || fail "the made-up host did not start"
}

as_root_on_host() { nsenter --target "$(cat "$BATS_FILE_TMPDIR/host.pid")" --mount -- "$@"; }

# on_host COMMAND...: as the ordinary user of the tests.
on_host() {
  as_root_on_host setpriv --reuid devenvtest --regid devenvtest --init-groups \
    env -C "$HOME" USER=devenvtest LOGNAME=devenvtest "$@"
}

library_directory=/usr/lib/x86_64-linux-gnu

# The driver, without a CDI file.
install_driver() {
  as_root_on_host sh -euc '
    rm -f "$1"/libcuda.so*
    cp "$2" "$1/"
    chmod 644 "$1/libcuda.so.$3"
    ln -s "libcuda.so.$3" "$1/libcuda.so.1"
    mkdir -p /etc/vulkan/icd.d
    echo "{\"ICD\": {\"library_path\": \"$1/libGLX_nvidia.so.0\"}}" >/etc/vulkan/icd.d/nvidia_icd.json
    printf "#!/bin/sh\necho driver $3\n" >/usr/bin/nvidia-smi
    chmod 755 /usr/bin/nvidia-smi' sh "$library_directory" "$BATS_FILE_TMPDIR/libcuda.so.$1" "$1"
}

remove_driver() {
  as_root_on_host sh -c 'rm -rf "$1"/libcuda.so* /opt/driver /etc/cdi /etc/vulkan/icd.d/nvidia_icd.json \
    /usr/bin/nvidia-smi' sh "$library_directory"
}

setup() { install_driver 570; }
teardown() {
  on_host devenv stop debian || :
  remove_driver
}

inside() { expect 0 on_host devenv run debian "$@"; }

# Files of ours in the upper directory.
in_upper() {
  as_root_on_host find "$(environment_dir debian)/upper" -newer "$BATS_FILE_TMPDIR/mark" \
    ! -type d -printf '/%P\n' | sort
}

@test "libraries: ldconfig lists them, and a program loads them" {
  inside /sbin/ldconfig -p
  contains "$output" "libcuda.so.1 (libc6,x86-64) => /run/devenv/nvidia/lib64/libcuda.so.1"
  inside "$HOME/bin/ask"
  equals "$output" "loaded
570"
  inside nvidia-smi
  equals "$output" "driver 570"
}

@test "files: paths in JSON are names, and loaders are told where to look" {
  inside cat /run/devenv/nvidia/share/vulkan/icd.d/nvidia_icd.json
  contains "$output" '"library_path": "libGLX_nvidia.so.0"'
  inside sh -c 'echo "$XDG_DATA_DIRS"'
  contains "$output:" ":/run/devenv/nvidia/share:"
  inside readlink /run/devenv/nvidia/lib64/libcuda.so
  equals "$output" "/run/host$library_directory/libcuda.so.570"
}

@test "update: the next entry has the new driver, without a restart" {
  inside "$HOME/bin/ask"
  local pid
  pid=$(as_root_on_host cat "$(running_file debian)" | python3 -c 'import json, sys; print(json.load(sys.stdin)["pid"])')
  install_driver 580
  inside "$HOME/bin/ask"
  equals "$output" "loaded
580"
  inside sh -c 'ls /run/devenv/nvidia/lib64; nvidia-smi'
  equals "$output" "libcuda.so
libcuda.so.1
libcuda.so.580
driver 580"
  inside /sbin/ldconfig -p
  contains "$output" "libcuda.so.1 (libc6,x86-64) => /run/devenv/nvidia/lib64/libcuda.so.1"
  # Gone, and back: the driver is installed by a package manager.
  remove_driver
  inside sh -c 'ls /run/devenv/nvidia'
  equals "$output" ""
  install_driver 570
  inside "$HOME/bin/ask"
  equals "$output" "loaded
570"
  as_root_on_host python3 -c 'import json, sys; sys.exit(json.load(open(sys.argv[1]))["pid"] != int(sys.argv[2]))' \
    "$(running_file debian)" "$pid"
}

@test "update: several entries at once" {
  inside true
  install_driver 580
  local i pids=()
  for i in 1 2 3 4; do
    on_host devenv run debian "$HOME/bin/ask" >"$BATS_TEST_TMPDIR/$i" 2>&1 &
    pids+=($!)
  done
  for i in "${pids[@]}"; do wait "$i"; done
  for i in 1 2 3 4; do
    equals "$(cat "$BATS_TEST_TMPDIR/$i")" "loaded
580"
  done
}

@test "image: only ldconfig's configuration and cache are written, and once" {
  inside true
  expect 0 on_host devenv stop debian
  # What a start writes without a driver is there already.
  as_root_on_host sh -c 'rm -f "$1/upper/etc/ld.so.conf.d/00-devenv-nvidia.conf"' sh "$(environment_dir debian)"
  touch "$BATS_FILE_TMPDIR/mark"
  sleep 0.1
  inside true
  equals "$(in_upper)" "/etc/ld.so.cache
/etc/ld.so.conf.d/00-devenv-nvidia.conf
/var/cache/ldconfig/aux-cache"
  expect 0 on_host devenv stop debian
  touch "$BATS_FILE_TMPDIR/mark"
  sleep 0.1
  inside "$HOME/bin/ask"
  equals "$(in_upper)" ""
  # Without a driver the file goes, and the cache knows nothing of it.
  expect 0 on_host devenv stop debian
  as_root_on_host rm /dev/nvidiactl
  inside sh -c 'ls /etc/ld.so.conf.d /run/devenv; /sbin/ldconfig -p'
  as_root_on_host touch /dev/nvidiactl
  lacks "$output" "nvidia"
  expect 1 on_host devenv run debian "$HOME/bin/ask"
}

@test "CDI: mounts, links and variables of nvidia.yaml" {
  remove_driver
  as_root_on_host sh -euc 'mkdir -p /etc/cdi "$2"; cp "$1" "$2/"; chmod 644 "$2"/*
    cat >/etc/cdi/nvidia.yaml' sh "$BATS_FILE_TMPDIR/libcuda.so.580" /usr/lib/made-up <<'EOT'
---
cdiVersion: 0.5.0
containerEdits:
  env:
  - NVIDIA_VISIBLE_DEVICES=void
  hooks:
  - args: [nvidia-cdi-hook, create-symlinks, --link, "libcuda.so.1::/usr/lib/made-up/libcuda_link.so"]
    hookName: createContainer
    path: /usr/bin/nvidia-cdi-hook
  - args: [nvidia-cdi-hook, update-ldcache, --folder, /usr/lib/made-up]
    hookName: createContainer
    path: /usr/bin/nvidia-cdi-hook
  mounts:
  - containerPath: /usr/lib/made-up/libcuda.so.580
    hostPath: /usr/lib/made-up/libcuda.so.580
    options: [ro, nosuid, nodev, bind]
devices: []
kind: nvidia.com/gpu
EOT
  inside sh -c 'ls /run/devenv/nvidia/lib64; echo $NVIDIA_VISIBLE_DEVICES; exec "$HOME/bin/ask"'
  equals "$output" "libcuda.so
libcuda.so.1
libcuda.so.580
libcuda_link.so
void
loaded
580"
}

@test "CDI: a bad file is a warning" {
  as_root_on_host sh -c 'mkdir -p /etc/cdi; echo "nvidia.com/gpu: [" >/etc/cdi/bad.yaml'
  expect 0 on_host devenv run debian "$HOME/bin/ask"
  equals "$output" "loaded
570"
  matches "$stderr" '^warning: ignoring /etc/cdi/bad.yaml: malformed YAML in line [0-9]+: '
}

@test "hostile image: an ldconfig that does not end is ended" {
  inside sudo sh -c 'cp /sbin/ldconfig /sbin/ldconfig.kept; printf "#!/bin/sh\nexec sleep 1000\n" >/sbin/ldconfig'
  install_driver 580
  as_root_on_host touch "$library_directory/libnvidia-x.so"
  expect 0 on_host devenv stop debian
  as_root_on_host cp "$BATS_FILE_TMPDIR/libcuda.so.570" "$library_directory/libnvidia-x.so"
  inside sudo sh -c 'mv /sbin/ldconfig.kept /sbin/ldconfig; ! pgrep -x sleep'
  as_root_on_host rm "$library_directory/libnvidia-x.so"
}

@test "musl: not shared, and inspect says why" {
  local upper
  upper=$(environment_dir box)/upper
  expect 0 on_host devenv inspect box
  lacks "$output" "musl"
  as_root_on_host sh -c 'mkdir -p "$1/lib"; touch "$1/lib/ld-musl-$(uname -m).so.1"' sh "$upper"
  expect 0 on_host devenv inspect box
  contains "$output" "the image has musl, and NVIDIA's libraries need glibc"
  expect 0 on_host devenv run box sh -c 'ls /run/devenv'
  lacks "$output" "nvidia"
  as_root_on_host test ! -e "$upper/etc/ld.so.conf.d"
}
