// SPDX-License-Identifier: MIT
#include "cmd/project_steps.hpp"

#include <algorithm>
#include <iterator>

#include "cmd/share_flags.hpp"
#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"
#include "profiles/dotenv.hpp"
#include "profiles/package_manager.hpp"

namespace devenv::cmd {
namespace {

std::string below(const std::string& directory, const std::string& path) {
  return path.starts_with('/') ? path : format("{}/{}", directory, path);
}

bool asks_for_packages(const profiles::Project& project) {
  return !project.packages.empty() || !project.tools.empty() || !project.repositories.empty() ||
         !project.keys.empty() || !project.snapshot.empty();
}

/// Whether a program is in one of the directories that are in every PATH, in a layer.
bool has_program(const image::Store& store,
                 const image::ImageRecord& base,
                 const std::string& program) {
  for (const Digest& layer : base.layers) {
    for (const char* directory : {"/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/"}) {
      const auto info = sys::stat_at(AT_FDCWD, store.layer_tree(layer) + directory + program);
      if (info && *info) {
        return true;
      }
    }
  }
  return false;
}

struct Packages {
  profiles::PackageManager manager;
  std::optional<profiles::Profile> profile;
};

Result<Packages> packages_of(const profiles::Project& project,
                             const Origin& origin,
                             const image::ImageRecord& base,
                             const std::string& known_manager,
                             Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  if (!origin.profile.empty()) {
    TRY_ASSIGN(const profiles::Catalog catalog, context.profiles());
    TRY_ASSIGN(auto profile, catalog.find(origin.profile));
    if (profile) {
      const std::size_t colon = project.base.find(':');
      TRY_ASSIGN(const profiles::Release release,
                 profiles::choose_release(
                     *profile, colon == std::string::npos ? "" : project.base.substr(colon + 1)));
      TRY_ASSIGN(profiles::PackageManager manager,
                 profiles::find_package_manager(*profile, release));
      return Packages{std::move(manager), std::move(profile)};
    }
  }
  TRY_ASSIGN(const image::Store store, workspace->store());
  if (!known_manager.empty() && !store.has_layer(base.layers.front())) {
    TRY_ASSIGN(profiles::PackageManager manager, profiles::find_package_manager(known_manager));
    return Packages{std::move(manager), std::nullopt};
  }
  TRY_ASSIGN_CONTEXT(profiles::PackageManager manager,
                     profiles::detect_package_manager([&](const std::string& program) {
                       return has_program(store, base, program);
                     }),
                     format("cannot install packages in {}", text::sanitize(project.base)));
  return Packages{std::move(manager), std::nullopt};
}

/// Letters and digits of what the packages are for: a directory's name.
std::string cache_name(const profiles::PackageManager& manager, const std::string& base) {
  std::string name = manager.name + "-" + base;
  std::replace_if(
      name.begin(), name.end(),
      [](char c) {
        return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '.' || c == '_');
      },
      '-');
  return name;
}

/// "cmake, g++, git and 4 more"
std::string shortened(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 4;
  const std::vector<std::string> first(
      names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kMost)));
  const std::string text = text::sanitize(join(first, ", "));
  return names.size() > kMost ? format("{} and {} more", text, names.size() - kMost) : text;
}

instance::CommandWords shell_call(const std::string& line, const std::vector<std::string>& words) {
  instance::CommandWords command = {"sh", "-c", line, "sh"};
  command.insert(command.end(), words.begin(), words.end());
  return command;
}

