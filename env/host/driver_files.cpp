// SPDX-License-Identifier: MIT
#include "env/host/driver_files.hpp"

#include <algorithm>
#include <array>

#include "env/base/text.hpp"
#include "env/host/elf.hpp"
#include "env/sys/file.hpp"

namespace devenv::host {
namespace {

constexpr std::size_t kLargestJson = 256U * 1024;

struct Place {
  std::string_view directory;  ///< the last part of it
  std::string_view ending;
  DriverFileKind kind;
};
constexpr std::array<Place, 7> kPlaces = {{
    {"/egl_vendor.d", ".json", DriverFileKind::egl_vendor},
    {"/egl_external_platform.d", ".json", DriverFileKind::egl_platform},
    {"/vulkan/icd.d", ".json", DriverFileKind::vulkan_driver},
    {"/vulkan/implicit_layer.d", ".json", DriverFileKind::vulkan_layer},
    {"/OpenCL/vendors", ".icd", DriverFileKind::opencl},
    {"/bin", "", DriverFileKind::program},
    {"/sbin", "", DriverFileKind::program},
}};

/// Of /run, those that are the environment's own.
constexpr std::array<std::string_view, 4> kNotToReplace = {"devenv", "host", "user", "lock"};

bool is_json(DriverFileKind kind) {
  return kind == DriverFileKind::egl_vendor || kind == DriverFileKind::egl_platform ||
         kind == DriverFileKind::vulkan_driver || kind == DriverFileKind::vulkan_layer;
}

bool is_for_libraries(DriverFileKind kind) {
  return kind == DriverFileKind::library || kind == DriverFileKind::gbm ||
         kind == DriverFileKind::vdpau;
}

/// "libcuda.so" for "libcuda.so.1"; "" for a version of several numbers, or none.
std::string linker_name(const std::string& soname) {
  const std::size_t end = soname.rfind(".so.");
  if (end == std::string::npos || !text::parse_number(std::string_view(soname).substr(end + 4))) {
    return "";
  }
  return soname.substr(0, end + 3);
}

/// "/run/nvidia-persistenced/socket" for either name of /run; "" elsewhere.
std::string_view below_run(std::string_view path) {
  for (const std::string_view run : {"/run/", "/var/run/"}) {
    if (path.starts_with(run)) {
      return path.substr(run.size());
    }
  }
  return "";
}

}  // namespace

std::optional<DriverFileKind> driver_file_kind(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos || slash + 1 == path.size()) {
    return std::nullopt;
  }
  const std::string_view directory = std::string_view(path).substr(0, slash);
  const std::string_view name = std::string_view(path).substr(slash + 1);
  if (name.ends_with(".so") || name.find(".so.") != std::string_view::npos) {
    // The X server, which loads these, runs on the host.
    if (path.find("/xorg/") != std::string::npos) {
      return std::nullopt;
    }
    if (directory.ends_with("/gbm")) {
      return DriverFileKind::gbm;
    }
    return directory.ends_with("/vdpau") ? DriverFileKind::vdpau : DriverFileKind::library;
  }
  for (const Place& place : kPlaces) {
    if (directory.ends_with(place.directory) && name.ends_with(place.ending)) {
      return place.kind;
    }
  }
  const std::string_view in_run = below_run(path);
  if (!in_run.empty()) {
    const std::string_view first = in_run.substr(0, in_run.find('/'));
    const bool taken =
        first.starts_with('.') ||
        std::find(kNotToReplace.begin(), kNotToReplace.end(), first) != kNotToReplace.end();
    return taken ? std::nullopt : std::optional(DriverFileKind::run);
  }
  return std::nullopt;
}

void DriverFiles::enter(DriverFile file) {
  Key key{file.kind, file.bits, file.name};
  files_.try_emplace(std::move(key), std::move(file));
}

bool DriverFiles::add_library(DriverFileKind kind,
                              const std::string& name,
                              const std::string& path) {
  const auto fd = tree_.open_regular(path);
  const auto library = fd ? read_elf_library(fd->get()) : std::nullopt;
  if (!library) {
    return false;
  }
  enter({.kind = kind, .bits = library->bits, .name = name, .path = path});
  if (kind == DriverFileKind::library) {
    for (const std::string& other : {library->soname, linker_name(library->soname)}) {
      if (!other.empty()) {
        enter({.kind = kind, .bits = library->bits, .name = other, .path = path});
      }
    }
  }
  return true;
}

bool DriverFiles::add(DriverFileKind kind, const std::string& name, const std::string& path) {
  const auto resolved = tree_.resolve(path);
  if (!resolved) {
    return false;
  }
  if (is_for_libraries(kind)) {
    return add_library(kind, name, *resolved);
  }
  DriverFile file{.kind = kind, .name = name, .path = *resolved};
  if (kind == DriverFileKind::run) {
    file.name = below_run(name);
  }
  if (is_json(kind)) {
    auto contents = tree_.read(*resolved, kLargestJson);
    if (!contents) {
      return false;
    }
    file.contents = *std::move(contents);
  }
  enter(std::move(file));
  return true;
}

void DriverFiles::add_alias(DriverFileKind kind,
                            const std::string& name,
                            const std::string& library) {
  for (const int bits : {64, 32}) {
    const auto found = files_.find({DriverFileKind::library, bits, library});
    if (found != files_.end() && is_for_libraries(kind)) {
      enter({.kind = kind, .bits = bits, .name = name, .path = found->second.path});
    }
  }
}

bool DriverFiles::has_libraries() const {
  return std::any_of(files_.begin(), files_.end(),
                     [](const auto& entry) { return entry.second.is_library(); });
}

std::vector<DriverFile> DriverFiles::release() {
  std::vector<DriverFile> files;
  for (auto& [key, file] : files_) {
    files.push_back(std::move(file));
  }
  files_.clear();
  return files;
}

}  // namespace devenv::host
