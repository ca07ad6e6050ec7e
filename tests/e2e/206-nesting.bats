#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Sandboxes and containers inside an environment, by the programs that people use for it: bubblewrap,
# podman, flatpak-builder, devenv itself.
# shellcheck disable=SC2016,SC2154 # single quotes: for the shell inside; stderr: from expect
load helpers

setup_file() {
  start_registry
  expect 0 devenv create box --image "$TEST_STAGE/rootfs/debian-extra.tar.gz" --storage "$DEVENV_TEST_STORAGE" \
    --share ca-certificates
  cp "$(command -v busybox)" "$HOME/busybox"
}
teardown_file() {
  devenv run box podman system migrate >/dev/null 2>&1 || :
  devenv run box podman unshare rm -rf "$HOME/.local/share/containers" || :
  remove_all
  stop_registry
}

@test "ids: all but one's own and root's are there to be given away" {
  local own count kind
  for kind in uid gid; do
    own=$(id -"${kind:0:1}")
    count=$(devenv run box awk '{ n += $3 } END { print n }' "/proc/self/${kind}_map")
    expect 0 devenv run box cat "/etc/sub$kind"
    equals "$output" "$(id -un):1:$((own - 1))
$(id -un):$((own + 1)):$((count - own - 1))"
  done
  expect 0 devenv run box unshare --map-root-user --map-auto --setuid 0 cat /proc/self/uid_map
  equals "$(awk '{ print $1 }' <<<"$output" | head -n 1)" 0
  expect 0 devenv run box unshare -Ur id -u
  equals "$output" 0
}

@test "bubblewrap: all its namespaces, as the user and as root" {
  local as
  for as in env sudo; do
    quietly devenv run box "$as" bwrap --ro-bind / / --dev /dev --proc /proc --unshare-all id -u
    [[ $as == sudo ]] && equals "$output" 0 || equals "$output" "$(id -u)"
  done
  quietly devenv run box bwrap --unshare-all --die-with-parent --proc /proc --dev /dev --tmpfs /tmp \
    --ro-bind /usr /usr --symlink usr/lib /lib --symlink usr/lib64 /lib64 --symlink usr/bin /bin \
    sh -c 'echo $$; ls -A /tmp'
  equals "$output" 2
}

# The network inside is the host's; a container's own would need slirp4netns or pasta.
@test "podman: an image of its own, its users, files of the home, on each driver" {
  tar -C "$HOME" --transform 's,^,bin/,' -cf "$HOME/image.tar" busybox
  local driver
  for driver in vfs overlay; do
    expect 0 devenv run box podman --storage-driver "$driver" --root "$HOME/.local/share/containers/$driver" \
      import "$HOME/image.tar" busybox
    expect 0 devenv run box podman --storage-driver "$driver" --root "$HOME/.local/share/containers/$driver" \
      run --rm --net=host -v "$HOME:/home/user" busybox /bin/busybox sh -c '
        touch /file && chown 65534:5 /file && stat -c %u:%g /file /home/user/busybox
        echo made >/home/user/by-podman'
    equals "$output" "65534:5
0:0"
    equals "$(stat -c %u "$HOME/by-podman")" "$(id -u)"
    # podman keeps its namespace; another driver wants another.
    expect 0 devenv run box podman system migrate
  done
}

@test "podman: starts, sees and ends a container" {
  expect 0 devenv run box podman import --quiet "$HOME/image.tar" busybox
  expect 0 devenv run box podman run -d --net=host --name kept busybox /bin/busybox sleep 1000
  expect 0 devenv run box podman exec kept /bin/busybox echo "from inside"
  equals "$output" "from inside"
  expect 0 devenv run box podman ps --format '{{.Names}}'
  equals "$output" kept
  expect 0 devenv run box podman rm -f -t 0 kept
}

@test "flatpak-builder: builds an application, which runs" {
  mkdir "$HOME/flatpak"
  cat >"$HOME/flatpak/app.json" <<'EOF'
{"app-id": "org.example.App", "runtime": "org.example.Platform", "runtime-version": "1",
 "sdk": "org.example.Platform", "command": "app", "modules": [{"name": "app", "buildsystem": "simple",
 "build-commands": ["mkdir -p /app/bin", "echo 'echo from the application' >/app/bin/app",
 "chmod +x /app/bin/app"]}]}
EOF
  expect 0 devenv run box sh -euc '
    cd "$HOME/flatpak"
    # A runtime that is one program.
    mkdir -p runtime/files/bin runtime/usr
    cp "$HOME/busybox" runtime/files/bin/
    for applet in sh mkdir chmod; do ln -s busybox runtime/files/bin/$applet; done
    triple=org.example.Platform/$(flatpak --default-arch)/1
    printf "[Runtime]\nname=org.example.Platform\nruntime=$triple\nsdk=$triple\n" >runtime/metadata
    flatpak build-export --runtime --files=files repository runtime 1
    flatpak --user remote-add --no-gpg-verify local repository
    flatpak --user install -y --noninteractive local org.example.Platform//1
    flatpak-builder --user --disable-rofiles-fuse --disable-updates --state-dir=state build app.json'
  expect 0 devenv run box flatpak build "$HOME/flatpak/build" sh /app/bin/app
  equals "$output" "from the application"
}

@test "devenv: in itself, with each way to have a root file system" {
  cp -r "$TEST_STAGE/prefix" "$HOME/prefix"
  cat >"$HOME/inner" <<'EOF'
#!/bin/sh
PATH=$HOME/prefix/bin:$PATH XDG_DATA_HOME=$HOME/inner-data exec devenv "$@"
EOF
  chmod +x "$HOME/inner"
  local driver
  for driver in overlay fuse-overlayfs copy; do
    expect 0 devenv run box "$HOME/inner" create in --image "$REGISTRY/busybox:latest" --storage "$driver"
    expect 0 devenv run box "$HOME/inner" run in sh -c 'echo "$DEVENV_NAME $(id -u)"; sudo id -u; sudo touch /made; echo >"$HOME/by-inner"'
    equals "$output" "in $(id -u)
0"
    equals "$(stat -c %u "$HOME/by-inner")" "$(id -u)"
    expect 0 devenv run box "$HOME/inner" stop in
    expect 0 devenv run box "$HOME/inner" run in stat -c %U /made
    equals "$output" root
    expect 0 devenv run box "$HOME/inner" rm -f in
  done
  # The store outside has other ids: that is said, and nothing of it is touched.
  expect 4 devenv run box "$HOME/prefix/bin/devenv" image pull "$REGISTRY/busybox:latest"
  contains "$stderr" "set XDG_DATA_HOME to have another store"
  expect 0 devenv run box "$HOME/inner" image prune -y --all
}
