// SPDX-License-Identifier: MIT
#include "env/session/library_cache.hpp"

#include <fcntl.h>

#include <chrono>
#include <cstdint>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"
#include "env/session/image_program.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/mounts.hpp"
#include "env/sys/process.hpp"
#include "env/sys/tree.hpp"

namespace devenv::session {
namespace {

constexpr std::chrono::seconds kTimeLimit{5};
constexpr std::size_t kLargestConfiguration = 64U * 1024;
constexpr std::string_view kConsequence = "programs may not find NVIDIA's libraries";

/// The directory of our file, made if need be. The image may have put links on the way, and what
/// the host shares is mounted by now: only the environment's own root file system will do.
Result<sys::ParentInRoot> configuration_directory(int root) {
  constexpr std::string_view kPath = kLibraryConfiguration;
  const std::string directory(kPath.substr(0, kPath.find_last_of('/')));
  const auto etc = sys::open_in_root(root, "/etc", O_PATH | O_DIRECTORY);
  if (!etc || sys::mount_id(etc->get()) != sys::mount_id(root)) {
    return fail(ErrorCode::unsupported, "'/etc' is not the image's own");
  }
  const auto there = sys::open_in_root(root, directory, O_PATH);
  if (there && sys::mount_id(there->get()) != sys::mount_id(root)) {
    return fail(ErrorCode::unsupported, format("'{}' leads to the host", directory));
  }
  TRY(sys::make_directories_in_root(root, directory));
  return sys::open_parent_in_root(root, kLibraryConfiguration);
}

Result<void> run_ldconfig(const DriverLibraries& libraries) {
  const auto program = [] {
    for (const char* path : {"/sbin/ldconfig", "/usr/sbin/ldconfig", "/usr/bin/ldconfig"}) {
      if (sys::is_executable(path)) {
        return std::string(path);
      }
    }
    return std::string();
  }();
  if (program.empty()) {
    return fail(ErrorCode::not_found, "the image has no ldconfig");
  }
  // -X: the links in the image's directories are its packages' business. The directories are named
  // once more for images whose ld.so.conf includes nothing.
  std::vector<std::string> arguments = {program, "-X"};
  arguments.insert(arguments.end(), libraries.directories.begin(), libraries.directories.end());
  return run_image_program(arguments, kTimeLimit);
}

Result<void> rebuild(int root, const DriverLibraries& libraries) {
  TRY_ASSIGN(const sys::ParentInRoot place, configuration_directory(root));
  const int directory = place.directory.get();
  if (libraries.directories.empty()) {
    TRY(sys::remove_file_at(directory, place.name));
    return run_ldconfig(libraries);
  }
  TRY(sys::write_file_in_root(directory, place.name, library_configuration(libraries, false)));
  TRY(run_ldconfig(libraries));
  return sys::write_file_in_root(directory, place.name, library_configuration(libraries, true));
}

Result<void> update(const DriverLibraries& libraries) {
  TRY_ASSIGN(const sys::UniqueFd root, sys::open_file("/", O_PATH | O_DIRECTORY));
  TRY_ASSIGN(const auto there,
             sys::read_file_in_root(root.get(), kLibraryConfiguration, kLargestConfiguration));
  const bool wanted = !libraries.directories.empty();
  if (wanted ? there == library_configuration(libraries, true) : !there) {
    return {};
  }
  as_root_inside(kConsequence, [&] { return rebuild(root.get(), libraries); });
  return {};
}

}  // namespace

std::string library_configuration(const DriverLibraries& libraries, bool cached) {
  std::string contents =
      "# By devenv: the host's NVIDIA driver. Written anew when that changes, removed with it.\n";
  if (cached) {
    contents += format("# In the cache: {:016x}\n", text::fnv1a(join(libraries.names, "\n")));
  }
  return contents + join(libraries.directories, "\n") + "\n";
}

void update_library_cache(const DriverLibraries& libraries) {
  if (const auto done = update(libraries); !done) {
    LOG_WARN("{}: {}", kConsequence, done.error().to_line());
  }
}

}  // namespace devenv::session
