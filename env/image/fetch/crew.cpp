// SPDX-License-Identifier: MIT
#include "env/image/fetch/crew.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <numeric>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/image/fetch/confined.hpp"
#include "env/image/fetch/workers.hpp"
#include "env/sys/file.hpp"

namespace devenv::image::fetch {
namespace {

constexpr std::size_t kMaxActiveLayers = 4;
constexpr std::chrono::milliseconds kTellEvery{100};
/// A bootstrap program has mounts to undo and files of other ids to remove.
constexpr std::chrono::seconds kProgramGrace{10};

bool contains(const std::vector<std::size_t>& list, std::size_t value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

/// nullopt when it is not known before.
std::optional<Digest> blob_of(const LayerJob& job) {
  return job.whole ? job.whole->digest : job.digest;
}

/// Not the network, nor the disk: they would fail the whole as well.
bool parts_are_at_fault(const Error& error) {
  return error.code() == ErrorCode::integrity || error.code() == ErrorCode::unsupported ||
         error.code() == ErrorCode::not_found;
}

}  // namespace

Crew::~Crew() {
  for (ActiveLayer& layer : active_) {
    if (layer.producer && !layer.producer->over &&
        std::holds_alternative<Piped>(job_of(layer).bytes)) {
      (void)layer.producer->child.signal(SIGTERM);
      (void)sys::wait_pidfd(layer.producer->child.pidfd(), kProgramGrace);
    }
  }
}

Result<std::vector<LayerOutcome>> Crew::run() {
  outcomes_.assign(jobs_.size(), std::nullopt);
  pending_.resize(jobs_.size());
  std::iota(pending_.begin(), pending_.end(), std::size_t{0});
  // Whoever starts a large layer last waits for it alone.
  std::stable_sort(pending_.begin(), pending_.end(), [&](std::size_t a, std::size_t b) {
    return jobs_[a].size_bytes > jobs_[b].size_bytes;
  });
  for (const LayerJob& job : jobs_) {
    context_.reporter.progress(job.id, "waiting", 0, job.size_bytes, false);
  }
  while (!pending_.empty() || !active_.empty()) {
    while (active_.size() < kMaxActiveLayers) {
      const auto index = next_startable();
      if (!index) {
        break;
      }
      std::erase(pending_, *index);
      TRY(start(*index));
    }
    TRY(listen());
    TRY(collect_finished());
  }
  std::vector<LayerOutcome> outcomes;
  outcomes.reserve(jobs_.size());
  for (auto& outcome : outcomes_) {
    outcomes.push_back(std::move(*outcome));
  }
  return outcomes;
}

/// Two layers of one image may be the same blob: the second waits for the first, then finds the
/// partial file complete.
std::optional<std::size_t> Crew::next_startable() const {
  for (const std::size_t index : pending_) {
    const auto digest = blob_of(jobs_[index]);
    const bool busy = std::any_of(active_.begin(), active_.end(), [&](const ActiveLayer& layer) {
      return digest && blob_of(job_of(layer)) == digest;
    });
    if (!busy) {
      return index;
    }
  }
  return std::nullopt;
}

Result<void> Crew::start(std::size_t index) {
  ActiveLayer layer;
  layer.index = index;
  const LayerJob& job = job_of(layer);
  TRY(sys::make_directories(job.directory, 0700));
  if (std::holds_alternative<Downloaded>(job.bytes)) {
    TRY(start_download(layer));
  } else if (const auto* file = std::get_if<InFile>(&job.bytes)) {
    TRY_ASSIGN(layer.unpacker, start_unpacker(job, file->fd, -1));
  } else {
    TRY(start_program(layer));
  }
  active_.push_back(std::move(layer));
  return {};
}

Result<void> Crew::start_download(ActiveLayer& layer) {
  const LayerJob& job = job_of(layer);
  const std::string& file = std::get<Downloaded>(job.bytes).partial_file;
  TRY_ASSIGN(const sys::UniqueFd partial, sys::open_file(file, O_RDWR | O_CREAT, 0600));
  TRY_ASSIGN(const struct stat info, sys::stat_fd(partial.get()));
  layer.resumed = info.st_size > 0;
  TRY_ASSIGN(sys::Pipe announcements, sys::make_pipe());
  TRY_ASSIGN(sys::Pipe reports, sys::make_pipe());
  const pid_t foreman = sys::current_pid();
  TRY_ASSIGN(sys::Child child, sys::fork_child(0, [&] {
               announcements.read_end.reset();
               return run_downloader({foreman, reports.write_end.get()}, job, partial.get(),
                                     announcements.write_end.get());
             }));
  layer.producer = Worker{.child = std::move(child), .reports = std::move(reports.read_end)};
  // Before the unpacker is forked: with copies of its own it would keep the pipes from ending.
  reports.write_end.reset();
  announcements.write_end.reset();
  TRY_ASSIGN(layer.unpacker, start_unpacker(job, partial.get(), announcements.read_end.get()));
  return {};
}

Result<void> Crew::start_program(ActiveLayer& layer) {
  const LayerJob& job = job_of(layer);
  TRY_ASSIGN(sys::Pipe stream, sys::make_pipe());
  TRY_ASSIGN(sys::Pipe reports, sys::make_pipe());
  const pid_t foreman = sys::current_pid();
  TRY_ASSIGN(sys::Child child, sys::fork_child(0, [&] {
               stream.read_end.reset();
               return run_program({foreman, reports.write_end.get()}, job, stream.write_end.get());
             }));
  layer.producer = Worker{.child = std::move(child), .reports = std::move(reports.read_end)};
  reports.write_end.reset();  // as above
  stream.write_end.reset();
  TRY_ASSIGN(layer.unpacker, start_unpacker(job, stream.read_end.get(), -1));
  return {};
}

Result<Crew::Worker> Crew::start_unpacker(const LayerJob& job, int input, int announcements) {
  TRY_ASSIGN(sys::Pipe reports, sys::make_pipe());
  const pid_t foreman = sys::current_pid();
  TRY_ASSIGN(sys::Child child, context_.spawn_as_root([&] {
    return run_unpacker({.foreman = foreman,
                         .reports = reports.write_end.get(),
                         .memory_lock = context_.store.path() + "/locks/memory.lock"},
                        job, input, announcements, context_.limits);
  }));
  return Worker{.child = std::move(child), .reports = std::move(reports.read_end)};
}

Result<void> Crew::listen() {
  std::vector<sys::WaitEntry> entries;
  std::vector<std::pair<ActiveLayer*, Worker*>> sources;
  for (ActiveLayer& layer : active_) {
    for (std::optional<Worker>* worker : {&layer.producer, &layer.unpacker}) {
      if (*worker && !(*worker)->over) {
        entries.push_back({(*worker)->reports.get(), sys::WaitFor::readable});
        sources.emplace_back(&layer, &**worker);
      }
    }
  }
  TRY(context_.cancellation.wait(entries));
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (entries[i].ready) {
      TRY(hear(*sources[i].first, *sources[i].second));
    }
  }
  return {};
}

Result<void> Crew::hear(ActiveLayer& layer, Worker& worker) {
  std::array<char, 64 * 1024> block{};
  TRY_ASSIGN(const std::size_t count, sys::read_some(worker.reports.get(), block));
  worker.reader.add({block.data(), count});
  while (true) {
    TRY_ASSIGN(auto message, worker.reader.next());
    if (!message) {
      break;
    }
    take_message(layer, worker, std::move(*message));
  }
  if (count > 0) {
    return {};
  }
  worker.over = true;
  TRY_ASSIGN(const sys::ExitStatus status, worker.child.wait());
  if (!worker.succeeded && !worker.error) {
    const bool unpacks = layer.unpacker && &*layer.unpacker == &worker;
    worker.error = died(
        format("the process that {} {}", unpacks ? "unpacks" : "gets", job_of(layer).id), status);
  }
  return {};
}

/// An unpacker may have been taken over by what it reads: it says only what unpackers say.
void Crew::take_message(ActiveLayer& layer, Worker& worker, Message message) {
  const bool unpacks = layer.unpacker && &*layer.unpacker == &worker;
  if (const auto* progress = std::get_if<ProgressMessage>(&message)) {
    (unpacks ? layer.unpacked : layer.fetched) = progress->done_bytes;
    tell(layer);
  } else if (auto* failure = std::get_if<FailureMessage>(&message)) {
    worker.error = std::move(failure->error);
    worker.as_asked = failure->as_asked;
  } else if (auto* outcome = std::get_if<OutcomeMessage>(&message); outcome && unpacks) {
    layer.outcome = std::move(outcome->outcome);
    worker.succeeded = true;
  } else if (auto* activity = std::get_if<ActivityMessage>(&message); activity && !unpacks) {
    layer.activity = std::move(activity->text);
    layer.told_at = {};
    tell(layer);
  } else if (const auto* done = std::get_if<DoneMessage>(&message); done && !unpacks) {
    if (const auto* downloaded = std::get_if<Downloaded>(&job_of(layer).bytes)) {
      downloaded->from->learn(done->standing);
    }
    worker.succeeded = true;
  } else {
    worker.error =
        Error(ErrorCode::integrity, format("the process that {} {} misbehaves",
                                           unpacks ? "unpacks" : "gets", job_of(layer).id));
  }
}

void Crew::tell(ActiveLayer& layer) {
  const auto now = std::chrono::steady_clock::now();
  if (now - layer.told_at < kTellEvery) {
    return;
  }
  layer.told_at = now;
  const LayerJob& job = job_of(layer);
  const bool fetching = layer.producer && !layer.producer->over && layer.fetched < job.size_bytes;
  const std::string activity = !layer.activity.empty() ? layer.activity
                               : fetching              ? "downloading"
                                                       : "unpacking";
  context_.reporter.progress(job.id, activity, fetching ? layer.fetched : layer.unpacked,
                             job.size_bytes, false);
}

/// Why the layer failed; nullopt while it has not, or while the other worker may know better.
std::optional<Error> Crew::verdict(const ActiveLayer& layer, bool piped) {
  const bool producing = layer.producer && !layer.producer->over;
  const Error* unpacking = layer.unpacker->error ? &*layer.unpacker->error : nullptr;
  const Error* fetching =
      layer.producer && layer.producer->error ? &*layer.producer->error : nullptr;
  if (unpacking == nullptr) {
    return fetching == nullptr ? std::nullopt : std::optional<Error>(*fetching);
  }
  // A stream that ended too early or is garbage is the producer's fault: it says why. It ends soon,
  // since nobody takes what it writes. Its other errors are those of writing to nobody.
  const bool starved = unpacking->code() == ErrorCode::network;
  if (starved || unpacking->code() == ErrorCode::integrity) {
    if (producing) {
      return std::nullopt;
    }
    const bool fault =
        fetching != nullptr && (starved || piped || fetching->code() == ErrorCode::network ||
                                fetching->code() == ErrorCode::integrity);
    return fault ? *fetching : *unpacking;
  }
  return *unpacking;
}

Result<void> Crew::collect_finished() {
  for (std::size_t i = 0; i < active_.size();) {
    ActiveLayer& layer = active_[i];
    const LayerJob& job = job_of(layer);
    if (const auto error = verdict(layer, std::holds_alternative<Piped>(job.bytes))) {
      TRY(handle_failure(layer, *error));
    } else if (layer.unpacker->over && (!layer.producer || layer.producer->over)) {
      context_.reporter.progress(job.id, "unpacking", job.size_bytes, job.size_bytes, true);
      for (const std::string& warning : layer.outcome->unpacked.warnings) {
        // Device nodes are the host's in an environment: nothing that its user has to know.
        LOG_INFO("{}: {}", job.id, warning);
      }
      outcomes_[layer.index] = std::move(layer.outcome);
    } else {
      ++i;
      continue;
    }
    active_.erase(active_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return {};
}

/// Fails the whole run, or puts the layer back to be fetched from the start.
Result<void> Crew::handle_failure(ActiveLayer& layer, const Error& error) {
  const LayerJob& job = job_of(layer);
  const auto* downloaded = std::get_if<Downloaded>(&job.bytes);
  if (job.whole && parts_are_at_fault(error)) {
    LOG_INFO("{} is fetched as a whole: {}", job.id, error.to_line());
    TRY(sys::remove_file(downloaded->partial_file));
    if (error.code() != ErrorCode::unsupported) {
      misled_.push_back(layer.index);
    }
    const std::shared_ptr<const LayerJob> whole = job.whole;
    jobs_[layer.index] = *whole;
    pending_.push_back(layer.index);
    return {};
  }
  if (downloaded == nullptr || error.code() != ErrorCode::integrity) {
    return fail(error);
  }
  TRY(sys::remove_file(downloaded->partial_file));
  if (layer.unpacker->as_asked) {
    return fail(error);
  }
  if (layer.resumed && !contains(retried_, layer.index)) {
    LOG_INFO("{}: what was left of an earlier download is damaged: {}", job.id, error.to_line());
    retried_.push_back(layer.index);
  } else if (!layer.producer->succeeded || !downloaded->from->elsewhere(error)) {
    // Who could not download has asked everywhere.
    return fail(error);
  }
  pending_.push_back(layer.index);
  return {};
}

}  // namespace devenv::image::fetch
