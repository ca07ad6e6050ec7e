// SPDX-License-Identifier: MIT
#include "env/session/service.hpp"

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"
#include "env/sys/file_lock.hpp"
#include "env/sys/namespaces.hpp"
#include "env/sys/process.hpp"

namespace devenv::session {
namespace {

std::string directory_of(const instance::EnvironmentDirectory& environment) {
  return environment.directory + "/services";
}

/// "PID START-TIME"
pid_t living_process(const std::string& record) {
  const auto contents = sys::read_file_if_exists(record);
  if (!contents || !*contents) {
    return -1;
  }
  const auto words = text::split(text::trim(**contents), ' ');
  const auto pid = text::parse_number(words.front());
  const auto started = text::parse_number(words.back());
  if (words.size() != 2 || !pid || !started) {
    return -1;
  }
  const auto process = sys::open_pidfd(static_cast<pid_t>(*pid));
  const auto now = sys::process_start_time(static_cast<pid_t>(*pid));
  if (!process || !now || *now != *started) {
    return -1;
  }
  // One that has ended may be waited for still.
  const auto ended = sys::wait_pidfd(process->get(), std::chrono::milliseconds(0));
  return ended && !*ended ? static_cast<pid_t>(*pid) : -1;
}

}  // namespace

Result<bool> start_service(const instance::Workspace& workspace,
                           const instance::Environment& environment,
                           const std::string& name,
                           EnterRequest request,
                           Reporter& reporter) {
  const std::string directory = directory_of(environment);
  const std::string record = format("{}/{}.pid", directory, name);
  TRY(sys::make_directories(directory, 0700));
  TRY_ASSIGN(const sys::FileLock turn,
             sys::FileLock::acquire(directory + "/lock", sys::LockMode::exclusive));
  if (living_process(record) > 0) {
    return false;
  }
  TRY_ASSIGN(const sys::UniqueFd log,
             sys::open_file(format("{}/{}.log", directory, name),
                            O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600));
  TRY_ASSIGN(const sys::UniqueFd null, sys::open_file("/dev/null", O_RDONLY));
  TRY(ensure_running(workspace, environment, reporter));
  TRY_ASSIGN(sys::Child child, sys::fork_child(0, [&] {
               sys::start_session();
               (void)sys::replace_fd(null.get(), 0);
               (void)sys::replace_fd(log.get(), 1);
               (void)sys::replace_fd(log.get(), 2);
               sys::close_fds_on_exec();
               const Error error = enter(workspace, environment, std::move(request), reporter);
               (void)sys::write_all(log.get(), error.to_line() + "\n");
               return 1;
             }));
  TRY_ASSIGN(const std::uint64_t started, sys::process_start_time(child.pid()));
  TRY(sys::replace_file(record, format("{} {}\n", child.pid(), started), 0600));
  child.detach();
  return true;
}

std::vector<ServiceStatus> service_statuses(const instance::EnvironmentDirectory& environment) {
  const std::string directory = directory_of(environment);
  std::vector<ServiceStatus> statuses;
  const auto entries = sys::list_directory(directory);
  for (const std::string& entry : entries.value_or(std::vector<std::string>())) {
    constexpr std::string_view kEnding = ".pid";
    if (entry.ends_with(kEnding)) {
      const std::string name = entry.substr(0, entry.size() - kEnding.size());
      statuses.push_back({.name = name,
                          .pid = living_process(format("{}/{}", directory, entry)),
                          .log_file = format("{}/{}.log", directory, name)});
    }
  }
  return statuses;
}

}  // namespace devenv::session
