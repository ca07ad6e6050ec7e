// SPDX-License-Identifier: MIT
#include "env/sys/mounts.hpp"

#include <doctest/doctest.h>

#include "env/sys/file.hpp"

namespace sys = devenv::sys;

TEST_CASE("mountinfo: lines are read as proc(5) describes them") {
  const auto mounts = sys::parse_mountinfo(
      "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n"
      "37 35 0:5 / /dev rw,nosuid shared:2 master:7 propagate_from:2 - devtmpfs udev rw\n"
      "38 35 0:42 / / ro - overlay overlay rw,lowerdir=/a:/b\n"
      "39 35 0:43 / /with\\040space\\011tab\\012newline\\134backslash rw - tmpfs some\\040source "
      "rw\n"
      "40 35 0:44 / /mnt rw - fuse.sshfs ada@host: rw\n");
  REQUIRE(mounts.size() == 5);
  CHECK(mounts[0].id == 36);
  CHECK(mounts[0].mount_point == "/mnt2");
  CHECK(mounts[0].type == "ext3");
  CHECK(mounts[0].source == "/dev/root");
  CHECK(mounts[0].options == "rw,noatime");
  CHECK(mounts[1].mount_point == "/dev");
  CHECK(mounts[1].type == "devtmpfs");
  CHECK(mounts[2].options == "ro");
  CHECK(mounts[3].mount_point == "/with space\ttab\nnewline\\backslash");
  CHECK(mounts[3].source == "some source");
  CHECK(mounts[4].type == "fuse.sshfs");
}

TEST_CASE("mountinfo: what is no escape stays as it is") {
  const auto mounts = sys::parse_mountinfo(
      "1 0 0:1 / /a\\ rw - t s rw\n"
      "2 0 0:1 / /a\\04 rw - t s rw\n"
      "3 0 0:1 / /a\\089 rw - t s rw\n"
      "4 0 0:1 / /a\\\\040 rw - t s rw\n");
  REQUIRE(mounts.size() == 4);
  CHECK(mounts[0].mount_point == "/a\\");
  CHECK(mounts[1].mount_point == "/a\\04");
  CHECK(mounts[2].mount_point == "/a\\089");
  CHECK(mounts[3].mount_point == "/a\\ ");
}

TEST_CASE("mountinfo: malformed lines are left out") {
  CHECK(sys::parse_mountinfo("").empty());
  for (const char* line : {"\n", "x", "36 35 98:0 /mnt1 /mnt2 rw", " - ", "36 - ext3 root rw",
                           "x 35 98:0 /mnt1 /mnt2 rw - ext3 /dev/root rw",
                           "36 35 98:0 /mnt1 /mnt2 rw - ext3", "36 35 98:0 / /m -"}) {
    CAPTURE(line);
    CHECK(sys::parse_mountinfo(line).empty());
  }
}

TEST_CASE("mountinfo: the kernel's own has a root") {
  const auto text = sys::read_file("/proc/self/mountinfo");
  REQUIRE(text);
  bool root = false;
  for (const sys::MountInfo& mount : sys::parse_mountinfo(*text)) {
    root = root || mount.mount_point == "/";
    CHECK(mount.mount_point.starts_with('/'));
  }
  CHECK(root);
}
