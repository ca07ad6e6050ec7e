// SPDX-License-Identifier: MIT
#include "env/sys/random.hpp"

#include <sys/random.h>

#include <cerrno>

#include "env/base/format.hpp"

namespace devenv::sys {

Result<std::string> random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  std::size_t done = 0;
  while (done < count) {
    const ssize_t got = ::getrandom(bytes.data() + done, count - done, 0);
    if (got == -1 && errno != EINTR) {
      return fail_errno(errno, "cannot get random bytes");
    }
    done += got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  return bytes;
}

Result<std::string> random_hex(std::size_t bytes) {
  TRY_ASSIGN(const std::string random, random_bytes(bytes));
  std::string hex;
  for (const char c : random) {
    hex += format("{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return hex;
}

}  // namespace devenv::sys
