// SPDX-License-Identifier: MIT
#include "env/sandbox/mount_target.hpp"

#include <fcntl.h>

#include <algorithm>
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

Error hosts_own(const std::string& path) {
  return {ErrorCode::conflict,
          format("'{}' of the environment would have to be made in a directory of the host",
                 text::sanitize(path))};
}

/// Where a link leads, as a path in the root. The kernel resolves the parent part first, so ".." in
/// the link starts where the link really is.
Result<std::string> destination(const sys::ParentInRoot& link, const std::string& path) {
  auto target = sys::read_link_at(link.directory.get(), link.name);
  if (target && !target->starts_with('/')) {
    target->insert(0, parent_path(path) + "/");
  }
  return target;
}

Error too_many_links(const std::string& path) {
  return Error::from_errno(ELOOP, format("cannot follow '{}'", text::sanitize(path)));
}

Result<bool> ensure_directory(const Root& root, const std::string& path, int links);

Result<void> make_directory_in(int directory, const std::string& name) {
  TRY(sys::make_directory_at(directory, name, kDirectoryMode));
  return sys::set_owner_at(directory, name, 0, 0);
}

Result<void> replace_by_directory(const sys::ParentInRoot& link) {
  TRY(sys::remove_file_at(link.directory.get(), link.name));
  return make_directory_in(link.directory.get(), link.name);
}

/// Makes the missing last component of `path`, or, where that is a link to nowhere, what it names.
/// false when that would be in the host's.
Result<bool> make_missing(const Root& root, const std::string& path, int links) {
  TRY_ASSIGN(const sys::ParentInRoot parent, sys::open_parent_in_root(root.fd(), path));
  TRY_ASSIGN(const auto info, sys::stat_at(parent.directory.get(), parent.name));
  const bool is_own = root.owns(parent.directory.get());
  if (!info && is_own) {
    TRY(make_directory_in(parent.directory.get(), parent.name));
  }
  if (!info) {
    return is_own;
  }
  if (!S_ISLNK(info->st_mode)) {
    return fail(not_a_directory(path));
  }
  if (links >= kMaxLinks) {
    return fail(too_many_links(path));
  }
  const auto target = destination(parent, path);
  TRY(target);
  TRY_ASSIGN(const bool made, ensure_directory(root, *target, links + 1));
  if (!made && is_own) {
    TRY(replace_by_directory(parent));
  }
  return made || is_own;
}

/// Puts a directory in the place of the first link on the way to `path` that leads from the
/// environment into the host's. false when there is none.
Result<bool> replace_link_to_host(const Root& root, const std::string& path) {
  std::string so_far;
  for (const std::string_view part : text::split(path, '/')) {
    if (part.empty() || part == ".") {
      continue;
    }
    so_far += '/';
    so_far += part;
    TRY_ASSIGN(const sys::ParentInRoot parent, sys::open_parent_in_root(root.fd(), so_far));
    TRY_ASSIGN(const auto info, sys::stat_at(parent.directory.get(), parent.name));
    if (!info || !root.owns(parent.directory.get())) {
      break;
    }
    const auto there = sys::open_in_root(root.fd(), so_far, O_PATH | O_DIRECTORY);
    if (S_ISLNK(info->st_mode) && there && !root.owns(there->get())) {
      TRY(replace_by_directory(parent));
      return true;
    }
  }
  return false;
}

/// false when the directory is missing and would have to be made in the host's.
Result<bool> ensure_directory(const Root& root, const std::string& path, int links) {
  std::string so_far;
  for (const std::string_view part : text::split(path, '/')) {
    if (part.empty() || part == ".") {
      continue;
    }
    so_far += '/';
    so_far += part;
    const auto there = sys::open_in_root(root.fd(), so_far, O_PATH | O_DIRECTORY);
    if (there) {
      continue;
    }
    if (there.error().sys_errno() == ENOTDIR) {
      return fail(not_a_directory(so_far));
    }
    if (there.error().sys_errno() != ENOENT) {
      return fail(there.error());
    }
    TRY_ASSIGN(const bool made, make_missing(root, so_far, links));
    if (made) {
      continue;
    }
    TRY_ASSIGN(const bool replaced, replace_link_to_host(root, so_far));
    if (!replaced || links >= kMaxLinks) {
      return false;
    }
    return ensure_directory(root, path, links + 1);
  }
  return true;
}

/// Makes an empty file, or what a link to nowhere names.
Result<void> make_missing_file(const Root& root, const std::string& path, int links) {
  TRY_ASSIGN(const sys::ParentInRoot parent, parent_target(root, path));
  TRY_ASSIGN(const auto info, sys::stat_at(parent.directory.get(), parent.name));
  if (info && S_ISLNK(info->st_mode)) {
    if (links >= kMaxLinks) {
      return fail(too_many_links(path));
    }
    const auto target = destination(parent, path);
    TRY(target);
    return make_missing_file(root, *target, links + 1);
  }
  TRY(sys::open_at(parent.directory.get(), parent.name, O_WRONLY | O_CREAT | O_EXCL, 0644));
  return sys::set_owner_at(parent.directory.get(), parent.name, 0, 0);
}

}  // namespace

bool Root::owns(int directory) const {
  return std::find(own_mounts_.begin(), own_mounts_.end(), sys::mount_id(directory)) !=
         own_mounts_.end();
}

Result<sys::UniqueFd> directory_target(const Root& root, const std::string& path) {
  TRY_ASSIGN(const bool there, ensure_directory(root, path, 0));
  return there ? sys::open_in_root(root.fd(), path, O_PATH | O_DIRECTORY) : fail(hosts_own(path));
}

Result<sys::UniqueFd> file_target(const Root& root, const std::string& path) {
  auto target = sys::open_in_root(root.fd(), path, O_PATH);
  if (!target && target.error().sys_errno() == ENOENT) {
    TRY(make_missing_file(root, path, 0));
    target = sys::open_in_root(root.fd(), path, O_PATH);
  }
  TRY_ASSIGN(sys::UniqueFd file, std::move(target));
  TRY_ASSIGN(const struct stat info, sys::stat_fd(file.get()));
  if (S_ISDIR(info.st_mode)) {
    return fail(ErrorCode::conflict,
                format("'{}' of the environment is a directory", text::sanitize(path)));
  }
  return file;
}

Result<void> refuse_links(const Root& root, const std::string& path) {
  std::string so_far;
  for (const std::string_view part : text::split(path, '/')) {
    if (part.empty()) {
      continue;
    }
    so_far += '/';
    so_far += part;
    const auto parent = sys::open_parent_in_root(root.fd(), so_far);
    if (!parent) {
      break;  // missing from here on
    }
    TRY_ASSIGN(const auto info, sys::stat_at(parent->directory.get(), parent->name));
    if (info && S_ISLNK(info->st_mode)) {
      return fail(ErrorCode::conflict,
                  format("'{}' of the environment is a link", text::sanitize(so_far)));
    }
  }
  return {};
}

Result<sys::ParentInRoot> parent_target(const Root& root, const std::string& path) {
  TRY(directory_target(root, parent_path(path)));
  TRY_ASSIGN(sys::ParentInRoot parent, sys::open_parent_in_root(root.fd(), path));
  return root.owns(parent.directory.get()) ? Result<sys::ParentInRoot>(std::move(parent))
                                           : fail(hosts_own(path));
}

Result<void> replace_file(const Root& root,
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
