// SPDX-License-Identifier: MIT
#include "env/session/launch.hpp"

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "env/sys/file.hpp"
#include "env/sys/namespaces.hpp"

namespace devenv::session {
namespace {

struct HolderPipes {
  sys::Pipe status;  ///< holder -> starter: outcome, then one byte from devenv-guest
  sys::Pipe go;      ///< starter -> holder: running.json is published
};

std::string encode(const Prepared& prepared) {
  return format("ok {} {}\n", prepared.server_pid, prepared.shell);
}

Result<Prepared> decode(std::string_view line) {
  if (!line.starts_with("ok ")) {
    return fail(line.empty() ? Error(ErrorCode::failed, "the starting process ended unexpectedly")
                             : sandbox::decode_error(line));
  }
  const auto parts = text::split(text::trim(line), ' ');
  Prepared prepared;
  if (const auto server = text::parse_number(parts[1])) {
    prepared.server_pid = static_cast<pid_t>(*server);
  }
  prepared.shell = std::string(text::trim(line.substr(parts[0].size() + parts[1].size() + 2)));
  return prepared;
}

/// The holder's side: prepares its root, waits for the word, becomes devenv-guest.
int holder_main(const Launch& launch,
                const HolderPipes& pipes,
                const std::function<Result<Prepared>()>& prepare) {
  const int status = pipes.status.write_end.get();
  const auto report = [status](const Error& error) {
    (void)sys::write_all(status, sandbox::encode_error(error));
    return 1;
  };
  const auto prepared = prepare();
  if (!prepared) {
    return report(prepared.error());
  }
  char word = 0;
  if (!sys::write_all(status, encode(*prepared)) ||
      sys::read_some(pipes.go.read_end.get(), {&word, 1}).value_or(0) != 1) {
    return 1;  // the starter is gone: nobody would ever find this holder
  }
  std::vector<std::string> arguments = {"devenv-guest", "hold", launch.environment.name.string(),
                                        "--ready-fd", std::to_string(status)};
  if (auto kept = sys::keep_across_exec(status); !kept) {
    return report(kept.error());
  }
  if (launch.lock) {
    if (auto kept = sys::keep_across_exec(launch.lock->fd()); !kept) {
      return report(kept.error());
    }
    arguments.insert(arguments.end(), {"--keep-fd", std::to_string(launch.lock->fd())});
  }
  return report(sys::exec_fd(launch.guest.get(), arguments, {}));
}

Result<std::string> read_line(int fd) {
  std::string line;
  char c = 0;
  while (true) {
    TRY_ASSIGN(const std::size_t count, sys::read_some(fd, {&c, 1}));
    if (count == 0) {
      return line;
    }
    line += c;
    // An encoded error may have several lines and is read to its end.
    if (c == '\n' && line.starts_with("ok ")) {
      return line;
    }
  }
}

/// The starter's side.
Result<void> launch_holder(Launch& launch,
                           const SpawnHolder& spawn,
                           const std::function<Result<Prepared>()>& prepare) {
  TRY_ASSIGN(sys::Pipe status, sys::make_pipe());
  TRY_ASSIGN(sys::Pipe go, sys::make_pipe());
  HolderPipes pipes{std::move(status), std::move(go)};
  TRY_ASSIGN(sys::Child holder, spawn([&launch, &pipes, &prepare]() -> int {
               pipes.status.read_end.reset();
               pipes.go.write_end.reset();
               return holder_main(launch, pipes, prepare);
             }));
  pipes.status.write_end.reset();
  pipes.go.read_end.reset();

  TRY_ASSIGN(const std::string line, read_line(pipes.status.read_end.get()));
  TRY_ASSIGN(const Prepared prepared, decode(line));
  RunningRecord& record = launch.record;
  record.pid = holder.pid();
  TRY_ASSIGN(record.start_time, sys::process_start_time(holder.pid()));
  TRY_ASSIGN(record.user_namespace, sys::namespace_id(holder.pid(), "user"));
  TRY_ASSIGN(record.mount_namespace, sys::namespace_id(holder.pid(), "mnt"));
  if (!prepared.shell.empty()) {
    record.shell = prepared.shell;
  }
  if (prepared.server_pid > 0) {
    record.server_pid = prepared.server_pid;
    TRY_ASSIGN(record.server_start_time, sys::process_start_time(prepared.server_pid));
  }
  // Before anybody can get in: whoever connects finds it, or waits in the queue until it is there.
  record.broker = start_broker(launch.door, record.name, holder.pidfd());
  TRY(sys::write_file_atomic(launch.environment.running_file(), json::dump(record.to_json()) + "\n",
                             0600));
  TRY(sys::write_all(pipes.go.write_end.get(), "g"));
  TRY_ASSIGN(const std::string last, sys::read_all(pipes.status.read_end.get()));
  if (last.size() != 1) {
    return fail(last.empty()
                    ? Error(ErrorCode::failed, "the holder of the namespaces ended at once")
                    : sandbox::decode_error(last));
  }
  holder.detach();
  return {};
}

}  // namespace

Result<void> in_starter(const std::function<Result<void>()>& work) {
  TRY_ASSIGN(sys::Pipe outcome, sys::make_pipe());
  TRY_ASSIGN(sys::Child starter, sys::fork_child(0, [&]() -> int {
               outcome.read_end.reset();
               sys::start_session();
               const auto done = work();
               if (!done) {
                 (void)sys::write_all(outcome.write_end.get(), sandbox::encode_error(done.error()));
               }
               return done ? 0 : 1;
             }));
  outcome.write_end.reset();
  // The holder inherits nothing of this pipe: it is close-on-exec, and the end of the starter
  // shows.
  TRY_ASSIGN(const std::string encoded, sys::read_all(outcome.read_end.get()));
  TRY_ASSIGN(const sys::ExitStatus status, starter.wait());
  if (status.success()) {
    return {};
  }
  return fail(encoded.empty()
                  ? Error(ErrorCode::failed, format("the starting process {}", status.to_string()))
                  : sandbox::decode_error(encoded));
}

Result<void> launch(Launch launch,
                    const SpawnHolder& spawn,
                    const std::function<Result<Prepared>()>& prepare) {
  return in_starter([&] { return launch_holder(launch, spawn, prepare); });
}

}  // namespace devenv::session
