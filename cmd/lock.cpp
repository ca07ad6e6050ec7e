// SPDX-License-Identifier: MIT
#include "cmd/lock.hpp"

#include <algorithm>

#include "cmd/project_steps.hpp"
#include "cmd/project_up.hpp"
#include "env/base/sha256.hpp"
#include "env/instance/images.hpp"
#include "env/sys/file.hpp"

namespace devenv::cmd {
namespace {

/// The image's tag may have moved: asks the registry.
Result<void> renew_base(const profiles::Project& project, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const Origin origin, origin_of_project(project, context));
  TRY(instance::obtain_image(*workspace, origin.source, instance::PullPolicy::always,
                             context.ui()));
  return {};
}

}  // namespace

profiles::ProjectLock lock_of(const profiles::Project& project, const ProjectRoot& root) {
  profiles::ProjectLock lock{.base = project.base,
                             .architecture = root.image.architecture,
                             .image = root.image.reference,
                             .manifest = root.image.manifest_digest,
                             .image_layers = root.image.layers,
                             .image_environment = root.image_environment,
                             .features = root.features,
                             .manager = root.manager};
  for (std::size_t i = 0; i < root.layers.size(); ++i) {
    const build::BuiltLayer& layer = root.layers[i];
    lock.layers.push_back({layer.title, layer.key, layer.chain_id, layer.diff_id,
                           i < root.groups.size() ? root.groups[i] : std::vector<std::string>()});
    if (!layer.report.empty()) {
      lock.packages = layer.report;
    }
  }
  return lock;
}

Result<bool> save_lock(const profiles::LoadedProject& loaded,
                       const profiles::ProjectLock& lock,
                       Context& context) {
  const std::string& directory = loaded.project->directory;
  const std::string path = format("{}/{}", directory, profiles::lock_file(loaded.project->variant));
  const std::string contents = profiles::write_lock(lock);
  const auto before = loaded.project->texts.find(path);
  if (before != loaded.project->texts.end() && before->second == contents) {
    return false;
  }
  TRY_CONTEXT(sys::write_file_atomic(path, contents), "cannot lock the project");
  // What was allowed stays, with this lock; nothing is read again that nobody has seen.
  std::vector<profiles::ProjectSource> sources = loaded.sources;
  std::erase_if(sources, [&](const auto& source) { return source.path == path; });
  const auto place = std::find_if(sources.begin(), sources.end(), [&](const auto& source) {
    return source.contents.starts_with("sha256:") && source.path > path;
  });
  sources.insert(place, {path, sha256_of(contents).string()});
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY(profiles::allow_project(workspace->paths.data, directory, sources));
  return true;
}

void add_lock(CLI::App& app, LockOptions& options) {
  add_project_flags(app, options.project);
  app.add_flag("--update", options.update,
               "ask the registry for a newer image of the base, and for newer features, first");
  app.add_flag("--check", options.check, "only tell whether devenv.toml.lock fits");
  app.footer(
      "Writes devenv.toml.lock: the image's digest, the digests of the layers that packages and "
      "setup\n"
      "come to, and every package with its version. What is missing is fetched and built. A "
      "variant\n"
      "has a lock of its own, devenv.toml.VARIANT.lock.\n"
      "\n"
      "Examples:\n"
      "  devenv lock\n"
      "  devenv lock --profile ci\n"
      "  devenv lock --update");
}

Result<ExitCode> run_lock(const LockOptions& options, Context& context) {
  TRY_ASSIGN(const std::string directory, require_project_here());
  TRY_ASSIGN(const auto loaded, load_trusted(directory, options.project, context));
  const profiles::Project& project = *loaded.project;
  if (options.check) {
    UpFlags flags{.project = options.project};
    flags.locked = true;
    TRY(make_project_root(project, flags, context));
    context.ui().note(lock_in_use(project) + " fits");
    return ExitCode::done;
  }
  if (options.update) {
    TRY(renew_base(project, context));
  }
  UpFlags flags{.project = options.project};
  auto before = load_project_lock(project);
  if (!before) {
    context.ui().warn(before.error().to_line(), "it is made anew");
    before = std::nullopt;
  }
  flags.without_lock = options.update || !*before;
  flags.renew = options.update;
  TRY_ASSIGN(const ProjectRoot root, make_project_root(project, flags, context));
  profiles::ProjectLock lock = lock_of(project, root);
  if (*before && (*before)->layers == lock.layers && (*before)->manifest == lock.manifest) {
    lock.pushed = (*before)->pushed;
    if (lock.packages.empty()) {
      lock.packages = (*before)->packages;  // layers that were fetched have no list
    }
  }
  TRY_ASSIGN(const bool changed, save_lock(loaded, lock, context));
  const std::string file = profiles::lock_file(project.variant);
  context.ui().note(changed ? "wrote " + file : file + " fits already");
  return ExitCode::done;
}

}  // namespace devenv::cmd
