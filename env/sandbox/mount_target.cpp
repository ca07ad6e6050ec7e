// SPDX-License-Identifier: MIT
#include "env/sandbox/mount_target.hpp"

#include <fcntl.h>

#include <cerrno>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"

namespace devenv::sandbox {
namespace {

constexpr int kMaxLinks = 40;  // path_resolution(7)
constexpr mode_t kDirectoryMode = 0755;

std::string parent_path(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

Error not_a_directory(const std::string& path) {
  return {ErrorCode::conflict,
          format("'{}' of the environment is not a directory", text::sanitize(path))};
}

Result<sys::UniqueFd> directory_target(int root, const std::string& path, int links);

/// Makes the missing last component of `path`, or, where that is a link to nowhere, what it names.
Result<void> make_missing(int root, const std::string& path, int links) {
  TRY_ASSIGN(const sys::ParentInRoot parent, sys::open_parent_in_root(root, path));
  TRY_ASSIGN(const auto info, sys::stat_at(parent.directory.get(), parent.name));
  if (!info) {
    TRY(sys::make_directory_at(parent.directory.get(), parent.name, kDirectoryMode));
    return sys::set_owner_at(parent.directory.get(), parent.name, 0, 0);
  }
  if (!S_ISLNK(info->st_mode)) {
    return fail(not_a_directory(path));
  }
  if (links >= kMaxLinks) {
    return fail_errno(ELOOP, format("cannot follow '{}'", text::sanitize(path)));
  }
  const auto link = sys::read_link_at(parent.directory.get(), parent.name);
  TRY(link);
  // The kernel resolves the parent part first, so ".." in the link starts where the link really is.
  const std::string target = link->starts_with('/') ? *link : parent_path(path) + "/" + *link;
  TRY(directory_target(root, target, links + 1));
  return {};
}

Result<sys::UniqueFd> directory_target(int root, const std::string& path, int links) {
  std::string so_far;
  for (const std::string_view part : text::split(path, '/')) {
    if (part.empty() || part == ".") {
      continue;
    }
    so_far += '/';
    so_far += part;
    const auto there = sys::open_in_root(root, so_far, O_PATH | O_DIRECTORY);
    if (there) {
      continue;
    }
    if (there.error().sys_errno() == ENOTDIR) {
      return fail(not_a_directory(so_far));
    }
    if (there.error().sys_errno() != ENOENT) {
      return fail(there.error());
    }
    TRY(make_missing(root, so_far, links));
  }
  return sys::open_in_root(root, so_far, O_PATH | O_DIRECTORY);
}

}  // namespace

Result<sys::UniqueFd> directory_target(int root, const std::string& path) {
  return directory_target(root, path, 0);
}

Result<sys::UniqueFd> file_target(int root, const std::string& path) {
  auto target = sys::open_in_root(root, path, O_PATH);
  if (!target && target.error().sys_errno() == ENOENT) {
    TRY(directory_target(root, parent_path(path)));
    // Through a link to nowhere the file it names is made. No O_EXCL: that would refuse the link.
    TRY_ASSIGN(const sys::UniqueFd made,
               sys::open_in_root(root, path, O_WRONLY | O_CREAT | O_NOCTTY | O_NONBLOCK, 0644));
    TRY(sys::set_owner_at(made.get(), "", 0, 0));
    target = sys::open_in_root(root, path, O_PATH);
  }
  TRY_ASSIGN(sys::UniqueFd file, std::move(target));
  TRY_ASSIGN(const struct stat info, sys::stat_fd(file.get()));
  if (S_ISDIR(info.st_mode)) {
    return fail(ErrorCode::conflict,
                format("'{}' of the environment is a directory", text::sanitize(path)));
  }
  return file;
}

Result<sys::ParentInRoot> parent_target(int root, const std::string& path) {
  TRY(directory_target(root, parent_path(path)));
  return sys::open_parent_in_root(root, path);
}

Result<void> replace_file(int root,
                          const std::string& path,
                          mode_t mode,
                          const std::function<Result<void>(int)>& fill) {
  TRY_ASSIGN(const sys::ParentInRoot parent, parent_target(root, path));
  const int directory = parent.directory.get();
  const std::string temporary = "." + parent.name + ".devenv-tmp";
  (void)sys::remove_file_at(directory, temporary);  // of a start that was interrupted
  const auto make = [&]() -> Result<void> {
    TRY_ASSIGN(const sys::UniqueFd file,
               sys::open_at(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    TRY(fill(file.get()));
    TRY(sys::set_owner_at(directory, temporary, 0, 0));
    TRY(sys::set_mode_at(directory, temporary, mode));
    return sys::rename_at(directory, temporary, parent.name);
  };
  if (const auto made = make(); !made) {
    (void)sys::remove_file_at(directory, temporary);
    return fail(made.error());
  }
  return {};
}

}  // namespace devenv::sandbox
