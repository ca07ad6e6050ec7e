// SPDX-License-Identifier: MIT
#include "env/doctor/distribution.hpp"

#include <doctest/doctest.h>

namespace devenv::doctor {

TEST_CASE("os-release: reads the id and what it is like") {
  struct Case {
    const char* text;
    const char* id;
    std::vector<std::string> like;
  };
  const std::vector<Case> cases = {
      {"", "linux", {}},
      {"PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n",
       "debian",
       {}},
      {"ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", "rocky", {"rhel", "centos", "fedora"}},
      {"ID='linuxmint'\nID_LIKE=\"ubuntu  debian\"", "linuxmint", {"ubuntu", "debian"}},
      {"# ID=nothing\nVARIANT_ID=workstation\nID=fedora\n", "fedora", {}},
  };
  for (const Case& each : cases) {
    CAPTURE(each.text);
    const Distribution distribution = parse_os_release(each.text);
    CHECK(distribution.id == each.id);
    CHECK(distribution.like == each.like);
  }
}

TEST_CASE("install hint: is what one types on that distribution") {
  struct Case {
    Distribution distribution;
    const char* id_helpers;
    const char* fuse_overlayfs;
    const char* mmdebstrap;
  };
  const std::vector<Case> cases = {
      {{"debian", {}},
       "sudo apt-get install uidmap",
       "sudo apt-get install fuse-overlayfs",
       "sudo apt-get install mmdebstrap"},
      {{"pop", {"ubuntu", "debian"}},
       "sudo apt-get install uidmap",
       "sudo apt-get install fuse-overlayfs",
       "sudo apt-get install mmdebstrap"},
      {{"fedora", {}},
       "sudo dnf install shadow-utils",
       "sudo dnf install fuse-overlayfs",
       "sudo dnf install mmdebstrap"},
      {{"rocky", {"rhel", "centos", "fedora"}},
       "sudo dnf install shadow-utils",
       "sudo dnf install fuse-overlayfs",
       "install mmdebstrap"},
      {{"manjaro", {"arch"}},
       "sudo pacman -S shadow",
       "sudo pacman -S fuse-overlayfs",
       "install mmdebstrap"},
      {{"opensuse-tumbleweed", {"opensuse", "suse"}},
       "sudo zypper install shadow",
       "sudo zypper install fuse-overlayfs",
       "install mmdebstrap"},
      {{"alpine", {}},
       "sudo apk add shadow-uidmap",
       "sudo apk add fuse-overlayfs",
       "install mmdebstrap"},
      {{"nixos", {}},
       "install newuidmap and newgidmap (package uidmap or shadow)",
       "install fuse-overlayfs",
       "install mmdebstrap"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.distribution.id);
    CHECK(install_hint(each.distribution, Package::id_helpers) == each.id_helpers);
    CHECK(install_hint(each.distribution, Package::fuse_overlayfs) == each.fuse_overlayfs);
    CHECK(install_hint(each.distribution, Package::mmdebstrap) == each.mmdebstrap);
  }
}

}  // namespace devenv::doctor
