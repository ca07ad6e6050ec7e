// SPDX-License-Identifier: MIT
#include "env/instance/catalog.hpp"

#include <algorithm>
#include <cerrno>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"

namespace devenv::instance {
namespace {

Result<Json> read_json(const std::string& path) {
  TRY_ASSIGN(const std::string contents, sys::read_regular_file(path));
  TRY_ASSIGN_CONTEXT(Json json, json::parse(contents), format("'{}' is damaged", path));
  return json;
}

Result<Environment> load(const EnvironmentDirectory& place) {
  const std::string& directory = place.directory;
  TRY_ASSIGN(const Json spec_json, read_json(directory + "/spec.json"));
  TRY_ASSIGN(const Json state_json, read_json(directory + "/state.json"));
  TRY_ASSIGN_CONTEXT(Spec spec, Spec::from_json(spec_json),
                     format("cannot use '{}/spec.json'", directory));
  TRY_ASSIGN_CONTEXT(State state, State::from_json(state_json),
                     format("cannot use '{}/state.json'", directory));
  return Environment{place, std::move(spec), std::move(state)};
}

EnvironmentDirectory place_of(const Workspace& workspace, const EnvironmentName& name) {
  return {name, workspace.paths.environments() + "/" + name.string()};
}

Result<bool> is_there(const EnvironmentDirectory& place) {
  TRY_ASSIGN(const auto info, sys::stat_path(place.directory));
  return info && S_ISDIR(info->st_mode);
}

/// What it means, and what to do, when load() failed.
Error explained(const Error& error, const std::string& name) {
  const bool is_unreadable = error.sys_errno() != 0 && error.sys_errno() != ENOENT;
  if (error.code() == ErrorCode::unsupported || is_unreadable) {
    return error.context(format("cannot use environment '{}'", name));
  }
  return error.context(format("environment '{}' is damaged", name))
      .with_code(ErrorCode::integrity)
      .with_hint(format("if its files cannot be repaired: devenv rm {}", name));
}

/// Directories of environments: entries that start with '.' are being made or removed.
Result<std::vector<EnvironmentName>> names(const Workspace& workspace) {
  const std::string parent = workspace.paths.environments();
  TRY_ASSIGN(const auto there, sys::stat_path(parent));
  if (!there) {
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

Error unknown(const Workspace& workspace, const std::string& name) {
  std::vector<std::string> candidates;
  for (const EnvironmentName& other : names(workspace).value_or(std::vector<EnvironmentName>{})) {
    candidates.push_back(other.string());
  }
  const auto similar = text::closest(name, candidates);
  return Error(ErrorCode::not_found, format("there is no environment '{}'", name))
      .with_hint(similar ? format("did you mean '{}'?", *similar)
                         : "see what there is: devenv list");
}

}  // namespace

std::vector<EnvironmentDirectory> Listing::directories() const {
  std::vector<EnvironmentDirectory> all(environments.begin(), environments.end());
  all.insert(all.end(), damaged.begin(), damaged.end());
  std::sort(all.begin(), all.end(), [](const auto& left, const auto& right) {
    return left.name.string() < right.name.string();
  });
  return all;
}

Result<Listing> list_environments(const Workspace& workspace) {
  TRY_ASSIGN(const auto all, names(workspace));
  Listing listing;
  for (const EnvironmentName& name : all) {
    EnvironmentDirectory place = place_of(workspace, name);
    if (auto environment = load(place)) {
      listing.environments.push_back(*std::move(environment));
    } else if (sys::is_directory(place.directory)) {
      listing.damaged.push_back(Damaged{std::move(place), environment.error()});
    }
  }
  return listing;
}

Result<std::optional<Environment>> find_environment(const Workspace& workspace,
                                                    const EnvironmentName& name) {
  const EnvironmentDirectory place = place_of(workspace, name);
  TRY_ASSIGN(const bool there, is_there(place));
  if (!there) {
    return std::nullopt;
  }
  auto environment = load(place);
  if (!environment) {
    return fail(explained(environment.error(), name.string()));
  }
  return std::optional<Environment>(*std::move(environment));
}

Result<Environment> get_environment(const Workspace& workspace, const std::string& name) {
  TRY_ASSIGN(const EnvironmentName parsed, EnvironmentName::parse(name));
  TRY_ASSIGN(auto environment, find_environment(workspace, parsed));
  if (environment) {
    return *std::move(environment);
  }
  return fail(unknown(workspace, name));
}

Result<EnvironmentDirectory> get_directory(const Workspace& workspace, const std::string& name) {
  TRY_ASSIGN(const EnvironmentName parsed, EnvironmentName::parse(name));
  EnvironmentDirectory place = place_of(workspace, parsed);
  TRY_ASSIGN(const bool there, is_there(place));
  return there ? Result<EnvironmentDirectory>(std::move(place)) : fail(unknown(workspace, name));
}

Result<Environment> reload(const EnvironmentDirectory& place) {
  auto environment = load(place);
  if (environment) {
    return environment;
  }
  TRY_ASSIGN(const bool there, is_there(place));
  if (!there) {
    return fail(ErrorCode::not_found,
                format("environment '{}' was removed meanwhile", place.name.string()));
  }
  return fail(explained(environment.error(), place.name.string()));
}

Result<UsedImages> used_images(const Workspace& workspace) {
  TRY_ASSIGN(const Listing listing, list_environments(workspace));
  if (!listing.damaged.empty()) {
    const Damaged& damaged = listing.damaged.front();
    const Error error = damaged.reason.context(
        format("cannot tell which layers environment '{}' uses", damaged.name.string()));
    return fail(error.code() == ErrorCode::unsupported
                    ? error
                    : error.with_hint(
                          format("repair it, or remove it: devenv rm {}", damaged.name.string())));
  }
  UsedImages used;
  for (const Environment& environment : listing.environments) {
    used.layers.insert(environment.state.layers.begin(), environment.state.layers.end());
    used.manifests.insert(environment.state.manifest_digest);
  }
  return used;
}

}  // namespace devenv::instance
