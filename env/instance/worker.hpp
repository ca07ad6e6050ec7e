// SPDX-License-Identifier: MIT
// Running devenv-image: this program never touches bytes from outside.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "env/base/reporter.hpp"
#include "env/base/result.hpp"
#include "env/image/worker_events.hpp"
#include "env/instance/workspace.hpp"

namespace devenv::instance {

/// The standard input of devenv-image.
struct WorkerInput {
  /// What must not be among the arguments, which everybody can see; at most 32 KiB.
  std::string_view text = {};
  int fd = -1;  ///< an open file, when there is no text; -1: it has none
};

/// Runs devenv-image to its end, passing on what it reports.
///
/// A signal that ends us is passed on and waited for: only the worker can remove what belongs to
/// ids of the map. It notices by itself when we are killed.
Result<image::WorkerResult> run_any_worker(const Workspace& workspace,
                                           const std::vector<std::string>& arguments,
                                           Reporter& reporter,
                                           const WorkerInput& input = {});

/// The same for a command that gives a `Wanted`.
template <typename Wanted>
Result<Wanted> run_worker(const Workspace& workspace,
                          const std::vector<std::string>& arguments,
                          Reporter& reporter,
                          const WorkerInput& input = {}) {
  TRY_ASSIGN(image::WorkerResult result, run_any_worker(workspace, arguments, reporter, input));
  if (auto* wanted = std::get_if<Wanted>(&result)) {
    return std::move(*wanted);
  }
  return fail(ErrorCode::integrity, "the image program gave something else than was asked for");
}

}  // namespace devenv::instance
