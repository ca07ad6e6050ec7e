// SPDX-License-Identifier: MIT
// devenv image push
#include "cmd/image.hpp"
#include "env/instance/layers.hpp"

namespace devenv::cmd {

void add_image_push(CLI::App& app, ImagePushOptions& options) {
  app.add_option("REF", options.image, "the image: its name, its digest or the start of that")
      ->type_name(kind::kImage)
      ->required();
  app.add_option("DEST", options.destination, "the name it gets there; else its own")
      ->type_name(kind::kReference);
  add_json_flag(app, options.json);
  app.footer(
      "Passwords are those of devenv image login, podman login and docker login.\n"
      "\n"
      "Examples:\n"
      "  devenv image push registry.example.com/team/web:1\n"
      "  devenv image push localhost/web registry.example.com/team/web:2");
}

Result<ExitCode> run_image_push(const ImagePushOptions& options, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const image::Store store, workspace->store());
  TRY_ASSIGN(const image::ImageRecord stored, stored_image(store, options.image));
  TRY_ASSIGN(image::Reference destination,
             image::Reference::parse(options.destination.empty() ? stored.reference
                                                                 : options.destination));
  const instance::NewImage image{.base_manifest = stored.manifest_digest,
                                 .base_reference = stored.reference,
                                 .layers = {},
                                 .reference = std::move(destination),
                                 .labels = {}};
  TRY_ASSIGN(const image::ImageRecord pushed,
             instance::push_image(*workspace, image, context.ui()));
  if (options.json) {
    context.ui().document(Json{{"schema", 1}, {"image", image_document(pushed)}});
    return ExitCode::done;
  }
  context.ui().note(
      format("{} is {}", text::sanitize(pushed.reference), pushed.manifest_digest.string()));
  return ExitCode::done;
}

}  // namespace devenv::cmd
