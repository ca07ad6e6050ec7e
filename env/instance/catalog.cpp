// SPDX-License-Identifier: MIT
#include "env/instance/catalog.hpp"

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"

namespace devenv::instance {
namespace {

Result<Json> read_json(const std::string& path) {
  TRY_ASSIGN(const std::string contents, sys::read_file(path));
  TRY_ASSIGN_CONTEXT(Json json, json::parse(contents), format("'{}' is damaged", path));
  return json;
}

Result<Environment> load(const EnvironmentName& name, const std::string& directory) {
  TRY_ASSIGN(const Json spec_json, read_json(directory + "/spec.json"));
  TRY_ASSIGN(const Json state_json, read_json(directory + "/state.json"));
  TRY_ASSIGN_CONTEXT(Spec spec, Spec::from_json(spec_json),
                     format("cannot use '{}/spec.json'", directory));
  TRY_ASSIGN_CONTEXT(State state, State::from_json(state_json),
                     format("cannot use '{}/state.json'", directory));
  return Environment{name, directory, std::move(spec), std::move(state)};
}

/// Directories of environments: entries that start with '.' are being made or removed.
Result<std::vector<EnvironmentName>> names(const Workspace& workspace) {
  const std::string parent = workspace.paths.environments();
  if (!sys::is_directory(parent)) {
    return std::vector<EnvironmentName>{};
  }
  TRY_ASSIGN(const auto entries, sys::list_directory(parent));
  std::vector<EnvironmentName> found;
  for (const std::string& entry : entries) {
    if (auto name = EnvironmentName::parse(entry)) {
      found.push_back(*std::move(name));
    }
  }
  return found;
}

}  // namespace

Result<Listing> list_environments(const Workspace& workspace) {
  TRY_ASSIGN(const auto all, names(workspace));
  Listing listing;
  for (const EnvironmentName& name : all) {
    const std::string directory = workspace.paths.environments() + "/" + name.string();
    if (auto environment = load(name, directory)) {
      listing.environments.push_back(*std::move(environment));
    } else if (sys::is_directory(directory)) {
      listing.damaged.push_back(Damaged{name, directory, environment.error()});
    }
  }
  return listing;
}

Result<std::optional<Environment>> find_environment(const Workspace& workspace,
                                                    const EnvironmentName& name) {
  const std::string directory = workspace.paths.environments() + "/" + name.string();
  if (!sys::is_directory(directory)) {
    return std::nullopt;
  }
  auto environment = load(name, directory);
  if (!environment) {
    Error error = environment.error().context(format("environment '{}' is damaged", name.string()));
    if (error.code() == ErrorCode::unsupported) {
      return fail(
          environment.error().context(format("cannot use environment '{}'", name.string())));
    }
    return fail(
        error.with_code(ErrorCode::integrity)
            .with_hint(format("if its files cannot be repaired: devenv rm {}", name.string())));
  }
  return std::optional<Environment>(*std::move(environment));
}

Result<Environment> get_environment(const Workspace& workspace, const std::string& name) {
  TRY_ASSIGN(const EnvironmentName parsed, EnvironmentName::parse(name));
  TRY_ASSIGN(auto environment, find_environment(workspace, parsed));
  if (environment) {
    return *std::move(environment);
  }
  TRY_ASSIGN(const auto all, names(workspace));
  std::vector<std::string> candidates;
  for (const EnvironmentName& other : all) {
    candidates.push_back(other.string());
  }
  const auto similar = text::closest(name, candidates);
  return fail(Error(ErrorCode::not_found, format("there is no environment '{}'", name))
                  .with_hint(similar ? format("did you mean '{}'?", *similar)
                                     : "see what there is: devenv list"));
}

Result<UsedImages> used_images(const Workspace& workspace) {
  TRY_ASSIGN(const Listing listing, list_environments(workspace));
  if (!listing.damaged.empty()) {
    const Damaged& damaged = listing.damaged.front();
    return fail(
        damaged.reason
            .context(
                format("cannot tell which layers environment '{}' uses", damaged.name.string()))
            .with_hint(format("repair it, or remove it: devenv rm {}", damaged.name.string())));
  }
  UsedImages used;
  for (const Environment& environment : listing.environments) {
    used.layers.insert(environment.state.layers.begin(), environment.state.layers.end());
    used.manifests.insert(environment.state.manifest_digest);
  }
  return used;
}

}  // namespace devenv::instance
