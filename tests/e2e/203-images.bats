#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Root filesystems of real distributions, when there are any: DEVENV_TEST_IMAGES names their folder.
load helpers

setup() {
  [[ -d ${DEVENV_TEST_IMAGES:-} ]] || skip_for "DEVENV_TEST_IMAGES is not set"
}
teardown() { remove_all; }

# One image: created, entered as user and root, stopped, removed.
check_image() {
  local image
  image=$(find "$DEVENV_TEST_IMAGES" -name "$1" -print -quit)
  [[ -n $image ]] || skip_for "missing image: $1"
  expect 0 devenv create box --image "$image" --storage "$DEVENV_TEST_STORAGE"
  expect 0 devenv run box sh -c 'echo "$(id -u) $HOME"'
  equals "$output" "$(id -u) $HOME"
  expect 0 devenv run box sudo id -u
  equals "$output" "0"
  expect 0 devenv run box sudo sh -c 'echo x > /written && cat /written'
  equals "$output" "x"
  expect 0 devenv run box sh -c 'echo x > ~/made-inside && ls -ln ~/made-inside | tr -s " " | cut -d" " -f3'
  equals "$output" "$(id -u)"
  equals "$(stat -c %u "$HOME/made-inside")" "$(id -u)"
  run bash -c 'echo "exit 3" | devenv enter box'
  equals "$status" 3
  shift
  while [[ $# -gt 0 ]]; do
    expect 0 devenv run box sh -c "$1"
    shift
  done
  expect 0 devenv stop box
  expect 0 devenv rm box
  [[ ! -e $(environment_dir box) ]]
  expect 0 devenv image prune -y --all
  equals "$(find "$HOME/.local/share/devenv/store/layers" -mindepth 1 -maxdepth 1)" ""
}

@test "image: Alpine 3.20" { check_image 'alpine-3.20.3.tar.gz' 'apk --version' 'sudo apk info'; }
@test "image: Alpine 3.5" { check_image 'alpine-3.5.tar.xz' 'apk --version'; }
@test "image: Alpine 2.7, uClibc" { check_image 'alpine-2.7.tar.gz'; }
@test "image: Arch" { check_image 'arch-2017.12.tar.xz' 'test -e /etc/arch-release'; }
@test "image: buildroot, an uncompressed archive" { check_image 'buildroot-2014.02.tar'; }
@test "image: BusyBox with glibc" { check_image 'busybox-glibc.tar.gz'; }
@test "image: BusyBox with musl" { check_image 'busybox-musl.tar.gz'; }
@test "image: BusyBox, an OCI layout in a tar" { check_image 'busybox-1.38.0-glibc-oci.tar'; }
@test "image: BusyBox, an OCI archive" { check_image 'busybox-1.38.0-musl-ociarchive.tar'; }
@test "image: CirrOS, with device nodes" { check_image 'cirros-0.5.3.tar.xz'; }
# The file has a sudo of its own, but not the libcrypto that it needs: then it is ours.
@test "image: Fedora" { check_image 'fedora-39.tar.xz' 'grep -q Fedora /etc/os-release'; }
@test "image: OpenWrt" { check_image 'openwrt-lede-17.01.2-glibc.tar.gz'; }
@test "image: openSUSE Tumbleweed, zstd" { check_image 'opensuse-tumbleweed-*.tar.zst' 'grep -q openSUSE /etc/os-release'; }
@test "image: Tiny Core, with device nodes" { check_image 'tinycore-12.0.tar.gz'; }
@test "image: Ubuntu" { check_image 'ubuntu-23.04.tar.xz' 'apt-get --version' 'dpkg -l >/dev/null'; }

@test "image: of another architecture, a clear error" {
  local image=$DEVENV_TEST_IMAGES/alpine-3.20.3-aarch64.tar.gz
  [[ -e $image ]] || skip_for "missing image: alpine-3.20.3-aarch64.tar.gz"
  run --separate-stderr devenv create box --image "$image"
  if [[ $status == 0 ]]; then
    # An archive says nothing of its architecture: then the first entry has to.
    fails_with 125 "aarch64" devenv run box true
  else
    equals "$status" 5
    contains "$stderr" "aarch64"
    equals "$(environments)" ""
  fi
}
