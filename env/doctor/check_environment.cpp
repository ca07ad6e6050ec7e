// SPDX-License-Identifier: MIT
// One environment: what it is made of, and whether what it shares answers.
#include <algorithm>

#include "env/base/format.hpp"
#include "env/doctor/facts.hpp"
#include "env/host/facts.hpp"
#include "env/image/store.hpp"
#include "env/sys/file.hpp"
#include "env/sys/file_lock.hpp"
#include "env/sys/process.hpp"

namespace devenv::doctor {
namespace {

Finding finding_of(std::string id, std::string title, Verdict verdict) {
  return {.id = std::move(id),
          .title = std::move(title),
          .status = verdict.status,
          .detail = std::move(verdict.detail),
          .hint = std::move(verdict.hint)};
}

Verdict check_image(const instance::Workspace& workspace, const instance::State& state) {
  const auto store = image::Store::open(workspace.paths.store(), state.id_map);
  if (!store) {
    return {
        .status = Status::fail, .detail = store.error().to_line(), .hint = store.error().hint()};
  }
  const auto missing = std::count_if(state.layers.begin(), state.layers.end(), [&](const auto& id) {
    return !sys::is_directory(store->layer_tree(id));
  });
  return judge_layers(static_cast<std::size_t>(missing), state.layers.size(),
                      state.image_reference);
}

Verdict check_state(const EnvironmentState& state) {
  if (!state.started_at) {
    const auto lock = sys::FileLock::try_acquire_existing(state.environment.lock_file(),
                                                          sys::LockMode::exclusive);
    return lock && !*lock
               ? Verdict{.status = Status::warn,
                         .detail = "its record is lost, but a process keeps it running",
                         .hint = format("devenv stop {}", state.environment.name.string())}
               : Verdict{.detail = "stopped"};
  }
  if (state.changes_wait) {
    return {.status = Status::warn,
            .detail = "it runs without what was changed since its start",
            .hint = format("devenv stop {}", state.environment.name.string())};
  }
  return {.detail = format("running since {}", *state.started_at)};
}

Verdict check_host_commands(const EnvironmentState& state) {
  const instance::HostCommands policy = state.environment.spec.host_commands;
  const std::string name(instance::to_string(policy));
  if (policy == instance::HostCommands::deny || !state.started_at) {
    return {.status = policy == instance::HostCommands::deny ? Status::off : Status::pass,
            .detail = name};
  }
  if (sys::try_socket(state.host_socket) == sys::SocketState::answers) {
    return {.detail = format("{}, and the broker answers", name)};
  }
  return {.status = Status::warn,
          .detail = format("{}, but the broker does not answer", name),
          .hint = format("devenv stop {}; the next start brings a new one",
                         state.environment.name.string())};
}

}  // namespace

std::vector<Finding> check_environment(const instance::Workspace& workspace,
                                       const EnvironmentState& state) {
  std::vector<Finding> findings = {
      finding_of("image", "image", check_image(workspace, state.environment.state)),
      finding_of("state", "state", check_state(state)),
      finding_of("host-commands", "host commands", check_host_commands(state)),
  };
  const std::string runtime = host::runtime_directory(workspace.user);
  const auto variable = [](const char* name) { return sys::get_variable(name); };
  for (const host::ShareStatus& share : state.shares) {
    auto server = find_server(share.share->name, runtime, variable);
    if (server && !server->socket.empty()) {
      server->state = sys::try_socket(server->socket);
    }
    findings.push_back(finding_of("share-" + std::string(share.share->name),
                                  std::string(share.share->name), judge_share(share, server)));
  }
  return findings;
}

}  // namespace devenv::doctor
