// SPDX-License-Identifier: MIT
#include "cmd/push.hpp"

#include "cmd/lock.hpp"
#include "env/instance/layers.hpp"

namespace devenv::cmd {

namespace {

/// A base that is in no registry was packed anew: what others get has other ids, and those are what
/// the lock pins. The keys of the steps follow.
void lock_what_is_there(const image::ImageRecord& pushed,
                        const ProjectRoot& root,
                        profiles::ProjectLock& lock) {
  if (pushed.layers == root.chain || pushed.layers.size() <= lock.layers.size()) {
    return;
  }
  const std::size_t base = pushed.layers.size() - lock.layers.size();
  lock.image_layers.assign(pushed.layers.begin(),
                           pushed.layers.begin() + static_cast<std::ptrdiff_t>(base));
  for (std::size_t i = 0; i < lock.layers.size(); ++i) {
    lock.layers[i].chain_id = pushed.layers[base + i];
    lock.layers[i].key =
        build::step_key(pushed.layers[base + i - 1], lock.image_environment, root.steps[i]);
  }
}

}  // namespace

void add_push(CLI::App& app, PushOptions& options) {
  app.add_option("REF", options.reference, "where to: an image's name in a registry")
      ->type_name(kind::kReference)
      ->required();
  add_project_flags(app, options.project);
  app.footer(
      "Puts the project's layers into a registry and writes that into devenv.toml.lock: whoever "
      "has\n"
      "the project fetches them instead of building them.\n"
      "\n"
      "Example:\n"
      "  devenv push registry.example.org/team/web:dev");
}

Result<ExitCode> run_push(const PushOptions& options, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(image::Reference reference, image::Reference::parse(options.reference));
  TRY_ASSIGN(const std::string directory, require_project_here());
  TRY_ASSIGN(const auto loaded, load_trusted(directory, options.project, context));
  const profiles::Project& project = *loaded.project;
  TRY_ASSIGN(const ProjectRoot root,
             make_project_root(project, UpFlags{.project = options.project}, context));
  std::vector<instance::SealedLayer> layers;
  for (const build::BuiltLayer& layer : root.layers) {
    layers.push_back({layer.diff_id, layer.chain_id, layer.size_bytes});
  }
  TRY_ASSIGN(const image::ImageRecord pushed,
             instance::push_image(*workspace,
                                  {.base_manifest = root.image.manifest_digest,
                                   .base_reference = root.image.reference,
                                   .layers = std::move(layers),
                                   .reference = reference,
                                   .labels = {}},
                                  context.ui()));
  profiles::ProjectLock lock = lock_of(project, root);
  lock_what_is_there(pushed, root, lock);
  lock.pushed = format("{}/{}@{}", reference.registry(), reference.repository(),
                       pushed.manifest_digest.string());
  TRY(save_lock(loaded, lock, context));
  context.ui().note(format("pushed {}, and wrote it into {}", text::sanitize(reference.string()),
                           profiles::lock_file(project.variant)));
  return ExitCode::done;
}

}  // namespace devenv::cmd
