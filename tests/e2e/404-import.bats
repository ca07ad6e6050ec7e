#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Boxes and images of podman become environments. The containers are only created, never started:
# that is all that an import needs, and starting one needs more of a machine than all do have.
load helpers

setup_file() {
  needs podman python3
  mkdir -p "$HOME/.config/containers"
  printf '[storage]\ndriver = "overlay"\n' >"$HOME/.config/containers/storage.conf"
  podman import --quiet --change 'ENV LANG=C.UTF-8' "$TEST_STAGE/rootfs/busybox.tar.gz" localhost/base:1
  make_box
}
teardown_file() {
  podman system reset --force >/dev/null 2>&1 || :
  # podman keeps its namespace.
  kill "$(cat "$XDG_RUNTIME_DIR/libpod/tmp/pause.pid")" 2>/dev/null || :
}
teardown() {
  remove_all
  devenv image prune -y --all >/dev/null 2>&1 || :
}

# A container as Distrobox leaves one: the user's ids kept, its variables, and what its first start
# writes.
make_box() {
  local tree=$BATS_FILE_TMPDIR/box file
  mkdir -p "$tree"/{usr/bin,etc/profile.d,etc/apt/apt.conf.d}
  for file in entrypoint distrobox-export distrobox-host-exec; do : >"$tree/usr/bin/$file"; done
  echo 'distrobox-host-exec uname' >"$tree/etc/profile.d/distrobox_profile.sh"
  echo 'DPkg::Post-Invoke {"umount /etc/hosts";};' >"$tree/etc/apt/apt.conf.d/00_distrobox"
  printf 'root:x:0:0:root:/root:/bin/sh\n%s:x:%s:%s::/somewhere:/bin/zsh\n' \
    "$USER" "$(id -u)" "$(id -g)" >"$tree/etc/passwd"
  echo by-root >"$tree/etc/made-inside"
  tar -C "$tree" -xzf "$TEST_STAGE/rootfs/busybox.tar.gz" --exclude=./dev --skip-old-files
  tar -C "$tree" --owner=0 --group=0 -c . |
    podman import --quiet --change 'ENV LANG=C.UTF-8' - localhost/box-base:1
  podman create --name box --userns keep-id --network none \
    --env HOME=/somewhere --env CONTAINER_ID=box --env SHELL=/bin/zsh --env EDITOR=vi \
    localhost/box-base:1 /bin/true >/dev/null
  # The container's own change, which belongs to the user.
  echo by-user >"$BATS_FILE_TMPDIR/by-user"
  podman cp "$BATS_FILE_TMPDIR/by-user" box:/etc/by-user
}

engine_images() { podman images --all --quiet | sort; }
variables() { devenv run "$1" env; }

@test "import: a box of podman is an environment, and podman has what it had" {
  local before
  before=$(engine_images)
  expect 0 devenv import --from podman box --storage "$DEVENV_TEST_STORAGE"
  contains "$stderr" "importing box from podman"
  contains "$stderr" "its home was /somewhere; here it has yours"
  contains "$stderr" "created 'box'; podman has kept its own"
  equals "$(engine_images)" "$before"
  expect 0 devenv run box sh -c 'echo "$(id -un) $(id -u) $HOME"; cat /etc/made-inside; stat -c "%u %g" / /etc/made-inside /etc/by-user'
  equals "$output" "$USER $(id -u) $HOME
by-root
0 0
0 0
$(id -u) $(id -g)"
  expect 0 devenv run box sudo sh -c 'echo x >/new && cat /new'
  equals "$output" x
  # The user is there once, as here.
  expect 0 devenv run box grep -c "^$USER:\|:$(id -u):$(id -g):" /etc/passwd
  equals "$output" 1
  expect 0 devenv run box grep "^$USER:" /etc/passwd
  contains "$output" ":$HOME:"
}

@test "import: what only works beside Distrobox is taken out, at each start" {
  expect 0 devenv import --from podman box --storage "$DEVENV_TEST_STORAGE"
  expect 0 devenv run box sh -c 'for f in /usr/bin/entrypoint /usr/bin/distrobox-export \
    /usr/bin/distrobox-host-exec /etc/profile.d/distrobox_profile.sh /etc/apt/apt.conf.d/00_distrobox; do
    ! test -e $f || echo $f; done'
  equals "$output" ""
  expect 0 devenv run box sudo sh -c 'mkdir -p /etc/apt/apt.conf.d; : >/etc/apt/apt.conf.d/00_distrobox
    echo "#!/bin/sh" >/usr/bin/distrobox-export'
  expect 0 devenv stop box
  expect 0 devenv run box sh -c 'test ! -e /etc/apt/apt.conf.d/00_distrobox; cat /usr/bin/distrobox-export'
  equals "$output" "#!/bin/sh"
  variables box >"$BATS_TEST_TMPDIR/variables"
  expect 0 grep -e '^EDITOR=' -e '^LANG=' -e '^CONTAINER_ID=' -e '^HOME=' "$BATS_TEST_TMPDIR/variables"
  contains "$output" "EDITOR=vi"
  contains "$output" "HOME=$HOME"
  lacks "$output" CONTAINER_ID
}

