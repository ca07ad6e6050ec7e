// SPDX-License-Identifier: MIT
#include "env/sys/xattr.hpp"

#include <sys/xattr.h>

#include <cerrno>

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::sys {
namespace {

std::string path_at(int directory, const std::string& name) {
  return directory < 0 ? name : format("/proc/self/fd/{}/{}", directory, name);
}

}  // namespace

Result<void> set_xattr(int fd, const std::string& name, std::string_view value) {
  if (::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) == -1) {
    return fail_errno(errno, format("cannot set attribute {}", name));
  }
  return {};
}

Result<void> set_xattr_at(int directory,
                          const std::string& name_in_directory,
                          const std::string& name,
                          std::string_view value) {
  if (::lsetxattr(path_at(directory, name_in_directory).c_str(), name.c_str(), value.data(),
                  value.size(), 0) == -1) {
    return fail_errno(errno, format("cannot set attribute {} of '{}'", name, name_in_directory));
  }
  return {};
}

Result<std::optional<std::string>> get_xattr_at(int directory,
                                                const std::string& name_in_directory,
                                                const std::string& name) {
  std::string value(64U * 1024, '\0');  // XATTR_SIZE_MAX
  const ssize_t size = ::lgetxattr(path_at(directory, name_in_directory).c_str(), name.c_str(),
                                   value.data(), value.size());
  if (size == -1) {
    if (errno == ENODATA || errno == EOPNOTSUPP) {
      return std::nullopt;
    }
    return fail_errno(errno, format("cannot read attribute {} of '{}'", name, name_in_directory));
  }
  value.resize(static_cast<std::size_t>(size));
  return std::optional<std::string>(std::move(value));
}

Result<std::vector<std::string>> list_xattrs_at(int directory,
                                                const std::string& name_in_directory) {
  std::string names(64U * 1024, '\0');  // XATTR_LIST_MAX
  const ssize_t size =
      ::llistxattr(path_at(directory, name_in_directory).c_str(), names.data(), names.size());
  if (size == -1) {
    if (errno == EOPNOTSUPP) {
      return std::vector<std::string>{};
    }
    return fail_errno(errno, format("cannot list the attributes of '{}'", name_in_directory));
  }
  names.resize(static_cast<std::size_t>(size));
  std::vector<std::string> list;
  for (const std::string_view name : text::split(names, '\0')) {
    if (!name.empty()) {
      list.emplace_back(name);
    }
  }
  return list;
}

}  // namespace devenv::sys
