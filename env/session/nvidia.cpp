// SPDX-License-Identifier: MIT
#include "env/session/nvidia.hpp"

#include <algorithm>

#include "env/base/format.hpp"
#include "env/session/plan.hpp"

namespace devenv::session {
namespace {

using host::DriverFile;
using host::DriverFileKind;
using sandbox::MakeDirectory;
using sandbox::MakeFile;
using sandbox::MakeSymlink;
using sandbox::MountOp;

/// Where a file goes within the directory; "" for those that have their place elsewhere.
std::string place_of(const DriverFile& file) {
  switch (file.kind) {
    case DriverFileKind::library:
      return format("lib{}/{}", file.bits, file.name);
    case DriverFileKind::gbm:
      return format("lib{}/gbm/{}", file.bits, file.name);
    case DriverFileKind::vdpau:
      return format("lib{}/vdpau/{}", file.bits, file.name);
    case DriverFileKind::program:
      return "bin/" + file.name;
    case DriverFileKind::egl_vendor:
      return "share/glvnd/egl_vendor.d/" + file.name;
    case DriverFileKind::egl_platform:
      return "share/egl/egl_external_platform.d/" + file.name;
    case DriverFileKind::vulkan_driver:
      return "share/vulkan/icd.d/" + file.name;
    case DriverFileKind::vulkan_layer:
      return "share/vulkan/implicit_layer.d/" + file.name;
    case DriverFileKind::opencl:
      return "share/OpenCL/vendors/" + file.name;
    case DriverFileKind::run:
      break;
  }
  return "";
}

bool has(const host::NvidiaFacts& facts, DriverFileKind kind) {
  return std::any_of(facts.files.begin(), facts.files.end(),
                     [&](const DriverFile& file) { return file.kind == kind; });
}

/// false when there was nothing to do.
bool reduce_library_paths(Json& value) {
  bool changed = false;
  if (!value.is_structured()) {
    return false;
  }
  for (auto& [key, member] : value.items()) {
    if (key != "library_path" || !member.is_string()) {
      changed |= reduce_library_paths(member);
      continue;
    }
    const auto path = member.get<std::string>();
    if (const std::size_t slash = path.find_last_of('/'); slash != std::string::npos) {
      member = path.substr(slash + 1);
      changed = true;
    }
  }
  return changed;
}

}  // namespace

std::string with_bare_library_paths(const std::string& document) {
  auto json = json::parse(document);
  if (!json) {
    return "";
  }
  return reduce_library_paths(*json) ? json::dump(*json) + "\n" : document;
}

std::vector<MountOp> plan_nvidia(const host::NvidiaFacts& facts, const NvidiaPlace& place) {
  std::vector<MountOp> plan;
  if (facts.files.empty()) {
    return plan;
  }
  const std::string ours = place.run + "/devenv/";
  plan.emplace_back(MakeDirectory{.path = EnvPath(ours + place.directory)});
  for (const DriverFile& file : facts.files) {
    const std::string target = kHostRootInside + file.path;
    if (file.kind == DriverFileKind::run) {
      plan.emplace_back(MakeSymlink{.path = EnvPath(place.run + "/" + file.name),
                                    .target = target,
                                    .only_if_absent = true,
                                    .presence = sandbox::Presence::optional});
      continue;
    }
    const EnvPath path(format("{}{}/{}", ours, place.directory, place_of(file)));
    if (!file.contents.empty()) {
      const std::string contents = with_bare_library_paths(file.contents);
      if (contents != file.contents) {
        if (!contents.empty()) {
          plan.emplace_back(MakeFile{.path = path, .contents = contents});
        }
        continue;
      }
    }
    plan.emplace_back(MakeSymlink{.path = path, .target = target});
    if (file.kind == DriverFileKind::program) {
      plan.emplace_back(MakeSymlink{.path = EnvPath(format("{}bin/{}", ours, file.name)),
                                    .target = format("../nvidia/bin/{}", file.name),
                                    .only_if_absent = true});
    }
  }
  return plan;
}

/// Where a list of directories replaces the usual ones, these come behind: in front of them the
/// order would not be that of the host, where NVIDIA's files have the lower numbers. Sources:
/// libglvnd, "icd_enumeration.md"; egl-wayland, README; Mesa, "Environment Variables";
/// libOpenCL(7); libvdpau, which goes on to its usual directory. Vulkan looks into XDG_DATA_DIRS
/// (environ.cpp).
std::vector<std::string> nvidia_variables(const host::NvidiaFacts& facts) {
  std::vector<std::string> variables = facts.variables;
  if (has(facts, DriverFileKind::egl_vendor)) {
    variables.push_back(
        format("__EGL_VENDOR_LIBRARY_DIRS={}/glvnd/egl_vendor.d:/etc/glvnd/egl_vendor.d:"
               "/usr/share/glvnd/egl_vendor.d",
               kNvidiaDataInside));
  }
  if (has(facts, DriverFileKind::egl_platform)) {
    variables.push_back(
        format("__EGL_EXTERNAL_PLATFORM_CONFIG_DIRS={}/egl/egl_external_platform.d:"
               "/etc/egl/egl_external_platform.d:/usr/share/egl/egl_external_platform.d",
               kNvidiaDataInside));
  }
  if (has(facts, DriverFileKind::vulkan_driver) || has(facts, DriverFileKind::vulkan_layer)) {
    variables.push_back(format("XDG_DATA_DIRS={}", kNvidiaDataInside));
  }
  if (has(facts, DriverFileKind::gbm)) {
    variables.push_back(format(
        "GBM_BACKENDS_PATH={0}/lib64/gbm:{0}/lib32/gbm:/usr/lib/x86_64-linux-gnu/gbm:"
        "/usr/lib/aarch64-linux-gnu/gbm:/usr/lib/i386-linux-gnu/gbm:/usr/lib64/gbm:/usr/lib/gbm:"
        "/usr/lib32/gbm",
        kNvidiaInside));
  }
  if (has(facts, DriverFileKind::vdpau)) {
    variables.push_back(format("VDPAU_DRIVER_PATH={}/lib64/vdpau", kNvidiaInside));
  }
  if (has(facts, DriverFileKind::opencl)) {
    // Added to what /etc/OpenCL/vendors of the image has; OCL_ICD_VENDORS would replace it.
    variables.emplace_back("OCL_ICD_FILENAMES=libnvidia-opencl.so.1");
  }
  return variables;
}

DriverRecord driver_record(const host::NvidiaFacts& facts) {
  return DriverRecord{
      .variables = nvidia_variables(facts), .watched = facts.watched, .stamp = facts.stamp};
}

DriverLibraries driver_libraries(const host::NvidiaFacts& facts) {
  DriverLibraries libraries;
  for (const DriverFile& file : facts.files) {
    if (file.kind != DriverFileKind::library) {
      continue;
    }
    std::string directory = format("{}/lib{}", kNvidiaInside, file.bits);
    auto& directories = libraries.directories;
    if (std::find(directories.begin(), directories.end(), directory) == directories.end()) {
      directories.push_back(std::move(directory));
    }
    libraries.names.push_back(place_of(file));
  }
  return libraries;
}

}  // namespace devenv::session
