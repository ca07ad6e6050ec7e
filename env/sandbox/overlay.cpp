// SPDX-License-Identifier: MIT
#include "env/sandbox/overlay.hpp"

#include <fcntl.h>

#include <array>
#include <cerrno>

#include "env/base/format.hpp"
#include "env/sandbox/layer_fds.hpp"
#include "env/sys/file.hpp"
#include "env/sys/mounts.hpp"

namespace devenv::sandbox {
namespace {

struct Option {
  const char* key;
  const char* value;
};

/// Given explicitly because a distribution's kernel may default to the opposite and then refuse an
/// upper that was used with other layers. Kernels without one of them refuse it: see mount_with.
constexpr std::array<Option, 3> kTamedFeatures = {{
    {"index", "off"},
    {"metacopy", "off"},
    {"redirect_dir", "nofollow"},
}};

constexpr const char* kVolatile = "volatile";  // Linux 5.10

enum class Features { tamed, kernel_default };

/// What the kernel shows in mountinfo: the real path where it can be given, for people who look
/// there, else the descriptor's. fsconfig(2) takes 255 bytes, and `upperdir` unescapes backslashes.
std::string shown_path(const std::string& path, int fd) {
  constexpr std::size_t kMaxValue = 255;
  return path.size() <= kMaxValue && path.find('\\') == std::string::npos ? path : fd_path(fd);
}

/// Tries with all features set, and once more without for a kernel that does not know them.
template <typename Mount>
Result<MountedRoot> mount_with(Mount mount) {
  auto mounted = mount(Features::tamed);
  if (!mounted && mounted.error().sys_errno() == EINVAL) {
    if (auto plain = mount(Features::kernel_default)) {
      return plain;
    }
  }
  return mounted;
}

}  // namespace

Result<MountedRoot> mount_overlay_by_context(const RootLayout& layout, Durability durability) {
  TRY_ASSIGN(const LayerFds fds, open_layers(layout));
  return mount_with([&](Features features) -> Result<MountedRoot> {
    std::vector<sys::FsOption> options = {{"source", "devenv"}, {"userxattr", ""}};
    if (features == Features::tamed) {
      for (const Option& option : kTamedFeatures) {
        options.push_back({option.key, option.value});
      }
      if (durability == Durability::thrown_away) {
        options.push_back({kVolatile, ""});
      }
    }
    for (std::size_t i = 0; i < layout.lower.size(); ++i) {
      options.push_back({"lowerdir+", shown_path(layout.lower[i], fds.lower[i].get())});
    }
    options.push_back({"upperdir", shown_path(layout.upper, fds.upper.get())});
    options.push_back({"workdir", shown_path(layout.work, fds.work.get())});
    TRY_ASSIGN(sys::UniqueFd root, sys::create_file_system("overlay", options));
    TRY(sys::attach_mount(root.get(), fds.mount_point.get()));
    return MountedRoot{.root = std::move(root)};
  });
}

Result<MountedRoot> mount_overlay_by_page(const RootLayout& layout, Durability durability) {
  TRY_ASSIGN(const LayerFds fds, open_layers(layout));
  std::vector<std::string> lower;
  for (const sys::UniqueFd& fd : fds.lower) {
    lower.push_back(format("{}", fd.get()));
  }
  // Relative to /proc/self/fd a layer costs four bytes: 500 of them fit.
  const std::string directories = format("lowerdir={},upperdir={},workdir={},userxattr",
                                         join(lower, ":"), fds.upper.get(), fds.work.get());
  const auto here = sys::open_file(".", O_PATH | O_DIRECTORY);
  TRY(sys::change_directory("/proc/self/fd"));
  auto mounted = mount_with([&](Features features) -> Result<MountedRoot> {
    std::string options = directories;
    if (features == Features::tamed) {
      for (const Option& option : kTamedFeatures) {
        options += format(",{}={}", option.key, option.value);
      }
      options += durability == Durability::thrown_away ? format(",{}", kVolatile) : "";
    }
    TRY(sys::mount_file_system("overlay", "devenv", fds.mount_point.get(), 0, options));
    TRY_ASSIGN(sys::UniqueFd root, sys::open_file(layout.mount_point, O_PATH | O_DIRECTORY));
    return MountedRoot{.root = std::move(root)};
  });
  TRY(sys::change_directory(here ? fd_path(here->get()) : "/"));
  return mounted;
}

Result<MountedRoot> mount_overlay(const RootLayout& layout, Durability durability) {
  auto mounted = mount_overlay_by_context(layout, durability);
  if (mounted) {
    return mounted;
  }
  // Before 6.8 the kernel does not know lowerdir+, and older container managers hide fsopen.
  if (auto by_page = mount_overlay_by_page(layout, durability)) {
    return by_page;
  }
  return fail(mounted.error().context("cannot mount the root with overlay"));
}

}  // namespace devenv::sandbox
