// SPDX-License-Identifier: MIT
// devenv image tag
#include "cmd/image.hpp"
#include "env/instance/staging.hpp"

namespace devenv::cmd {

void add_image_tag(CLI::App& app, ImageTagOptions& options) {
  app.add_option("IMAGE", options.image, "the image: its name, its digest or the start of that")
      ->type_name(kind::kImage)
      ->required();
  app.add_option("NAME", options.name, "the name that it gets, too")
      ->type_name(kind::kReference)
      ->required();
  app.footer(
      "An image that had the name before loses it, and stays as long as an environment needs it.\n"
      "\n"
      "Example:\n"
      "  devenv image tag localhost/web registry.example.com/team/web:1");
}

Result<ExitCode> run_image_tag(const ImageTagOptions& options, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const image::Store store, workspace->store());
  TRY_ASSIGN(image::ImageRecord record, stored_image(store, options.image));
  TRY_ASSIGN(const image::Reference name, image::Reference::parse(options.name));
  if (name.digest()) {
    return fail(ErrorCode::usage, "an image is named by a tag, not by a digest");
  }
  record.reference = name.string();
  TRY_ASSIGN(const auto locks, instance::lock_layers(store, record.layers));
  TRY(store.put_image(record));
  context.ui().note(
      format("{} is {}", text::sanitize(record.reference), record.manifest_digest.string()));
  return ExitCode::done;
}

}  // namespace devenv::cmd
