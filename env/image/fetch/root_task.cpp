// SPDX-License-Identifier: MIT
#include "env/image/fetch/root_task.hpp"

#include "env/base/log.hpp"
#include "env/image/fetch/worker_message.hpp"
#include "env/image/fetch/workers.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"
#include "env/sys/signals.hpp"
#include "env/sys/tree.hpp"

namespace devenv::image::fetch {
namespace {

struct Task {
  sys::Child child;
  sys::UniqueFd errors;
};

Result<Task> start(const Context& context, const std::function<Result<void>()>& work) {
  TRY_ASSIGN(sys::Pipe errors, sys::make_pipe());
  const pid_t foreman = sys::current_pid();
  TRY_ASSIGN(sys::Child child, context.spawn_as_root([&]() -> int {
    sys::die_with_parent(foreman);
    sys::release_signals();
    const auto done = work();
    if (done) {
      return 0;
    }
    const Error error = explain_disk_error(done.error(), context.store.path());
    (void)sys::write_all(errors.write_end.get(), encode_message(FailureMessage{error}));
    return 1;
  }));
  return Task{std::move(child), std::move(errors.read_end)};
}

/// The error of a task that has ended.
Result<void> outcome(Task& task, const sys::ExitStatus& status) {
  if (status.success()) {
    return {};
  }
  MessageReader reader;
  TRY_ASSIGN(const std::string bytes, sys::read_all(task.errors.get()));
  reader.add(bytes);
  TRY_ASSIGN(const auto message, reader.next());
  if (message && std::holds_alternative<FailureMessage>(*message)) {
    return fail(std::get<FailureMessage>(*message).error);
  }
  return fail(ErrorCode::failed, "a process that worked on the store " + status.to_string());
}

}  // namespace

Result<void> run_as_root(const Context& context, const std::function<Result<void>()>& work) {
  TRY_ASSIGN(Task task, start(context, work));
  TRY_ASSIGN(const sys::ExitStatus status, context.cancellation.wait(task.child));
  return outcome(task, status);
}

Result<void> run_as_root_to_end(const Context& context, const std::function<Result<void>()>& work) {
  TRY_ASSIGN(Task task, start(context, work));
  TRY_ASSIGN(const sys::ExitStatus status, task.child.wait());
  return outcome(task, status);
}

WorkDirectories::~WorkDirectories() {
  std::erase_if(paths_, [](const std::string& path) { return !sys::exists(path); });
  if (paths_.empty()) {
    return;
  }
  // This is what a cancelled pull does last.
  const auto removed = run_as_root_to_end(context_, [this]() -> Result<void> {
    for (const std::string& path : paths_) {
      TRY(sys::remove_tree(path));
    }
    return {};
  });
  if (!removed) {
    LOG_WARN("cannot remove unfinished layers: {}", removed.error().to_line());
  }
}

}  // namespace devenv::image::fetch
