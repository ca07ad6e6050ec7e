// SPDX-License-Identifier: MIT
// devenv image bundle
#include "cmd/image.hpp"
#include "env/instance/bundle.hpp"
#include "env/sys/file.hpp"

namespace devenv::cmd {

void add_image_bundle(CLI::App& app, ImageBundleOptions& options) {
  app.add_option("IMAGE", options.image, "the image: its name, its digest or the start of that")
      ->type_name(kind::kImage);
  app.add_option("DIRECTORY", options.directory, "the bundle, which must not exist")
      ->type_name("DIRECTORY");
  app.add_flag("--terminal", options.terminal, "for a program that wants a terminal");
  app.add_option("--remove", options.remove, "remove a bundle that was made so")
      ->type_name("DIRECTORY");
  app.footer(
      "A bundle is what runtimes of containers start: rootfs/ and config.json. Its files belong "
      "to\n"
      "your subordinate ids: --remove takes it away.\n"
      "\n"
      "Example:\n"
      "  devenv image bundle alpine:3.20 ./bundle\n"
      "  crun run --bundle ./bundle box");
}

namespace {

Result<std::string> absolute(const std::string& path) {
  TRY_ASSIGN(const std::string here, sys::current_directory());
  return path.starts_with('/') ? path : format("{}/{}", here, path);
}

}  // namespace

Result<ExitCode> run_image_bundle(const ImageBundleOptions& options, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  if (!options.remove.empty()) {
    if (!options.image.empty()) {
      return fail(ErrorCode::usage, "--remove takes one directory and no image");
    }
    TRY_ASSIGN(const std::string directory, absolute(options.remove));
    TRY(instance::remove_bundle(*workspace, directory));
    context.ui().note(format("removed {}", text::sanitize(options.remove)));
    return ExitCode::done;
  }
  if (options.image.empty() || options.directory.empty()) {
    return fail(Error(ErrorCode::usage, "an image and a directory are needed")
                    .with_hint("devenv image bundle IMAGE DIRECTORY"));
  }
  TRY_ASSIGN(const image::Store store, workspace->store());
  TRY_ASSIGN(const image::ImageRecord image, stored_image(store, options.image));
  TRY_ASSIGN(const std::string directory, absolute(options.directory));
  TRY(instance::make_bundle(*workspace, image, directory, options.terminal, context.ui()));
  context.ui().note(format("made {}: crun run --bundle {} NAME", text::sanitize(options.directory),
                           text::sanitize(options.directory)));
  return ExitCode::done;
}

}  // namespace devenv::cmd