/// A step for each group; keys, repositories and the like belong to the first.
Result<std::vector<build::Step>> package_steps(const profiles::Project& project,
                                               const Packages& packages,
                                               const image::ImageRecord& base,
                                               const PackageGroups& before,
                                               PackageGroups& groups) {
  profiles::Project inside = project;
  inside.directory = build::kProjectInside;
  const profiles::PackageManager& manager = packages.manager;
  TRY_ASSIGN(
      const auto lines,
      profiles::package_steps(inside, manager, packages.profile ? &*packages.profile : nullptr));
  const auto install = std::find_if(lines.begin(), lines.end(),
                                    [&](const auto& line) { return line.line == manager.install; });
  if (install != lines.end()) {
    groups = grouped(before, install->arguments);
  }
  std::vector<build::Step> steps;
  for (std::size_t i = 0; i < std::max<std::size_t>(groups.size(), lines.empty() ? 0 : 1); ++i) {
    build::Step step{.title = "installing packages"};
    if (i < groups.size()) {
      step.title += ": " + shortened(groups[i]);
    }
    for (const profiles::ShellStep& line : lines) {
      const bool each_time = line.line == manager.refresh || line.line == manager.clean;
      if (line.line == manager.install) {
        step.commands.push_back(shell_call(line.line, groups[i]));
      } else if (i == 0 || each_time) {
        step.commands.push_back(shell_call(line.line, line.arguments));
      }
    }
    if (manager.caches) {
      step.cache = cache_name(manager, packages.profile ? packages.profile->name : base.reference);
    }
    step.report = shell_call(manager.list, {});
    steps.push_back(std::move(step));
  }
  if (!steps.empty()) {
    TRY_ASSIGN(build::Inputs inputs,
               build::find_inputs(project.directory, profiles::package_inputs(project)));
    steps.front().inputs = std::move(inputs.files);
  }
  return steps;
}

/// The variables of devenv.toml, after those of its dotenv files.
Result<std::vector<std::string>> variables_of_project(const profiles::Project& project) {
  std::vector<std::string> variables;
  for (const std::string& name : project.dotenv) {
    const std::string file = below(project.directory, name);
    const auto text = project.texts.find(file);
    if (text != project.texts.end()) {
      TRY_ASSIGN(const auto read, profiles::parse_dotenv(text->second, file));
      variables.insert(variables.end(), read.begin(), read.end());
    }
  }
  for (const auto& [name, value] : project.variables) {
    variables.push_back(format("{}={}", name, value));
  }
  return variables;
}

instance::Hooks hooks_of(const profiles::Project& project) {
  const auto hook = [&](const char* moment) {
    const auto found = project.hooks.find(moment);
    return found == project.hooks.end() ? instance::CommandWords() : found->second;
  };
  return {.create = hook("create"),
          .start = hook("start"),
          .enter = hook("enter"),
          .leave = hook("leave")};
}

}  // namespace

Result<Origin> origin_of_project(const profiles::Project& project, Context& context) {
  if (project.base.empty()) {
    return fail(Error(ErrorCode::usage,
                      format("{}/devenv.toml names no base", text::sanitize(project.directory)))
                    .with_hint("add a line to [env]: base = \"debian:trixie\""));
  }
  if (project.base == "-") {
    return fail(ErrorCode::usage, "a project cannot be made of what standard input is now");
  }
  TRY_ASSIGN(const profiles::Catalog catalog, context.profiles());
  TRY_ASSIGN(auto origin, origin_from_profile(catalog, project.base, Fetch::registry));
  if (origin) {
    return *std::move(origin);
  }
  if (project.base.starts_with("./") || project.base.starts_with("../")) {
    return origin_from_image(below(project.directory, project.base));
  }
  return origin_from_image(project.base);
}

