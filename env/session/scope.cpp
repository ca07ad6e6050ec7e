// SPDX-License-Identifier: MIT
#include "env/session/scope.hpp"

#include <chrono>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"

namespace devenv::session {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPatience{5000};
constexpr milliseconds kPollInterval{5};

/// The path in the unified hierarchy: the line "0::/PATH" (cgroups(7)).
std::string_view unified_path(std::string_view cgroup) {
  for (const std::string_view line : text::lines(cgroup)) {
    if (line.starts_with("0::")) {
      return line.substr(sizeof "0::" - 1);
    }
  }
  return "";
}

std::string cgroup_of(pid_t pid) {
  return sys::read_file(format("/proc/{}/cgroup", pid)).value_or("");
}

std::vector<std::string> manager_call(const char* method) {
  return {"--user",
          "--quiet",
          "--timeout=5",
          "call",
          "org.freedesktop.systemd1",
          "/org/freedesktop/systemd1",
          "org.freedesktop.systemd1.Manager",
          method};
}

/// The manager answers when it has taken the job on; the processes are moved a moment later.
bool wait_until_moved(pid_t process, const std::string& scope, steady_clock::time_point deadline) {
  while (true) {
    const std::string cgroup = cgroup_of(process);
    if (cgroup.empty() || unified_path(cgroup).ends_with("/" + scope)) {
      return true;
    }
    if (steady_clock::now() >= deadline) {
      return false;
    }
    sys::sleep_for(kPollInterval);
  }
}

/// One call of the user's service manager.
Result<void> ask_manager(std::vector<std::string> words) {
  sys::Command command{.argv = {"busctl"}, .stderr_fd = -1};
  for (std::string& word : words) {
    command.argv.push_back(std::move(word));
  }
  TRY_ASSIGN(sys::Child call, sys::spawn(command));
  TRY_ASSIGN(const bool answered, sys::wait_pidfd(call.pidfd(), kPatience));
  if (!answered) {
    return fail(ErrorCode::failed, "the user's service manager does not answer");
  }
  TRY_ASSIGN(const sys::ExitStatus status, call.wait());
  if (!status.success()) {
    return fail(ErrorCode::failed, format("busctl {}", status.to_string()));
  }
  return {};
}

Result<void> move_to_scope(std::string_view environment_name,
                           const std::vector<pid_t>& processes,
                           const instance::Limits& limits = {}) {
  const std::string scope = scope_name(environment_name, processes.front());
  const auto deadline = steady_clock::now() + kPatience;
  TRY(ask_manager(scope_request(scope, environment_name, processes, limits)));
  for (const pid_t process : processes) {
    if (!wait_until_moved(process, scope, deadline)) {
      return fail(ErrorCode::failed, format("process {} is not moved to '{}'", process, scope));
    }
  }
  return {};
}

}  // namespace

bool belongs_to_service(std::string_view cgroup) {
  const auto components = text::split(unified_path(cgroup), '/');
  // A service may have groups of its own below; a user's manager is one that has services in it.
  for (auto component = components.rbegin(); component != components.rend(); ++component) {
    if (component->ends_with(".service")) {
      return !component->starts_with("user@");
    }
    if (component->ends_with(".scope")) {
      return false;
    }
  }
  return false;
}

std::string scope_name(std::string_view environment_name, pid_t holder) {
  return format("devenv-{}-{}.scope", environment_name, holder);
}

std::vector<std::string> scope_request(const std::string& scope,
                                       std::string_view environment_name,
                                       const std::vector<pid_t>& processes,
                                       const instance::Limits& limits) {
  std::vector<std::string> properties;
  std::size_t count = 3;
  const auto limit = [&](const char* name, const std::optional<std::uint64_t>& value,
                         std::uint64_t factor) {
    if (value) {
      properties.insert(properties.end(), {name, "t", std::to_string(*value * factor)});
      ++count;
    }
  };
  constexpr std::uint64_t kMicroseconds = 1'000'000;  // of processor time in a second
  limit("MemoryMax", limits.memory, 1);
  limit("CPUQuotaPerSecUSec", limits.cpus, kMicroseconds);
  limit("TasksMax", limits.processes, 1);
  std::vector<std::string> words = manager_call("StartTransientUnit");
  words.insert(words.end(),
               {"ssa(sv)a(sa(sv))", scope, "fail", std::to_string(count), "Description", "s",
                format("devenv environment {}", environment_name), "CollectMode", "s",
                "inactive-or-failed", "PIDs", "au", std::to_string(processes.size())});
  for (const pid_t process : processes) {
    words.push_back(std::to_string(process));
  }
  words.insert(words.end(), properties.begin(), properties.end());
  words.emplace_back("0");
  return words;
}

Result<void> limit_environment(const instance::EnvironmentDirectory& environment,
                               const instance::Limits& limits) {
  TRY_ASSIGN(const auto running, find_running(environment));
  if (!running) {
    return {};
  }
  std::vector<pid_t> processes = {running->record.pid};
  if (running->record.server_pid > 0) {
    processes.push_back(running->record.server_pid);
  }
  if (auto moved = move_to_scope(environment.name.string(), processes, limits); !moved) {
    return fail(moved.error().with_code(ErrorCode::unsupported));
  }
  return {};
}

Result<void> join_limits(const RunningRecord& record) {
  const std::string scope = cgroup_of(record.pid);
  const std::string_view path = unified_path(scope);
  if (cgroup_of(sys::current_pid()) == scope || !path.ends_with(".scope")) {
    return {};
  }
  for (const char* root : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
    const auto file = sys::open_file(format("{}{}/cgroup.procs", root, path), O_WRONLY);
    // Only where both groups belong to the user's manager (cgroups(7), "Delegation containment").
    if (file && sys::write_all(file->get(), "0")) {
      return {};
    }
  }
  std::vector<std::string> words = manager_call("AttachProcessesToUnit");
  words.insert(words.end(), {"ssau", std::string(text::base_name(path)), "", "1",
                             std::to_string(sys::current_pid())});
  if (auto asked = ask_manager(std::move(words)); !asked) {
    return fail(asked.error().with_code(ErrorCode::unsupported));
  }
  return {};
}

void outlive_service(const instance::EnvironmentDirectory& environment,
                     const std::vector<pid_t>& others) {
  const auto own = sys::read_file("/proc/self/cgroup");
  if (!own || !belongs_to_service(*own)) {
    return;
  }
  const auto running = find_running(environment);
  if (!running || !*running) {
    return;
  }
  const RunningRecord& record = (*running)->record;
  std::vector<pid_t> candidates = {record.pid, record.server_pid, record.broker.pid};
  candidates.insert(candidates.end(), others.begin(), others.end());
  std::vector<pid_t> processes;
  for (const pid_t pid : candidates) {
    // The others stay where an earlier start has brought them.
    if (pid > 0 && cgroup_of(pid) == *own) {
      processes.push_back(pid);
    }
  }
  if (processes.empty()) {
    return;
  }
  if (const auto moved = move_to_scope(environment.name.string(), processes); !moved) {
    LOG_WARN("environment '{}' ends with the service that has started it: {}",
             environment.name.string(), moved.error().to_line());
  }
}

}  // namespace devenv::session
