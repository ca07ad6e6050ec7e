// SPDX-License-Identifier: MIT
// NVIDIA's driver inside: a directory in memory with links to the host's files, and how programs
// find what is in it. Nothing of it is in the image, so nothing of it can go stale there. Pure.
#pragma once

#include <string>
#include <vector>

#include "env/host/nvidia.hpp"
#include "env/sandbox/mount_plan.hpp"
#include "env/session/library_cache.hpp"
#include "env/session/session.hpp"

namespace devenv::session {

/// Where plan_nvidia puts things. What is made for a running environment is made beneath /run, and
/// aside, to be exchanged with what is there.
struct NvidiaPlace {
  std::string run = "/run";
  std::string directory = "nvidia";  ///< in `run`/devenv
};

/// The directory: lib64 and lib32 (with gbm and vdpau), bin, share. JSON files that name a library
/// by its path on the host are written anew with its bare name; all else are links. A program gets
/// a link in /run/devenv/bin. Empty when there is no driver.
std::vector<sandbox::MountOp> plan_nvidia(const host::NvidiaFacts& facts,
                                          const NvidiaPlace& place = {});

/// "NAME=value": the variables by which programs find what ldconfig does not know, with the places
/// of the images behind ours, and those of a CDI file. XDG_DATA_DIRS is what to add to it.
std::vector<std::string> nvidia_variables(const host::NvidiaFacts& facts);

DriverRecord driver_record(const host::NvidiaFacts& facts);
DriverLibraries driver_libraries(const host::NvidiaFacts& facts);

/// The document with each library_path reduced to the name of the library; "" when it is no JSON.
/// Source: Vulkan-Loader, LoaderDriverInterface.md; libglvnd, "icd_enumeration.md".
std::string with_bare_library_paths(const std::string& document);

}  // namespace devenv::session
