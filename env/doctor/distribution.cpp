// SPDX-License-Identifier: MIT
#include "env/doctor/distribution.hpp"

#include <array>

#include "env/base/format.hpp"
#include "env/base/os_release.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"

namespace devenv::doctor {
namespace {

/// One family of distributions: how it installs, and what it calls things ("" where it has none).
struct Family {
  std::string_view id;
  std::string_view install;
  std::string_view id_helpers;
  std::string_view fuse_overlayfs;
  std::string_view mmdebstrap;
};

constexpr std::array<Family, 10> kFamilies = {{
    {"debian", "sudo apt-get install", "uidmap", "fuse-overlayfs", "mmdebstrap"},
    {"ubuntu", "sudo apt-get install", "uidmap", "fuse-overlayfs", "mmdebstrap"},
    {"fedora", "sudo dnf install", "shadow-utils", "fuse-overlayfs", "mmdebstrap"},
    {"rhel", "sudo dnf install", "shadow-utils", "fuse-overlayfs", ""},
    {"arch", "sudo pacman -S", "shadow", "fuse-overlayfs", ""},
    {"suse", "sudo zypper install", "shadow", "fuse-overlayfs", ""},
    {"opensuse", "sudo zypper install", "shadow", "fuse-overlayfs", ""},
    {"alpine", "sudo apk add", "shadow-uidmap", "fuse-overlayfs", ""},
    {"void", "sudo xbps-install -S", "shadow", "fuse-overlayfs", ""},
    {"gentoo", "sudo emerge --ask", "sys-apps/shadow", "sys-fs/fuse-overlayfs", ""},
}};

const Family* find_family(const Distribution& distribution) {
  std::vector<std::string> ids = {distribution.id};
  ids.insert(ids.end(), distribution.like.begin(), distribution.like.end());
  for (const std::string& id : ids) {
    for (const Family& family : kFamilies) {
      if (family.id == id) {
        return &family;
      }
    }
  }
  return nullptr;
}

std::string_view package_name(const Family& family, Package package) {
  switch (package) {
    case Package::id_helpers:
      return family.id_helpers;
    case Package::fuse_overlayfs:
      return family.fuse_overlayfs;
    case Package::mmdebstrap:
      return family.mmdebstrap;
  }
  return {};
}

std::string_view in_words(Package package) {
  switch (package) {
    case Package::id_helpers:
      return "newuidmap and newgidmap (package uidmap or shadow)";
    case Package::fuse_overlayfs:
      return "fuse-overlayfs";
    case Package::mmdebstrap:
      return "mmdebstrap";
  }
  return {};
}

}  // namespace

Distribution parse_os_release(std::string_view text) {
  Distribution distribution{.id = os_release_value(text, "ID")};
  if (distribution.id.empty()) {
    distribution.id = "linux";
  }
  const std::string like = os_release_value(text, "ID_LIKE");
  for (const std::string_view id : text::split(like, ' ')) {
    if (!id.empty()) {
      distribution.like.emplace_back(id);
    }
  }
  return distribution;
}

Distribution read_distribution() {
  constexpr std::size_t kLimit = 64U * 1024;
  for (const char* path : {"/etc/os-release", "/usr/lib/os-release"}) {
    const auto text = sys::read_file(path, kLimit);
    if (text) {
      return parse_os_release(*text);
    }
  }
  return parse_os_release("");
}

std::string install_hint(const Distribution& distribution, Package package) {
  const Family* family = find_family(distribution);
  const std::string_view name = family == nullptr ? "" : package_name(*family, package);
  if (name.empty()) {
    return format("install {}", in_words(package));
  }
  return format("{} {}", family->install, name);
}

}  // namespace devenv::doctor
