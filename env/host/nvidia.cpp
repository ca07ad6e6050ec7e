// SPDX-License-Identifier: MIT
#include "env/host/nvidia.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/base/yaml.hpp"
#include "env/host/cdi.hpp"

namespace devenv::host {
namespace {

constexpr std::size_t kLargestCdi = 4U * 1024 * 1024;
constexpr std::size_t kLargestConfig = 64U * 1024;

/// In the order in which they count.
constexpr std::array<std::string_view, 2> kCdiDirectories = {"/var/run/cdi", "/etc/cdi"};

// clang-format off
/// Source: NVIDIA, "Installed Components" in the README of the Linux driver.
constexpr std::string_view kLibraries[] = {
    "libcuda.so*", "libcudadebugger.so*", "libnvidia-*", "libnvcuvid.so*", "libnvoptix.so*",
    "libGLX_nvidia.so*", "libEGL_nvidia.so*", "libGLESv1_CM_nvidia.so*", "libGLESv2_nvidia.so*",
    "libvdpau_nvidia.so*",
};
constexpr std::string_view kPrograms[] = {
    "nvidia-smi", "nvidia-debugdump", "nvidia-cuda-mps-control", "nvidia-cuda-mps-server",
    "nvidia-ngx-updater",
};
/// Debian and its children, Fedora, Arch, openSUSE, Gentoo, NixOS; what ld.so.conf names is added.
constexpr std::string_view kLibraryDirectories[] = {
    "/usr/lib/x86_64-linux-gnu/nvidia/current", "/usr/lib/i386-linux-gnu/nvidia/current",
    "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib/i386-linux-gnu",
    "/usr/lib64", "/usr/lib32", "/usr/lib", "/usr/lib64/nvidia", "/usr/lib/nvidia",
    "/run/opengl-driver/lib", "/run/opengl-driver-32/lib",
};
constexpr std::string_view kProgramDirectories[] = {
    "/usr/bin", "/usr/sbin", "/usr/local/bin", "/opt/bin", "/run/current-system/sw/bin",
    "/usr/lib/wsl/lib",
};
constexpr std::string_view kConfigDirectories[] = {
    "/etc/glvnd/egl_vendor.d", "/usr/share/glvnd/egl_vendor.d",
    "/etc/egl/egl_external_platform.d", "/usr/share/egl/egl_external_platform.d",
    "/etc/vulkan/icd.d", "/usr/share/vulkan/icd.d",
    "/etc/vulkan/implicit_layer.d", "/usr/share/vulkan/implicit_layer.d",
    "/etc/OpenCL/vendors",
    "/run/opengl-driver/share/glvnd/egl_vendor.d",
    "/run/opengl-driver/share/egl/egl_external_platform.d",
    "/run/opengl-driver/share/vulkan/icd.d", "/run/opengl-driver/share/vulkan/implicit_layer.d",
    "/run/opengl-driver/etc/OpenCL/vendors",
};
/// All of it belongs to the driver: Windows' own under WSL.
constexpr std::string_view kWslDirectory = "/usr/lib/wsl/lib";
// clang-format on

bool is_driver_library(const std::string& name) {
  // The container toolkit's own has the prefix but belongs to no driver.
  return name.find(".so") != std::string::npos && !name.starts_with("libnvidia-container") &&
         std::any_of(std::begin(kLibraries), std::end(kLibraries),
                     [&](std::string_view pattern) { return text::fits(name, pattern); });
}

/// Collects what is found, and where one would see a change.
struct Search {
  explicit Search(const HostTree& host) : tree(host), files(host) {}

  void watch(const std::string& path) {
    if (std::find(watched.begin(), watched.end(), path) == watched.end()) {
      watched.push_back(path);
    }
  }

