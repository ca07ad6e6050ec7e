// SPDX-License-Identifier: MIT
#include "env/sandbox/layer_fds.hpp"

#include <fcntl.h>

#include "env/base/format.hpp"
#include "env/sys/file.hpp"

namespace devenv::sandbox {
namespace {

Result<sys::UniqueFd> open_directory(const std::string& path) {
  return sys::open_file(path, O_PATH | O_DIRECTORY);
}

}  // namespace

std::string fd_path(int fd) {
  return format("/proc/self/fd/{}", fd);
}

Result<LayerFds> open_layers(const RootLayout& layout) {
  if (layout.lower.empty()) {
    return fail(ErrorCode::usage, "an image without layers cannot be mounted");
  }
  LayerFds fds;
  for (const std::string& path : layout.lower) {
    TRY_ASSIGN_CONTEXT(sys::UniqueFd fd, open_directory(path), "a layer is missing");
    fds.lower.push_back(std::move(fd));
  }
  TRY_ASSIGN(fds.upper, open_directory(layout.upper));
  TRY_ASSIGN(fds.work, open_directory(layout.work));
  TRY_ASSIGN(fds.mount_point, open_directory(layout.mount_point));
  return fds;
}

}  // namespace devenv::sandbox
