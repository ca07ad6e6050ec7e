// SPDX-License-Identifier: MIT
#include "env/instance/worker.hpp"

#include <array>
#include <csignal>
#include <optional>
#include <string_view>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/sys/file.hpp"
#include "env/sys/poll.hpp"
#include "env/sys/process.hpp"
#include "env/sys/signals.hpp"

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

  std::optional<Result<image::WorkerResult>> outcome() { return std::move(outcome_); }

 private:
  Reporter& reporter_;
  std::string pending_;
  std::optional<Result<image::WorkerResult>> outcome_;
};

/// A pipe that has it already; no descriptor for nothing.
Result<sys::UniqueFd> readable(std::string_view input) {
  // As much as an empty pipe takes without a reader: pipe(7), "Pipe capacity".
  constexpr std::size_t kMaxBytes = 32U * 1024;
  if (input.empty()) {
    return sys::UniqueFd();
  }
  if (input.size() > kMaxBytes) {
    return fail(ErrorCode::usage, format("more than {} bytes of input", kMaxBytes));
  }
  TRY_ASSIGN(sys::Pipe pipe, sys::make_pipe());
  TRY(sys::write_all(pipe.write_end.get(), input));
  return std::move(pipe.read_end);
}

}  // namespace

Result<image::WorkerResult> run_any_worker(const Workspace& workspace,
                                           const std::vector<std::string>& arguments,
                                           Reporter& reporter,
                                           const WorkerInput& input) {
  TRY_ASSIGN(sys::Pipe pipe, sys::make_pipe());
  TRY_ASSIGN(const sys::UniqueFd text, readable(input.text));
  sys::Command command{.stdin_fd = text.valid() ? text.get() : input.fd,
                       .stdout_fd = pipe.write_end.get()};
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

}  // namespace devenv::instance
