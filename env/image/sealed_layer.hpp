// SPDX-License-Identifier: MIT
// A layer that was made on this machine.
#pragma once

#include <cstdint>

#include "env/base/digest.hpp"
#include "env/base/json.hpp"
#include "env/base/result.hpp"

namespace devenv::image {

struct SealedLayer {
  Digest diff_id;                ///< of its canonical tar
  Digest chain_id;               ///< what the store has it under
  std::uint64_t size_bytes = 0;  ///< of file contents

  Json to_json() const;
  /// Errors: integrity, naming the member that is wrong.
  static Result<SealedLayer> from_json(const Json& json);

  bool operator==(const SealedLayer&) const = default;
};

}  // namespace devenv::image
