// SPDX-License-Identifier: MIT
// How people are told what a layer cannot hold.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/format.hpp"

namespace devenv::image {

/// Adds "left out 2 sockets", or nothing.
inline void add_left_out(std::uint64_t number,
                         std::string_view what,
                         std::vector<std::string>& warnings) {
  if (number > 0) {
    warnings.push_back(format("left out {} {}{}", number, what, number == 1 ? "" : "s"));
  }
}

}  // namespace devenv::image