  const HostTree& tree;
  DriverFiles files;
  std::vector<std::string> watched;
};

/// Directories named in ld.so.conf and what it includes (ldconfig(8)); no deeper, which nobody
/// does.
std::vector<std::string> configured_directories(const HostTree& tree) {
  std::vector<std::string> files = {"/etc/ld.so.conf"};
  std::vector<std::string> directories;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto contents = tree.read(files[i], kLargestConfig);
    if (!contents) {
      continue;
    }
    for (const std::string_view raw : text::lines(*contents)) {
      const std::string_view line = text::trim(raw.substr(0, raw.find('#')));
      if (line.starts_with('/')) {
        directories.emplace_back(line);
      } else if (i == 0 && line.starts_with("include ")) {
        std::string pattern(text::trim(line.substr(8)));
        pattern.insert(0, pattern.starts_with('/') ? "" : "/etc/");
        const std::string directory = pattern.substr(0, pattern.find_last_of('/'));
        for (const std::string& name : tree.list(directory)) {
          if (text::fits(name, text::base_name(pattern))) {
            files.push_back(directory + "/" + name);
          }
        }
      }
    }
  }
  return directories;
}

void search_libraries(Search& search) {
  std::vector<std::string> directories(std::begin(kLibraryDirectories),
                                       std::end(kLibraryDirectories));
  for (std::string& directory : configured_directories(search.tree)) {
    directories.push_back(std::move(directory));
  }
  directories.emplace_back(kWslDirectory);
  std::set<std::string> seen;
  for (const std::string& directory : directories) {
    const auto resolved = search.tree.resolve(directory);
    if (!resolved || !seen.insert(*resolved).second) {
      continue;  // /usr/lib64 may be /usr/lib
    }
    bool found = false;
    for (const std::string& name : search.tree.list(directory)) {
      const std::string path = directory + "/" + name;
      const bool ours = directory == kWslDirectory
                            ? driver_file_kind(path) == DriverFileKind::library
                            : is_driver_library(name);
      found |= ours && search.files.add(DriverFileKind::library, name, path);
    }
    for (const char* plugins : {"gbm", "vdpau"}) {
      for (const std::string& name : search.tree.list(directory + "/" + plugins)) {
        const std::string path = format("{}/{}/{}", directory, plugins, name);
        const auto kind = driver_file_kind(path);
        if (kind && name.find("nvidia") != std::string::npos) {
          found |= search.files.add(*kind, name, path);
        }
      }
    }
    if (found) {
      // By the name: NixOS puts another directory behind it.
      search.watch(directory);
    }
  }
}

void search_host(Search& search) {
  search_libraries(search);
  if (!search.files.has_libraries()) {
    return;
  }
  for (const std::string_view directory : kConfigDirectories) {
    for (const std::string& name : search.tree.list(std::string(directory))) {
      const std::string path = format("{}/{}", directory, name);
      const auto kind = driver_file_kind(path);
      if (kind && name.find("nvidia") != std::string::npos) {
        search.files.add(*kind, name, path);
      }
    }
  }
  for (const std::string_view program : kPrograms) {
    for (const std::string_view directory : kProgramDirectories) {
      search.files.add(DriverFileKind::program, std::string(program),
                       format("{}/{}", directory, program));
    }
  }
}

/// nullopt when the file is about other devices.
Result<std::optional<CdiEdits>> load_cdi(const HostTree& tree, const std::string& path) {
  TRY_ASSIGN(const std::string contents, tree.read(path, kLargestCdi));
  if (contents.find(kNvidiaKind) == std::string::npos) {
    return std::nullopt;
  }
  TRY_ASSIGN(const Json document,
             path.ends_with(".json") ? json::parse(contents) : yaml::parse(contents));
  if (cdi_kind(document) != kNvidiaKind) {
    return std::nullopt;
  }
  TRY_ASSIGN(CdiEdits edits, read_cdi(document));
  return std::optional(std::move(edits));
}

/// Directories of libraries are not needed: all libraries go to where they are found.
void apply_cdi(const CdiEdits& edits, Search& search) {
  for (const CdiMount& mount : edits.mounts) {
    const auto kind = driver_file_kind(mount.container_path);
    if (!kind) {
      continue;
    }
    const std::string name(*kind == DriverFileKind::run ? mount.container_path
                                                        : text::base_name(mount.container_path));
    if (search.files.add(*kind, name, mount.host_path) && *kind == DriverFileKind::library) {
      search.watch(mount.host_path.substr(0, mount.host_path.find_last_of('/')));
    }
  }
  for (const CdiLink& link : edits.links) {
    if (const auto kind = driver_file_kind(link.path)) {
      search.files.add_alias(*kind, std::string(text::base_name(link.path)),
                             std::string(text::base_name(link.target)));
    }
  }
}

/// Gives false when there is no CDI file that can be used.
bool search_cdi(Search& search, NvidiaFacts& facts) {
  for (const std::string_view directory : kCdiDirectories) {
    for (const std::string& name : search.tree.list(std::string(directory))) {
      const std::string path = format("{}/{}", directory, name);
      if (!name.ends_with(".json") && !name.ends_with(".yaml")) {
        continue;
      }
      auto edits = load_cdi(search.tree, path);
      if (!edits) {
        facts.warnings.push_back(
            format("ignoring {}: {}", text::sanitize(path), edits.error().to_line()));
        continue;
      }
      if (!*edits) {
        continue;
      }
      apply_cdi(**edits, search);
      if (!search.files.has_libraries()) {
        facts.warnings.push_back(
            format("ignoring {}: none of the libraries that it names is there", path));
        continue;
      }
      facts.source = path;
      facts.variables = std::move((*edits)->variables);
      search.watch(path);
      return true;
    }
  }
  return false;
}

}  // namespace

NvidiaFacts probe_nvidia(const std::string& root) {
  NvidiaFacts facts;
  const auto tree = HostTree::open(root);
  if (!tree) {
    facts.warnings.push_back(tree.error().to_line());
    return facts;
  }
  Search search(*tree);
  for (const std::string_view directory : kCdiDirectories) {
    search.watch(std::string(directory));
  }
  if (!search_cdi(search, facts)) {
    search_host(search);
  }
  facts.files = search.files.release();
  facts.watched = std::move(search.watched);
  facts.stamp = nvidia_stamp(facts.watched, root);
  return facts;
}

std::string nvidia_stamp(const std::vector<std::string>& watched, const std::string& root) {
  const auto tree = HostTree::open(root);
  std::vector<std::string> stamps;
  for (const std::string& path : watched) {
    stamps.push_back(tree ? tree->stamp(path) : "-");
  }
  return join(stamps, " ");
}

}  // namespace devenv::host
