// SPDX-License-Identifier: MIT
// devenv image dedupe
#include "cmd/image.hpp"
#include "env/base/byte_size.hpp"
#include "env/instance/sharing.hpp"

namespace devenv::cmd {

void add_image_dedupe(CLI::App& app, ImageDedupeOptions& options) {
  app.add_flag("--dry-run", options.dry_run, "only tell what several layers have");
  add_json_flag(app, options.json);
  app.footer(
      "Files of layers that have the same contents share their blocks from then on, where the "
      "file\n"
      "system can (btrfs, xfs, bcachefs). Layers may be in use: nobody sees a difference.");
}

Result<ExitCode> run_image_dedupe(const ImageDedupeOptions& options, Context& context) {
  instance::SharingResult result;
  TRY_ASSIGN(const std::optional<image::Store> store, context.store_if_exists());
  if (store) {
    TRY_ASSIGN(const auto* const workspace, context.workspace());
    TRY_ASSIGN(result, instance::share_files(*workspace, options.dry_run, context.ui()));
  }
  Ui& ui = context.ui();
  if (options.json) {
    ui.document(Json{{"schema", 1},
                     {"dry_run", options.dry_run},
                     {"files", result.files},
                     {"bytes", result.bytes}});
    return ExitCode::done;
  }
  ui.data(result.files == 0
              ? std::string("nothing to share\n")
              : format("{} {} {}, {}\n", options.dry_run ? "the same as others:" : "shared",
                       result.files, result.files == 1 ? "file" : "files",
                       ByteSize{result.bytes}.to_string()));
  return ExitCode::done;
}

}  // namespace devenv::cmd
