// SPDX-License-Identifier: MIT
#include "env/sandbox/mount_plan.hpp"

#include <doctest/doctest.h>

using namespace devenv::sandbox;
using devenv::EnvGid;
using devenv::EnvPath;
using devenv::EnvUid;
using devenv::HostPath;

TEST_CASE("mount plan: one line per operation") {
  const MountPlan plan = {
      TmpfsMount{.target = EnvPath("/run")},
      TmpfsMount{.target = EnvPath("/scratch"), .mode = 01777},
      BindMount{.source = HostPath("/home/ann"),
                .target = EnvPath("/home/ann"),
                .presence = Presence::required},
      BindMount{.source = HostPath("/run/user/1"), .target = EnvPath("/run/user/1")},
      BindMount{.source = HostPath("/usr/share/fonts"),
                .target = EnvPath("/run/host/fonts"),
                .access = Access::read_only},
      MakeDirectory{.path = EnvPath("/run/lock"), .mode = 01777},
      MakeDirectory{
          .path = EnvPath("/home"), .mode = 0700, .uid = EnvUid(1000), .gid = EnvGid(100)},
      MakeSymlink{.path = EnvPath("/etc/hosts"), .target = "/run/host/etc/hosts"},
      MakeSymlink{.path = EnvPath("/usr/local/bin/x"), .target = "y", .only_if_absent = true},
      MakeFile{.path = EnvPath("/run/.containerenv"), .contents = "abc"},
      CopyProgram{.source = HostPath("/usr/libexec/devenv/devenv-guest"),
                  .path = EnvPath("/run/devenv/bin/devenv-guest"),
                  .mode = 04755},
      BindMount{.source = HostPath("/a\x1b[31mb\n"), .target = EnvPath("/c")},
  };
  CHECK(to_string(plan) ==
        "tmpfs /run mode=755\n"
        "tmpfs /scratch mode=1777\n"
        "bind /home/ann -> /home/ann\n"
        "bind? /run/user/1 -> /run/user/1\n"
        "bind? /usr/share/fonts -> /run/host/fonts (read-only)\n"
        "dir /run/lock mode=1777 owner=0:0\n"
        "dir /home mode=700 owner=1000:100\n"
        "link /etc/hosts -> /run/host/etc/hosts\n"
        "link? /usr/local/bin/x -> y\n"
        "file /run/.containerenv mode=644 (3 bytes)\n"
        "program /usr/libexec/devenv/devenv-guest -> /run/devenv/bin/devenv-guest mode=4755\n"
        "bind? /a\\x1b[31mb\\x0a -> /c\n");
  CHECK(to_string(MountPlan{}).empty());
}
