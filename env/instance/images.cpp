// SPDX-License-Identifier: MIT
#include "env/instance/images.hpp"

#include <array>
#include <csignal>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/image/worker_events.hpp"
#include "env/instance/catalog.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "env/sys/file.hpp"
#include "env/sys/poll.hpp"
#include "env/sys/process.hpp"
#include "env/sys/signals.hpp"
#include "env/sys/tree.hpp"

namespace devenv::instance {
namespace {

/// Collects what the worker writes, line by line.
class Events {
 public:
  explicit Events(Reporter& reporter) : reporter_(reporter) {}

  void take(std::string_view bytes) {
    pending_ += bytes;
    std::size_t start = 0;
    for (std::size_t end = pending_.find('\n'); end != std::string::npos;
         end = pending_.find('\n', start)) {
      const std::string_view line = std::string_view(pending_).substr(start, end - start);
      if (auto outcome = image::handle_event(line, reporter_)) {
        outcome_ = std::move(outcome);
      }
      start = end + 1;
    }
    pending_.erase(0, start);
  }

  std::optional<Result<image::ImageRecord>> outcome() { return std::move(outcome_); }

 private:
  Reporter& reporter_;
  std::string pending_;
  std::optional<Result<image::ImageRecord>> outcome_;
};

/// Runs devenv-image to its end, passing on what it reports.
///
/// A signal that ends us is passed on and waited for: only the worker can remove what belongs to
/// ids of the map. It notices by itself when we are killed.
Result<image::ImageRecord> run_worker(const Workspace& workspace,
                                      std::vector<std::string> arguments,
                                      Reporter& reporter) {
  TRY_ASSIGN(sys::Pipe pipe, sys::make_pipe());
  sys::Command command{.stdout_fd = pipe.write_end.get()};
  command.argv.push_back(workspace.image_program());
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  LOG_DEBUG("running {}", join(command.argv, " "));
  TRY_ASSIGN(sys::HeldSignals signals, sys::HeldSignals::hold({SIGINT, SIGTERM, SIGHUP}));
  TRY_ASSIGN_CONTEXT(sys::Child worker, sys::spawn(command),
                     "cannot start the image program; is devenv installed completely?");
  pipe.write_end.reset();

  Events events(reporter);
  std::array<char, 16384> buffer{};
  bool interrupted = false;
  while (true) {
    std::vector<sys::WaitEntry> entries = {{.fd = pipe.read_end.get()}, {.fd = signals.fd()}};
    TRY(sys::wait_for_any(entries, std::nullopt));
    if (const auto number = entries[1].ready ? signals.take() : std::nullopt) {
      interrupted = true;
      (void)worker.signal(*number);
    }
    if (entries[0].ready) {
      TRY_ASSIGN(const std::size_t count, sys::read_some(pipe.read_end.get(), buffer));
      if (count == 0) {
        break;
      }
      events.take({buffer.data(), count});
    }
  }
  TRY_ASSIGN(const sys::ExitStatus status, worker.wait());
  if (interrupted) {
    return fail(ErrorCode::interrupted, "interrupted");
  }
  auto outcome = events.outcome();
  if (!outcome) {
    return fail(ErrorCode::failed, format("the image program {}", status.to_string()));
  }
  return *std::move(outcome);
}

Result<image::ImageRecord> bootstrap(const Workspace& workspace,
                                     const image::Store& store,
                                     const Bootstrap& source,
                                     PullPolicy policy,
                                     Reporter& reporter) {
  if (policy == PullPolicy::if_missing) {
    TRY_ASSIGN(auto present, store.find_image(format("localhost/bootstrap/{}:{}",
                                                     source.distribution, source.suite)));
    if (present) {
      return *std::move(present);
    }
  }
  return run_worker(workspace,
                    {"bootstrap", "--store", store.path(), "--distribution", source.distribution,
                     "--suite", source.suite},
                    reporter);
}

Result<image::ImageRecord> pull(const Workspace& workspace,
                                const image::Store& store,
                                const FromRegistry& source,
                                PullPolicy policy,
                                Reporter& reporter) {
  const std::string reference = source.reference.string();
  if (policy == PullPolicy::if_missing) {
    TRY_ASSIGN(auto present, store.find_image(reference));
    if (present) {
      return *std::move(present);
    }
  }
  auto pulled = run_worker(workspace, {"pull", "--store", store.path(), reference}, reporter);
  if (pulled || pulled.error().code() != ErrorCode::network || !source.fallback) {
    return pulled;
  }
  LOG_INFO("pull failed: {}", pulled.error().to_line());
  reporter.step(format("{} cannot be reached: using the distribution's packages instead",
                       source.reference.registry()));
  return bootstrap(workspace, store, *source.fallback, PullPolicy::if_missing, reporter);
}

/// Layers belong to ids of the map: only root of its namespace may remove them.
Result<void> remove_paths(const sandbox::IdMap& map, const std::vector<std::string>& paths) {
  const auto remove = [&paths]() -> Result<void> {
    for (const std::string& path : paths) {
      TRY(sys::remove_tree(path));
    }
    return {};
  };
  return sandbox::run_as_namespace_root(map, remove);
}

}  // namespace

Result<image::ImageRecord> obtain_image(const Workspace& workspace,
                                        const ImageSource& source,
                                        PullPolicy policy,
                                        Reporter& reporter) {
  TRY_ASSIGN(const image::Store store, workspace.store());
  if (const auto* registry = std::get_if<FromRegistry>(&source)) {
    return pull(workspace, store, *registry, policy, reporter);
  }
  if (const auto* packages = std::get_if<Bootstrap>(&source)) {
    return bootstrap(workspace, store, *packages, policy, reporter);
  }
  const std::string& path = std::get<ArchiveFile>(source).path;
  return run_worker(workspace, {"import", "--store", store.path(), path}, reporter);
}

Result<PruneResult> prune_images(const Workspace& workspace, PruneScope scope, bool dry_run) {
  TRY_ASSIGN(const sandbox::IdMap map, workspace.id_map());
  TRY_ASSIGN(const image::Store store, workspace.store());
  const auto usage = [&workspace]() -> Result<image::StoreUsage> {
    TRY_ASSIGN(UsedImages used, used_images(workspace));
    return image::StoreUsage{.layers = std::move(used.layers),
                             .manifests = std::move(used.manifests)};
  };
  const bool all = scope == PruneScope::unused_images;
  TRY_ASSIGN(const sys::FileSystemInfo before, sys::file_system_info(store.path()));
  PruneResult result;
  bool more = true;
  while (more) {
    TRY_ASSIGN(image::PrunePlan plan, store.plan_prune(usage, all));
    result.removed_images.insert(result.removed_images.end(), plan.images.begin(),
                                 plan.images.end());
    result.removed_paths += plan.paths.size();
    result.problems = std::move(plan.problems);
    if (dry_run) {
      return result;
    }
    for (const std::string& reference : plan.images) {
      TRY(store.remove_image(reference));
    }
    if (!plan.paths.empty()) {
      TRY(remove_paths(map, plan.paths));
    }
    more = plan.more;
  }
  TRY(store.remove_stale_locks());
  TRY_ASSIGN(const sys::FileSystemInfo after, sys::file_system_info(store.path()));
  result.freed_bytes = after.available_bytes > before.available_bytes
                           ? after.available_bytes - before.available_bytes
                           : 0;
  return result;
}

}  // namespace devenv::instance
