// SPDX-License-Identifier: MIT
#include "cmd/lock.hpp"

#include "cmd/project_steps.hpp"
#include "cmd/project_up.hpp"
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
  return sys::remove_file(format("{}/{}", project.directory, profiles::kLockFile));
}

}  // namespace

profiles::ProjectLock lock_of(const profiles::Project& project, const ProjectRoot& root) {
  profiles::ProjectLock lock{.base = project.base,
                             .architecture = root.image.architecture,
                             .image = root.image.reference,
                             .manifest = root.image.manifest_digest,
                             .image_layers = root.image.layers,
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

Result<bool> save_lock(const profiles::Project& project,
                       const profiles::ProjectLock& lock,
                       const ProjectFlags& flags,
                       Context& context) {
  const std::string path = format("{}/{}", project.directory, profiles::kLockFile);
  const std::string contents = profiles::write_lock(lock);
  TRY_ASSIGN(const auto before, sys::read_file_if_exists(path));
  if (before == contents) {
    return false;
  }
  TRY_CONTEXT(sys::write_file_atomic(path, contents), "cannot lock the project");
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const auto loaded, load_checked(project.directory, flags.variant, context));
  TRY(profiles::allow_project(workspace->paths.data, project.directory, loaded.sources));
  return true;
}

void add_lock(CLI::App& app, LockOptions& options) {
  add_project_flags(app, options.project);
  app.add_flag("--update", options.update, "ask the registry for a newer image of the base first");
  app.add_flag("--check", options.check, "only tell whether devenv.toml.lock fits");
  app.footer(
      "Writes devenv.toml.lock: the image's digest, the digests of the layers that packages and "
      "setup\n"
      "come to, and every package with its version. What is missing is fetched and built.\n"
      "\n"
      "Examples:\n"
      "  devenv lock\n"
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
    context.ui().note("devenv.toml.lock fits");
    return ExitCode::done;
  }
  if (options.update) {
    TRY(renew_base(project, context));
  }
  TRY_ASSIGN(const ProjectRoot root,
             make_project_root(project, UpFlags{.project = options.project}, context));
  profiles::ProjectLock lock = lock_of(project, root);
  TRY_ASSIGN(const auto before, load_project_lock(directory));
  if (before && before->layers == lock.layers && before->manifest == lock.manifest) {
    lock.pushed = before->pushed;
    if (lock.packages.empty()) {
      lock.packages = before->packages;  // layers that were fetched have no list
    }
  }
  TRY_ASSIGN(const bool changed, save_lock(project, lock, options.project, context));
  context.ui().note(changed ? "wrote devenv.toml.lock" : "devenv.toml.lock fits already");
  return ExitCode::done;
}

}  // namespace devenv::cmd
