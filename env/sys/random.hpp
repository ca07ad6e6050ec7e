// SPDX-License-Identifier: MIT
// Random numbers of the kernel, for names that nobody else chooses.
#pragma once

#include <cstddef>
#include <string>

#include "env/base/result.hpp"

namespace devenv::sys {

/// `count` random bytes (getrandom(2)).
Result<std::string> random_bytes(std::size_t count);

/// Random bytes as lower-case hex digits: 2 * `bytes` characters.
Result<std::string> random_hex(std::size_t bytes);

}  // namespace devenv::sys
