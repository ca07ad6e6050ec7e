// SPDX-License-Identifier: MIT
// Small pieces of work that need the ids of the store's map.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "env/base/result.hpp"
#include "env/image/fetch/fetch.hpp"

namespace devenv::image::fetch {

/// Runs `work` in a child that is root of the namespace; its error comes back. Ends early when
/// cancelled (interrupted).
Result<void> run_as_root(const Context& context, const std::function<Result<void>()>& work);

/// The same, but to its end also when cancelled: for a moment's work that must not stop half-way.
Result<void> run_as_root_to_end(const Context& context, const std::function<Result<void>()>& work);

/// Directories of layers in the making. What is still in the list at the end is removed, with the
/// trees that belong to other ids.
class WorkDirectories {
 public:
  explicit WorkDirectories(const Context& context) : context_(context) {}
  WorkDirectories(const WorkDirectories&) = delete;
  WorkDirectories& operator=(const WorkDirectories&) = delete;
  ~WorkDirectories();

  void add(std::string path) { paths_.push_back(std::move(path)); }
  /// It has been renamed into place.
  void forget(const std::string& path) { std::erase(paths_, path); }

 private:
  const Context& context_;
  std::vector<std::string> paths_;
};

}  // namespace devenv::image::fetch
