// SPDX-License-Identifier: MIT
// devenv image save
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/image.hpp"
#include "env/base/byte_size.hpp"
#include "env/instance/layers.hpp"
#include "env/sys/file.hpp"
#include "env/sys/terminal.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::cmd {
namespace {

constexpr std::string_view kStandardOutput = "-";

struct Target {
  instance::SaveTarget target;
  sys::UniqueFd opened;  ///< a pipe or a device with a name
};

Result<Target> open_target(const ImageSaveOptions& options) {
  Target target;
  if (options.file == kStandardOutput) {
    if (sys::is_terminal(STDOUT_FILENO)) {
      return fail(Error(ErrorCode::usage, "an archive on a terminal is of no use")
                      .with_hint("name a file, or send it on: devenv image save IMAGE - | ..."));
    }
    if (options.json) {
      return fail(ErrorCode::usage, "--json and the archive cannot both go to standard output");
    }
    target.target.fd = STDOUT_FILENO;
    return target;
  }
  for (const char* transport : {"oci:", "oci-archive:", "docker-archive:", "dir:"}) {
    if (options.file.starts_with(transport)) {
      return fail(Error(ErrorCode::usage, format("'{}' is no file", text::sanitize(options.file)))
                      .with_hint("name the file alone: it is an OCI layout and a docker archive in "
                                 "one; a file of that very name is written ./NAME"));
    }
  }
  TRY_ASSIGN(const std::string here, sys::current_directory());
  target.target.file =
      options.file.starts_with('/') ? options.file : format("{}/{}", here, options.file);
  TRY_ASSIGN(const auto info, sys::stat_path(target.target.file));
  if (info && (S_ISFIFO(info->st_mode) || S_ISCHR(info->st_mode))) {
    TRY_ASSIGN(target.opened, sys::open_file(target.target.file, O_WRONLY));
    target.target.fd = target.opened.get();
  } else if (!options.force && sys::exists(target.target.file)) {
    return fail(Error(ErrorCode::conflict, format("'{}' is there", text::sanitize(options.file)))
                    .with_hint("replace it: --force"));
  }
  return target;
}

}  // namespace

void add_image_save(CLI::App& app, ImageSaveOptions& options) {
  app.add_option("IMAGE", options.image, "the image: its name, its digest or the start of that")
      ->type_name(kind::kImage)
      ->required();
  app.add_option("FILE", options.file, "the archive; -: standard output")
      ->type_name("FILE")
      ->required();
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
      "  devenv image save localhost/web - | ssh server podman load\n"
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
  TRY_ASSIGN(const Target target, open_target(options));
  const instance::NewImage image{.base_manifest = stored.manifest_digest,
                                 .base_reference = stored.reference,
                                 .layers = {},
                                 .reference = std::move(name),
                                 .labels = {}};
  TRY_ASSIGN(const image::ImageRecord saved,
             instance::save_image(*workspace, image, target.target, context.ui()));
  if (options.json) {
    context.ui().document(Json{{"schema", 1}, {"image", image_document(saved)}});
    return ExitCode::done;
  }
  const auto info = target.opened.valid() || options.file == kStandardOutput
                        ? Result<std::optional<struct stat>>(std::nullopt)
                        : sys::stat_path(target.target.file);
  const std::string size =
      info && *info
          ? format(" ({})", ByteSize{static_cast<std::uint64_t>((*info)->st_size)}.to_string())
          : "";
  context.ui().note(format(
      "saved {} in {}{}", text::sanitize(saved.reference),
      options.file == kStandardOutput ? "standard output" : text::sanitize(options.file), size));
  return ExitCode::done;
}

}  // namespace devenv::cmd
