// SPDX-License-Identifier: MIT
// SHA-256 (FIPS 180-4) for what is small: keys of records, files of a project. What comes from
// outside in bulk is hashed by devenv-image (image/codec/hash.hpp), with a library that is faster
// and takes longer to load than entering an environment.
#pragma once

#include <initializer_list>
#include <string_view>

#include "env/base/digest.hpp"

namespace devenv {

Digest sha256_of(std::string_view bytes);

/// Of a list of texts: no other list has the same digest, wherever its texts begin and end.
Digest sha256_of_list(std::initializer_list<std::string_view> texts);

}  // namespace devenv
