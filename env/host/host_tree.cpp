// SPDX-License-Identifier: MIT
#include "env/host/host_tree.hpp"

#include <fcntl.h>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"
#include "env/sys/tree.hpp"

namespace devenv::host {
namespace {

std::string magic_link(const sys::UniqueFd& fd) {
  return format("/proc/self/fd/{}", fd.get());
}

}  // namespace

Result<HostTree> HostTree::open(const std::string& root) {
  TRY_ASSIGN(sys::UniqueFd fd, sys::open_file(root, O_PATH | O_DIRECTORY));
  TRY_ASSIGN(const std::string canonical, sys::canonical_path(root));
  return HostTree(std::move(fd), canonical.size() == 1 ? "" : canonical);
}

std::optional<std::string> HostTree::resolve(const std::string& path) const {
  const auto fd = sys::open_in_root(root_.get(), path, O_PATH);
  if (!fd) {
    return std::nullopt;
  }
  auto name = sys::read_link(magic_link(*fd));
  if (!name || !name->starts_with(prefix_ + "/")) {
    return std::nullopt;
  }
  return name->substr(prefix_.size());
}

std::optional<sys::UniqueFd> HostTree::open_regular(const std::string& path) const {
  auto fd = sys::open_in_root(root_.get(), path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!fd) {
    return std::nullopt;
  }
  const auto info = sys::stat_fd(fd->get());
  return info && S_ISREG(info->st_mode) ? std::optional(*std::move(fd)) : std::nullopt;
}

Result<std::string> HostTree::read(const std::string& path, std::size_t limit) const {
  const auto fd = open_regular(path);
  if (!fd) {
    return fail(ErrorCode::not_found,
                format("'{}' cannot be opened, or is no file", text::sanitize(path)));
  }
  return sys::read_all(fd->get(), limit);
}

std::vector<std::string> HostTree::list(const std::string& directory) const {
  const auto fd = sys::open_in_root(root_.get(), directory, O_RDONLY | O_DIRECTORY);
  return fd ? sys::list_directory(magic_link(*fd)).value_or(std::vector<std::string>{})
            : std::vector<std::string>{};
}

std::string HostTree::stamp(const std::string& path) const {
  const auto fd = sys::open_in_root(root_.get(), path, O_PATH);
  if (!fd) {
    return "-";
  }
  const auto info = sys::stat_fd(fd->get());
  return info ? format("{}.{}.{}", info->st_ino, info->st_mtim.tv_sec, info->st_mtim.tv_nsec) : "-";
}

}  // namespace devenv::host
