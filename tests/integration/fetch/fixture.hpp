// SPDX-License-Identifier: MIT
// What the tests of devenv-image share: the program as devenv runs it, and a registry that goes
// wrong.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"
#include "env/image/worker_events.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"
#include "tests/integration/sandbox/fixture.hpp"

namespace devenv::image::fetch::testing {

/// A store of the caller, removed as root of its namespace.
class StoreFolder {
 public:
  StoreFolder() : scratch_(sandbox::testing::own_map()) {}
  std::string path() const { return scratch_.path() + "/store"; }
  /// Another path beside the store.
  std::string beside(const std::string& name) const { return scratch_.path() + "/" + name; }
  const sandbox::IdMap& map() const { return scratch_.map(); }

  /// layers/<hex>/fs of a layer of the image.
  std::string tree(const ImageRecord& record, std::size_t layer) const;
  /// References in images.json, sorted.
  std::vector<std::string> images() const;
  /// Names in a folder of the store that end with `ending`.
  std::vector<std::string> names(const std::string& folder, std::string_view ending = "") const;

 private:
  sandbox::testing::Scratch scratch_;
};

struct ProgressEvent {
  std::string id;
  std::string activity;
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  bool finished = false;
};

/// How a run of devenv-image ended and what it said.
struct Run {
  sys::ExitStatus status;
  std::string first_event;  ///< its kind
  std::vector<std::string> steps;
  std::vector<ProgressEvent> progress;
  std::vector<std::string> warnings;
  std::optional<Result<WorkerResult>> outcome;
  std::string errors;  ///< stderr

  /// The record of a run that must have succeeded.
  ImageRecord record() const;
  /// The layer that a run has sealed.
  SealedLayer layer() const;
  /// The error of a run that must have failed in an orderly way.
  Error error() const;
};

using Arguments = std::vector<std::string>;
/// "NAME=value" beside the test's own environment.
using Variables = std::vector<std::string>;

/// The arguments of "pull" into the store.
Arguments pull(const StoreFolder& store, const std::string& reference);
/// Runs devenv-image to its end.
Run run_worker(const Arguments& arguments, const Variables& variables = {});
/// Puts the events of an output together.
Run read_events(const sys::Captured& captured);

/// devenv-image in the background.
class RunningWorker {
 public:
  explicit RunningWorker(const Arguments& arguments, const Variables& variables = {});
  pid_t pid() const { return child_->pid(); }
  void signal(int number) { (void)child_->signal(number); }
  /// Nobody listens any more.
  void close_reader() { events_.reset(); }
  /// Waits until an event has these words.
  void wait_for(std::string_view words);
  /// Waits until some bytes of a layer are there.
  void wait_for_bytes();
  Run finish();

 private:
  void wait_until(const std::function<bool()>& seen);

  std::optional<sys::Child> child_;
  sys::UniqueFd events_;
  sys::UniqueFd errors_;
  std::string output_;
};

/// tests/support/fault_registry.py, or push_registry.py, running.
class FaultRegistry {
 public:
  explicit FaultRegistry(const char* script);
  /// 127.0.0.1:PORT/<fault>/image:<tag>
  std::string reference(std::string_view fault, std::string_view tag) const;
  std::string folder() const { return folder_->path(); }
  /// Lines of the request log that contain all of `words`.
  std::size_t requests(const std::vector<std::string>& words) const;
  /// The bytes of a blob, by its digest.
  std::string blob(const std::string& digest) const;
  /// The digests of the layers of an image, as they are compressed.
  std::vector<std::string> layers(const std::string& tag) const;

 private:
  std::optional<sys::TemporaryDirectory> folder_;
  std::optional<sys::Child> child_;
  std::string port_;
};

/// One registry for all tests of this program; nullptr, and the test fails where skips are
/// failures, when python3 or zstd is missing.
FaultRegistry* fault_registry();
/// The same of push_registry.py.
FaultRegistry* push_registry();

}  // namespace devenv::image::fetch::testing