@test "import: another name, an image, and the names that skopeo has" {
  expect 0 devenv import --from podman box --name first
  expect 0 devenv import --from podman localhost/base:1 --name second
  expect 0 devenv create third -i containers-storage:localhost/base:1
  expect 0 devenv run third id -u
  equals "$output" "$(id -u)"
  expect 0 devenv import containers-storage:localhost/base:1 --as localhost/taken:2
  equals "$output" localhost/taken:2
  expect 0 bash -c 'podman save --quiet localhost/base:1 | devenv import - --as localhost/taken:3'
  expect 0 bash -c 'podman save --quiet --format oci-archive localhost/base:1 | devenv import - --as localhost/taken:4'
  # Layers that are there are not stored again.
  equals "$(find "$HOME/.local/share/devenv/store/layers" -mindepth 1 -maxdepth 1 | wc -l)" 3
  equals "$(environments)" "first
second
third"
  store_is_clean
}

@test "import: errors of every kind leave nothing, here and there" {
  local before
  before=$(engine_images)
  fails_with 3 "podman has no container and no image 'nothing'" devenv import --from podman nothing
  contains "$stderr" "hint: see what there is: podman ps -a; podman images"
  expect 0 devenv import --from podman box
  fails_with 4 "environment 'box' exists already" devenv import --from podman box
  contains "$stderr" "hint: give it another name: --name NAME"
  fails_with 2 "podman, docker" devenv import --from lxc box
  fails_with 2 "go with an archive" devenv import --from podman box --as localhost/x
  fails_with 2 "name" devenv import --from podman localhost/base:1
  DEVENV_IMAGE_MAX_SIZE=100KB fails_with 7 "the limit for images" \
    devenv import --from podman box --name other
  if ! command -v docker >/dev/null; then
    fails_with 5 "docker is not installed" devenv import --from docker box --name other
  fi
  equals "$(engine_images)" "$before"
  equals "$(environments)" box
  store_is_clean
}

@test "import: a podman that fails is quoted" {
  local bin=$BATS_TEST_TMPDIR/bin
  mkdir "$bin"
  cat >"$bin/podman" <<'END'
#!/bin/sh -u
echo "$*" >>"$(dirname "$0")/log"
case $1 in
  container) exit 0 ;;
  commit) echo made ;;
  save) head -c 5000 /dev/zero; echo "Error: disk quota exceeded" >&2; exit 125 ;;
esac
END
  chmod +x "$bin/podman"
  PATH=$bin:$PATH fails_with 1 '`podman save` exited with status 125: Error: disk quota exceeded' \
    devenv import --from podman box
  # What was committed for it has been removed.
  local image
  image=$(sed -n 's/^commit .* //p' "$bin/log")
  matches "$image" "^localhost/devenv-import-"
  wait_until grep -qx "rmi --force $image" "$bin/log"
  store_is_clean
}

@test "import: killed in the middle, nothing is left in podman or here" {
  local bin=$BATS_TEST_TMPDIR/bin before
  before=$(engine_images)
  mkdir "$bin"
  cat >"$bin/podman" <<END
#!/bin/sh -u
[ "\$1" != save ] || { : >"$bin/saving"; exec sleep 100; }
exec $(command -v podman) "\$@"
END
  chmod +x "$bin/podman"
  PATH=$bin:$PATH devenv import --from podman box >/dev/null 2>&1 3>&- &
  local pid=$!
  wait_until test -e "$bin/saving"
  [[ $(engine_images) != "$before" ]]
  kill -KILL "$pid"
  back_to_before() { [[ $(engine_images) == "$before" ]]; }
  wait_until back_to_before || fail "an image is left: $(podman images)"
  equals "$(environments)" ""
  store_is_clean
  # And a signal that is not that hard.
  rm "$bin/saving"
  PATH=$bin:$PATH devenv import --from podman box >/dev/null 2>&1 3>&- &
  pid=$!
  wait_until test -e "$bin/saving"
  kill -TERM "$pid"
  wait_until gone "$pid"
  wait_until back_to_before || fail "an image is left: $(podman images)"
  store_is_clean
}
