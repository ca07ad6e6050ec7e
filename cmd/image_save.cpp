// SPDX-License-Identifier: MIT
// devenv image save
#include "cmd/image.hpp"
#include "env/base/byte_size.hpp"
#include "env/instance/layers.hpp"
#include "env/sys/file.hpp"

namespace devenv::cmd {

void add_image_save(CLI::App& app, ImageSaveOptions& options) {
  app.add_option("IMAGE", options.image, "the image: its name, its digest or the start of that")
      ->type_name(kind::kImage)
      ->required();
  app.add_option("FILE", options.file, "the archive")->type_name("FILE")->required();
  app.add_option("--name", options.name, "the name it has in there; else its own")
      ->type_name(kind::kReference);
  app.add_flag("-f,--force", options.force, "replace a file that is there");
  add_json_flag(app, options.json);
  app.footer(
      "The file is an OCI layout and a docker archive at once: devenv, podman, skopeo and docker "
      "read\n"
      "it. The same image gives the same bytes.\n"
      "\n"
      "Examples:\n"
      "  devenv image save localhost/web web.tar\n"
      "  devenv create web --image ./web.tar");
}

Result<ExitCode> run_image_save(const ImageSaveOptions& options, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const image::Store store, workspace->store());
  TRY_ASSIGN(const image::ImageRecord stored, stored_image(store, options.image));
  TRY_ASSIGN(image::Reference name,
             image::Reference::parse(options.name.empty() ? stored.reference : options.name));
  if (name.digest()) {
    return fail(Error(ErrorCode::usage, "an image in a file is named by a tag, not by a digest")
                    .with_hint("name it: --name localhost/NAME:TAG"));
  }
  TRY_ASSIGN(const std::string here, sys::current_directory());
  const std::string file =
      options.file.starts_with('/') ? options.file : format("{}/{}", here, options.file);
  if (!options.force && sys::exists(file)) {
    return fail(Error(ErrorCode::conflict, format("'{}' is there", text::sanitize(options.file)))
                    .with_hint("replace it: --force"));
  }
  const instance::NewImage image{.base_manifest = stored.manifest_digest,
                                 .base_reference = stored.reference,
                                 .layers = {},
                                 .reference = std::move(name),
                                 .labels = {}};
  TRY_ASSIGN(const image::ImageRecord saved,
             instance::save_image(*workspace, image, file, context.ui()));
  if (options.json) {
    context.ui().document(Json{{"schema", 1}, {"image", image_document(saved)}});
    return ExitCode::done;
  }
  TRY_ASSIGN(const auto info, sys::stat_path(file));
  const std::uint64_t size = info ? static_cast<std::uint64_t>(info->st_size) : 0;
  context.ui().note(format("saved {} in {} ({})", text::sanitize(saved.reference),
                           text::sanitize(options.file), ByteSize{size}.to_string()));
  return ExitCode::done;
}

}  // namespace devenv::cmd
