// SPDX-License-Identifier: MIT
// A file is replaced as a whole, or not at all.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "env/base/format.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"

namespace devenv::sys {
namespace {

constexpr std::string_view kTemporary = ".tmp.";
constexpr std::size_t kRandomBytes = 8;

Result<void> replace(const std::string& path,
                     std::string_view contents,
                     mode_t mode,
                     bool durable) {
  // A random name: the same home can be written to from several pid namespaces and machines.
  const std::string temporary = format("{}{}{}", path, kTemporary, random_hex(kRandomBytes));
  const auto write = [&]() -> Result<void> {
    TRY_ASSIGN(const UniqueFd fd, open_file(temporary, O_WRONLY | O_CREAT | O_EXCL, mode));
    TRY(write_all(fd.get(), contents));
    if (durable && ::fsync(fd.get()) == -1) {
      return fail_errno(errno, "cannot sync");
    }
    TRY(rename_path(temporary, path));
    if (durable) {
      TRY_ASSIGN(const UniqueFd directory, open_file(parent_of(path), O_RDONLY | O_DIRECTORY));
      // Some network file systems cannot sync a directory; the rename is done all the same.
      (void)::fsync(directory.get());
    }
    return {};
  };
  if (auto written = write(); !written) {
    ::unlink(temporary.c_str());
    return fail(written.error().context(format("cannot write '{}'", path)));
  }
  return {};
}

}  // namespace

Result<void> write_file_atomic(const std::string& path, std::string_view contents, mode_t mode) {
  return replace(path, contents, mode, true);
}

Result<void> replace_file(const std::string& path, std::string_view contents, mode_t mode) {
  return replace(path, contents, mode, false);
}

std::string_view without_temporary_suffix(std::string_view name) {
  const std::size_t length = kTemporary.size() + 2 * kRandomBytes;
  if (name.size() <= length) {
    return "";
  }
  const std::string_view suffix = name.substr(name.size() - length);
  const bool is_temporary =
      suffix.starts_with(kTemporary) &&
      suffix.substr(kTemporary.size()).find_first_not_of("0123456789abcdef") ==
          std::string_view::npos;
  return is_temporary ? name.substr(0, name.size() - length) : "";
}

Result<void> name_file(int fd, const std::string& path) {
  const std::string unnamed = format("/proc/self/fd/{}", fd);
  if (::linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == -1) {
    return fail_errno(errno, format("cannot make '{}'", path));
  }
  return {};
}

}  // namespace devenv::sys
