// SPDX-License-Identifier: MIT
// Which step made which layer: store/steps/KEY.json. A record is worth something as long as its
// layer is in the store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "env/base/digest.hpp"
#include "env/base/json.hpp"
#include "env/base/result.hpp"
#include "env/image/store.hpp"
#include "env/sys/file_lock.hpp"

namespace devenv::build {

struct BuiltLayer {
  Digest key;
  Digest chain_id;  ///< of the store's layer
  Digest diff_id;
  std::uint64_t size_bytes = 0;
  std::string title;
  std::vector<std::string> report;  ///< lines: see Step::report
  bool whole = false;               ///< all of the root, with no layer below (storage `copy`)
  bool reused = false;              ///< it was there already; not recorded

  Json to_json() const;
  static Result<BuiltLayer> from_json(const Json& json);
};

class StepStore {
 public:
  explicit StepStore(const image::Store& store) : store_(store) {}

  /// nullopt when there is none, also when its layer is gone or its record cannot be read.
  std::optional<BuiltLayer> find(const Digest& key) const;
  Result<void> put(const BuiltLayer& layer) const;
  /// Removes the records whose layers are gone. Failures are left for the next time.
  void sweep() const;
  /// Waits until nobody else makes this step's layer.
  Result<sys::FileLock> lock(const Digest& key) const;

 private:
  std::string file(const Digest& key) const;
  const image::Store& store_;
};

}  // namespace devenv::build
