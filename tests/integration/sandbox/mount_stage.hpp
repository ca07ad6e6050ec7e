// SPDX-License-Identifier: MIT
// A made-up image and host, and a mount plan that is applied to them.
#pragma once

#include <fcntl.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "env/sandbox/mount_plan.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/mounts.hpp"
#include "env/sys/namespaces.hpp"
#include "tests/integration/sandbox/fixture.hpp"

namespace devenv::sandbox::testing {

inline BindMount bind_mount(const std::string& source,
                            const std::string& target,
                            Presence presence = Presence::required,
                            Access access = Access::read_write) {
  return BindMount{HostPath(source), EnvPath(target), presence, access};
}

/// An image in a scratch directory, a host directory beside it, and a plan that is applied.
class Stage {
 public:
  explicit Stage(const IdMap& map) : scratch_(map) {}

  std::string image(const std::string& path) const { return scratch_.path() + "/image" + path; }
  std::string host(const std::string& path) const { return scratch_.path() + "/host" + path; }

  /// Makes the image (as root of the namespace) and the host's files (as the user).
  Result<void> prepare(const std::function<Result<void>()>& make_image,
                       const std::function<Result<void>()>& make_host) const {
    TRY(sys::make_directories(host("")));
    TRY(make_host());
    return run_as_namespace_root(scratch_.map(), [&]() -> Result<void> {
      TRY(sys::make_directories(image("")));
      TRY(sys::set_mode_at(AT_FDCWD, image(""), 0755));
      return make_image();
    });
  }

  /// Applies the plan as a start does, then runs `check` with what was skipped; `inside` after
  /// pivot_root.
  Result<void> run(const MountPlan& plan,
                   const std::function<Result<void>(int, const std::vector<std::string>&)>& check,
                   const std::function<Result<void>()>& inside = nullptr) const {
    const auto work = [&]() -> Result<void> {
      TRY_ASSIGN(OpenedPlan opened, open_sources(plan));
      const RootLayout layout{.upper = image(""), .mount_point = scratch_.path() + "/root"};
      TRY(sys::make_directories(layout.mount_point));
      TRY_ASSIGN(const MountedRoot mounted, mount_root(StorageDriver::copy, layout, -1));
      TRY_ASSIGN(const std::string before, sys::read_file("/proc/self/mountinfo"));
      TRY_ASSIGN(const auto skipped, apply(std::move(opened), mounted.root.get()));
      TRY(check_mounts_below(before, layout.mount_point));
      TRY(check(mounted.root.get(), skipped));
      if (inside) {
        TRY(sys::change_root(mounted.root.get()));
        TRY(inside());
      }
      return {};
    };
    return run_in_user_namespace(scratch_.map(), MountNamespace::own, work);
  }

 private:
  /// Every mount that came is below the root: none landed on the host's side.
  static Result<void> check_mounts_below(const std::string& before, const std::string& root) {
    std::vector<std::uint64_t> old;
    for (const sys::MountInfo& mount : sys::parse_mountinfo(before)) {
      old.push_back(mount.id);
    }
    TRY_ASSIGN(const std::string now, sys::read_file("/proc/self/mountinfo"));
    for (const sys::MountInfo& mount : sys::parse_mountinfo(now)) {
      const bool is_old = std::find(old.begin(), old.end(), mount.id) != old.end();
      EXPECT((is_old || mount.mount_point.starts_with(root + "/")));
    }
    return {};
  }

  Scratch scratch_;
};

/// For a Stage that needs no image, or no files of the host.
inline Result<void> nothing() {
  return {};
}

}  // namespace devenv::sandbox::testing
