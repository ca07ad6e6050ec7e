#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154
# An image becomes a file that other programs read, and comes back the same.
load helpers

setup_file() { start_registry; }
teardown_file() { stop_registry; }
teardown() { remove_all; }

# In another home with a store of its own.
elsewhere() { XDG_DATA_HOME=$BATS_TEST_TMPDIR/elsewhere "$@"; }

# field NAME KEY: of the image of that name.
field() {
  devenv image inspect --json "$1" | python3 -c '
import json, sys
value = json.load(sys.stdin)["image"][sys.argv[1]]
print(" ".join(value) if isinstance(value, list) else value)' "$2"
}

# An image of two layers with what is hard to keep.
made() {
  create box
  expect 0 devenv run box sudo sh -c 'echo x >/one && ln /one /two && rm /bin/vi && chown 7:8 /one && chmod 4750 /one'
  expect 0 devenv stop box
  expect 0 devenv commit box localhost/made
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here" || return
}

@test "image save: one file that is an OCI layout and a docker archive" {
  made
  expect 0 devenv image save localhost/made made.tar
  matches "$stderr" "saved localhost/made:latest in made.tar \\([0-9]"
  local kind
  for kind in oci-archive docker-archive; do
    expect 0 skopeo inspect --raw "$kind:made.tar"
    expect 0 skopeo --insecure-policy copy --quiet "$kind:made.tar" "oci:$kind:x"
    expect 0 umoci unpack --rootless --image "$kind:x" "$kind.bundle"
    [[ $(cat "$kind.bundle/rootfs/two") == x && ! -e $kind.bundle/rootfs/bin/vi ]] || fail "$kind: not what was saved"
  done
  contains "$(tar -xOf made.tar manifest.json)" '"RepoTags":["localhost/made:latest"]'
}

@test "image save: the same image gives the same bytes, and a file is not replaced unasked" {
  made
  expect 0 devenv image save localhost/made one.tar
  expect 0 devenv image save localhost/made two.tar
  expect 0 cmp one.tar two.tar
  fails_with 4 "'one.tar' is there" devenv image save localhost/made one.tar
  expect 0 devenv image save --force localhost/made one.tar
  expect 0 cmp one.tar two.tar
  equals "$(find . -name '*.partial')" ""
}

@test "image save: to standard output and into a pipe" {
  made
  expect 0 devenv image save localhost/made one.tar
  devenv image save localhost/made - 2>err >two.tar || fail "$(cat err)"
  contains "$(cat err)" "saved localhost/made:latest in standard output"
  expect 0 cmp one.tar two.tar
  printf before >three.tar
  devenv image save localhost/made - 2>/dev/null >>three.tar
  expect 0 cmp one.tar <(tail -c +7 three.tar)
  mkfifo pipe
  cat pipe >four.tar &
  expect 0 devenv image save localhost/made pipe
  wait $!
  expect 0 cmp one.tar four.tar
  expect 0 devenv image save localhost/made /dev/null
  expect 2 devenv image save --json localhost/made -
  contains "$stderr" "--json and the archive cannot both go"
}

@test "image save: killed half-way it leaves nothing unfinished" {
  create big
  expect 0 devenv run big sudo sh -c 'head -c 300000000 /dev/urandom >/big'
  expect 0 devenv stop big
  expect 0 devenv commit big localhost/big
  mkdir here
  devenv image save localhost/big here/big.tar >/dev/null 2>&1 3>&- &
  sleep 0.3
  kill -KILL $!
  wait $! || :
  wait_until gone_image_program
  equals "$(find here -name '*.partial')" ""
}
gone_image_program() { ! pgrep -u "$(id -u)" devenv-image >/dev/null; }

@test "image save: at somebody else's it is the same environment" {
  made
  expect 0 devenv image save localhost/made made.tar --name localhost/other:1
  expect 0 elsewhere devenv create back --image ./made.tar
  expect 0 elsewhere devenv run back sudo sh -c 'stat -c "%a %u:%g %h" /one && test ! -e /bin/vi'
  equals "$output" "4750 7:8 2"
  contains "$(tar -xOf made.tar index.json)" '"org.opencontainers.image.ref.name":"localhost/other:1"'
  expect 0 elsewhere devenv rm -f back
  expect 0 elsewhere devenv image rm --all -y
  expect 0 elsewhere devenv image prune -y
}