PackageGroups grouped(const PackageGroups& before, const std::vector<std::string>& wanted) {
  constexpr std::size_t kMostGroups = 8;
  const auto has = [](const std::vector<std::string>& list, const std::string& name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  std::vector<std::string> there;
  for (const std::vector<std::string>& group : before) {
    there.insert(there.end(), group.begin(), group.end());
  }
  std::vector<std::string> fresh;
  std::copy_if(wanted.begin(), wanted.end(), std::back_inserter(fresh),
               [&](const std::string& name) { return !has(there, name); });
  const bool all_wanted = std::all_of(there.begin(), there.end(),
                                      [&](const std::string& name) { return has(wanted, name); });
  if (!all_wanted || before.empty() || (!fresh.empty() && before.size() >= kMostGroups)) {
    return wanted.empty() ? PackageGroups{} : PackageGroups{wanted};
  }
  PackageGroups groups = before;
  if (!fresh.empty()) {
    groups.push_back(std::move(fresh));
  }
  return groups;
}

Result<ProjectSteps> steps_of_project(const profiles::Project& project,
                                      const Origin& origin,
                                      const image::ImageRecord& base,
                                      const StepsBefore& before,
                                      Context& context) {
  ProjectSteps all;
  if (asks_for_packages(project)) {
    TRY_ASSIGN(const Packages packages,
               packages_of(project, origin, base, before.manager, context));
    TRY_ASSIGN(all.steps, package_steps(project, packages, base, before.groups, all.groups));
    all.manager = packages.manager.name;
  }
  TRY_ASSIGN(ProjectFeatures features, features_of_project(project, before.features, context));
  std::move(features.steps.begin(), features.steps.end(), std::back_inserter(all.steps));
  all.features = std::move(features.locked);
  all.locks = std::move(features.locks);
  all.environment = std::move(features.environment);
  all.remarks = std::move(features.remarks);
  for (const profiles::SetupStep& setup : project.setup) {
    build::Step step{.title = text::sanitize(setup.name),
                     .commands = {with_environment(all.environment, setup.run)}};
    step.as_user = setup.as_user;
    TRY_ASSIGN(build::Inputs inputs, build::find_inputs(project.directory, setup.inputs));
    step.inputs = std::move(inputs.files);
    all.steps.push_back(std::move(step));
  }
  return all;
}

namespace {

/// A path that looks like one of the project is one: no link of it leads elsewhere.
Result<void> check_stays(const profiles::Project& project,
                         const std::string& text,
                         const instance::ExtraMount& mount) {
  const std::string inside = project.directory + "/";
  if (!mount.source.starts_with(inside)) {
    return {};
  }
  TRY_ASSIGN_CONTEXT(const std::string real, sys::canonical_path(mount.source),
                     format("cannot mount '{}'", text::sanitize(text)));
  if (real != project.directory && !real.starts_with(inside)) {
    return fail(Error(ErrorCode::usage, format("mount '{}' is a link to '{}', out of the project",
                                               text::sanitize(text), text::sanitize(real)))
                    .with_hint("write where it leads to"));
  }
  return {};
}

}  // namespace

Result<instance::CreateRequest> request_of_project(const profiles::Project& project,
                                                   Origin origin,
                                                   instance::EnvironmentName name,
                                                   Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const auto storage, context.storage(project.storage));
  TRY_ASSIGN(host::ShareChoice shares,
             context.shares(origin.shares.overridden_by(project.shares), ShareFlags{}));
  TRY_ASSIGN(std::vector<std::string> variables, variables_of_project(project));
  std::vector<instance::ExtraMount> mounts;
  const bool is_in_home = project.directory.starts_with(workspace->user.home + "/");
  if (!is_in_home || !shares.wants("home")) {
    mounts.push_back({.source = project.directory, .target = project.directory});
  }
  for (const std::string& text : project.mounts) {
    TRY_ASSIGN(instance::ExtraMount mount,
               instance::parse_mount(text, project.directory, workspace->user.home));
    TRY(check_stays(project, text, mount));
    mounts.push_back(std::move(mount));
  }
  std::vector<std::string> path;
  for (const std::string& directory : project.path) {
    path.push_back(below(project.directory, directory));
  }
  instance::ExportWishes exports = project.exports.any() ? project.exports : origin.exports;
  return instance::CreateRequest{
      .name = std::move(name),
      .source = std::move(origin.source),
      .image_as_given = std::move(origin.image),
      .profile = std::move(origin.profile),
      .storage = storage,
      .shares = std::move(shares),
      .host_commands = project.host_commands.value_or(instance::HostCommands::allow),
      .exports = std::move(exports),
      .project = project.directory,
      .mounts = std::move(mounts),
      .surroundings = {.variables = std::move(variables),
                       .path = std::move(path),
                       .shell = project.shell.empty() ? origin.shell : project.shell,
                       .workdir = project.workdir.empty()
                                      ? ""
                                      : below(project.directory, project.workdir)},
      .hooks = hooks_of(project),
      .limits = {.memory = project.limits.memory,
                 .cpus = project.limits.cpus,
                 .processes = project.limits.processes}};
}

}  // namespace devenv::cmd
