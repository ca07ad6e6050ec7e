// SPDX-License-Identifier: MIT
#include "env/sys/inotify.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "env/base/format.hpp"

namespace devenv::sys {

Result<DirectoryWatch> DirectoryWatch::create() {
  UniqueFd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd.valid()) {
    return fail_errno(errno, "cannot watch directories");
  }
  return DirectoryWatch(std::move(fd));
}

Result<void> DirectoryWatch::add(int directory) {
  constexpr std::uint32_t kChanges =
      IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR;
  const std::string path = format("/proc/self/fd/{}", directory);
  if (::inotify_add_watch(fd_.get(), path.c_str(), kChanges) == -1) {
    return fail_errno(errno, "cannot watch a directory");
  }
  return {};
}

void DirectoryWatch::drain() {
  std::array<char, 4096> events{};
  while (::read(fd_.get(), events.data(), events.size()) > 0) {
  }
}

}  // namespace devenv::sys
