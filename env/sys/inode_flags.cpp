// SPDX-License-Identifier: MIT
#include "env/sys/inode_flags.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include <cerrno>

#include "env/base/format.hpp"
#include "env/sys/file.hpp"

namespace devenv::sys {

Result<bool> ignores_case(const std::string& directory) {
  TRY_ASSIGN(const UniqueFd fd, open_file(directory, O_RDONLY | O_DIRECTORY));
  // The request is declared with long, but file systems write an int (ioctl_iflags(2), BUGS).
  long flags = 0;
  if (::ioctl(fd.get(), FS_IOC_GETFLAGS, &flags) == -1) {
    if (errno == ENOTTY || errno == EOPNOTSUPP || errno == EINVAL || errno == ENOSYS) {
      return false;
    }
    return fail_errno(errno, format("cannot read the attributes of '{}'", directory));
  }
  return (static_cast<unsigned long>(flags) & FS_CASEFOLD_FL) != 0;
}

}  // namespace devenv::sys
