// SPDX-License-Identifier: MIT
#include "cmd/package_verb.hpp"

#include <algorithm>
#include <chrono>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/session/session.hpp"

namespace devenv::cmd {
namespace {

/// What the script of an image without a profile ends with when it finds no package manager;
/// none of them does.
constexpr int kNoManager = 96;

/// Asks the image for each manager in turn, and has the first one do it.
std::string script_of(const std::vector<profiles::PackageManager>& managers, PackageVerb verb) {
  std::string script = "has() { command -v \"$1\" >/dev/null 2>&1; }\n";
  std::string_view word = "if";
  for (const profiles::PackageManager& manager : managers) {
    const std::string beside =
        manager.beside.empty() ? "" : format(" && has {}", text::shell_quote(manager.beside));
    script += format("{} has {}{}; then\n{}\n", word, text::shell_quote(manager.program), beside,
                     manager.*verb);
    word = "elif";
  }
  return script + format("else exit {}; fi\n", kNoManager);
}

/// The release that an environment was made of; its profile may have moved on since.
profiles::Release release_of(const profiles::Profile& profile,
                             const instance::Environment& environment) {
  const auto same = [&](const profiles::Release& release) {
    return release.image == environment.spec.image ||
           release.image == environment.state.image_reference;
  };
  const auto found = std::find_if(profile.releases.begin(), profile.releases.end(), same);
  return found == profile.releases.end() ? profiles::Release{} : *found;
}

Result<std::string> script_for(const instance::Environment& environment,
                               PackageVerb verb,
                               Context& context) {
  TRY_ASSIGN(const profiles::Catalog catalog, context.profiles());
  TRY_ASSIGN(const auto profile, catalog.find(environment.spec.profile));
  if (!profile) {
    TRY_ASSIGN(const auto managers, profiles::package_managers());
    return script_of(managers, verb);
  }
  TRY_ASSIGN(const auto manager,
             profiles::find_package_manager(*profile, release_of(*profile, environment)));
  return manager.*verb;
}

/// Nobody was in there before, and nobody came meanwhile.
Result<void> stop_if_idle(const instance::Environment& environment) {
  constexpr std::chrono::seconds kGrace{10};
  TRY_ASSIGN(const auto running, session::find_running(environment));
  if (running) {
    TRY_ASSIGN(const auto processes, session::processes_inside(*running));
    if (processes.empty()) {
      TRY(session::stop(environment, kGrace));
    }
  }
  return {};
}

}  // namespace

Result<void> run_package_verb(const instance::Environment& environment,
                              PackageVerb verb,
                              const std::vector<std::string>& packages,
                              Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const std::string script, script_for(environment, verb, context));
  TRY_ASSIGN(const auto running, session::find_running(environment));
  instance::CommandWords command = {"sh", "-c", script, "sh"};
  command.insert(command.end(), packages.begin(), packages.end());
  const auto status = session::run_command(*workspace, environment,
                                           {.command = std::move(command),
                                            .umask = 022,
                                            .clean_environment = true,
                                            .directory = "/",
                                            .as_root = true},
                                           context.ui());
  if (!running) {
    TRY(stop_if_idle(environment));
  }
  TRY(status);
  const std::string& name = environment.name.string();
  if (status->code == kNoManager) {
    return fail(ErrorCode::not_found,
                format("'{}' has no package manager that devenv knows", name));
  }
  if (!status->success()) {
    return fail(Error(ErrorCode::failed, format("its package manager {}", status->to_string()))
                    .with_hint(format(
                        "what it printed above says why; look around: devenv enter {}", name)));
  }
  return {};
}

}  // namespace devenv::cmd
