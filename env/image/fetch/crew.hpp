// SPDX-License-Identifier: MIT
// The foreman's side: starts the workers of several layers, listens to them, and decides.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "env/base/result.hpp"
#include "env/image/fetch/fetch.hpp"
#include "env/image/fetch/layer_job.hpp"
#include "env/image/fetch/worker_message.hpp"
#include "env/sys/process.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::image::fetch {

/// Unpacks layers, four at once, the largest first. Destroying it ends all workers.
class Crew {
 public:
  Crew(const Context& context, std::vector<LayerJob> jobs)
      : context_(context), jobs_(std::move(jobs)) {}
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew();

  /// Once. The outcomes in the order of the jobs. The first layer that fails ends the others.
  ///
  /// A download that was resumed and turns out to be wrong is made anew, once: what was there may
  /// have been damaged by a crash. Then other places are asked for all of it, unless it is what was
  /// asked for. The partial file of a layer whose bytes are wrong is removed. A layer that cannot
  /// be made of parts is fetched as a whole.
  Result<std::vector<LayerOutcome>> run();
  /// After run: the jobs whose parts did not make the layer, though they came.
  const std::vector<std::size_t>& misled() const { return misled_; }

 private:
  /// One process and the reading end of its reports.
  struct Worker {
    sys::Child child;
    sys::UniqueFd reports;
    MessageReader reader;
    bool over = false;
    bool succeeded = false;
    std::optional<Error> error;
    bool as_asked = false;  ///< of FailureMessage
  };
  struct ActiveLayer {
    std::size_t index = 0;  ///< of the job
    std::optional<Worker> producer;
    std::optional<Worker> unpacker;
    std::optional<LayerOutcome> outcome;
    bool resumed = false;
    std::uint64_t fetched = 0;
    std::uint64_t unpacked = 0;
    std::string activity;
    std::chrono::steady_clock::time_point told_at{};
  };

  std::optional<std::size_t> next_startable() const;
  Result<void> start(std::size_t index);
  Result<void> start_download(ActiveLayer& layer);
  Result<void> start_program(ActiveLayer& layer);
  Result<Worker> start_unpacker(const LayerJob& job, int input, int announcements);
  Result<void> listen();
  Result<void> hear(ActiveLayer& layer, Worker& worker);
  void take_message(ActiveLayer& layer, Worker& worker, Message message);
  Result<void> collect_finished();
  Result<void> handle_failure(ActiveLayer& layer, const Error& error);
  void tell(ActiveLayer& layer);
  static std::optional<Error> verdict(const ActiveLayer& layer, bool piped);
  const LayerJob& job_of(const ActiveLayer& layer) const { return jobs_[layer.index]; }

  const Context& context_;
  std::vector<LayerJob> jobs_;
  std::vector<std::size_t> pending_;
  std::vector<std::size_t> retried_;
  std::vector<std::size_t> misled_;
  std::vector<ActiveLayer> active_;
  std::vector<std::optional<LayerOutcome>> outcomes_;
};

}  // namespace devenv::image::fetch