@test "image save: what cannot be done leaves nothing" {
  made
  fails_with 3 "there is no image" devenv image save localhost/nothing x.tar
  fails_with 2 "named by a tag" devenv image save localhost/made x.tar --name "localhost/x@sha256:$(printf '0%.0s' {1..64})"
  fails_with 3 "cannot save 'localhost/made:latest'" devenv image save localhost/made nowhere/x.tar
  fails_with 2 "is no file" devenv image save localhost/made oci:folder:1
  fails_with 2 "is no file" devenv image save localhost/made docker-archive:x.tar
  mkdir closed
  chmod 555 closed
  [[ $(id -u) == 0 ]] || expect 1 devenv image save localhost/made closed/x.tar
  equals "$(ls closed)" ""
  store_is_clean
}

@test "image tag: one more name" {
  made
  expect 0 devenv image tag localhost/made "localhost/more:2"
  equals "$(field localhost/more:2 layers)" "$(field localhost/made layers)"
  expect 0 devenv image rm localhost/made
  create other localhost/more:2
  expect 0 devenv run other sudo cat /two
  local by_digest
  by_digest=localhost/more@$(field localhost/more:2 manifest_digest)
  create by-digest "$by_digest"
  equals "$(field "$by_digest" reference)" localhost/more:2
  expect 0 devenv image tag "$by_digest" localhost/third
  fails_with 3 "no registry has" devenv create none --image "localhost/mor@$(field localhost/more:2 manifest_digest)"
  fails_with 3 "no image" devenv image tag localhost/made localhost/x
  fails_with 2 "by a tag" devenv image tag localhost/more:2 "localhost/x@sha256:$(printf '0%.0s' {1..64})"
}

@test "commit: an image is nobody's" {
  create box
  expect 0 devenv run box sudo sh -c 'echo "x:x:4242:4242::/:/bin/sh" >>/etc/passwd'
  expect 0 devenv stop box
  expect 0 devenv commit box localhost/nobody
  local layer
  layer=$(field localhost/nobody layers)
  layer=$HOME/.local/share/devenv/store/layers/${layer##*sha256:}/fs
  equals "$(grep -c "^x:" "$layer/etc/passwd")" 1
  if [[ $(id -u) != 0 ]]; then
    equals "$(grep -c "^$(id -un):" "$layer/etc/passwd" || :)" 0
  fi
  equals "$(find "$layer" \( -name zz-devenv -o -name host-exec \) 2>/dev/null || :)" ""
  create again localhost/nobody
  expect 0 devenv run again sh -c 'grep -c ^x: /etc/passwd; id -un'
  equals "$output" "1
$(id -un)"
}

@test "image bundle: a runtime starts it, as the image says" {
  command -v crun >/dev/null || skip "crun is not installed"
  create box
  expect 0 devenv run box sudo sh -c 'echo x >/one && chown 7:8 /one'
  expect 0 devenv stop box
  expect 0 devenv commit box localhost/made
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here" || return
  expect 0 devenv image bundle localhost/made bundle
  python3 - <<'END'
import json
with open("bundle/config.json") as file:
    config = json.load(file)
config["process"]["args"] = ["sh", "-c", "stat -c %u:%g /one; id -u; echo $$; touch /new"]
with open("new.json", "w") as file:
    json.dump(config, file)
END
  expect 0 crun --root "$BATS_TEST_TMPDIR/run" --cgroup-manager=disabled run --config new.json --bundle bundle box
  equals "$output" $'7:8\n0\n1'
  expect 0 devenv image bundle --remove bundle
  [[ ! -e bundle ]] || fail "it is left"
  mkdir other
  echo '{}' >other/config.json
  fails_with 4 "no bundle that devenv has made" devenv image bundle --remove other
 fails_with 4 "/other' is there" devenv image bundle localhost/made other
  fails_with 2 "an image and a directory" devenv image bundle localhost/made
}
