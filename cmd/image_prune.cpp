// SPDX-License-Identifier: MIT
// devenv image prune
#include "cmd/image.hpp"
#include "env/base/byte_size.hpp"
#include "env/build/package_cache.hpp"
#include "env/build/scratch.hpp"
#include "env/build/step_store.hpp"
#include "env/instance/features.hpp"
#include "env/instance/images.hpp"

namespace devenv::cmd {
namespace {

Json document_of(const instance::PruneResult& result, bool dry_run) {
  return Json{{"schema", 1},
              {"dry_run", dry_run},
              {"removed_images", result.removed_images},
              {"removed_paths", result.removed_paths},
              {"freed_bytes", dry_run ? Json() : Json(result.freed_bytes)},
              {"problems", result.problems}};
}

/// What lies beside the images: there, and asked for.
struct Extras {
  bool packages = false;
  bool features = false;
};

Extras find_extras(const ImagePruneOptions& options,
                   const instance::Workspace& workspace,
                   const image::Store& store) {
  return {
      .packages = options.packages && build::has_package_caches(workspace.paths),
      .features = options.all && instance::has_features(store),
  };
}

bool is_empty(const instance::PruneResult& result, const Extras& extras) {
  return result.removed_images.empty() && result.removed_paths == 0 && !extras.packages &&
         !extras.features;
}

/// "removed" or "would remove", for each image and for all the rest.
std::string text_of(const instance::PruneResult& result,
                    const Extras& extras,
                    std::string_view verb) {
  std::string lines;
  if (extras.packages) {
    lines += format("{} what package managers have downloaded\n", verb);
  }
  if (extras.features) {
    lines += format("{} features of dev containers\n", verb);
  }
  for (const std::string& image : result.removed_images) {
    lines += format("{} {}\n", verb, text::sanitize(image));
  }
  if (result.removed_paths != 0) {
    // What is only planned has not been measured.
    lines += format(
        "{} {} unused {}{}\n", verb, result.removed_paths,
        result.removed_paths == 1 ? "item" : "items",
        result.freed_bytes == 0 ? std::string() : ", " + ByteSize{result.freed_bytes}.to_string());
  }
  return lines;
}

void print(const instance::PruneResult& result,
           const Extras& extras,
           const ImagePruneOptions& options,
           bool dry_run,
           Ui& ui) {
  if (options.json) {
    ui.document(document_of(result, dry_run));
    return;
  }
  ui.data(is_empty(result, extras) ? "nothing to remove\n"
                                   : text_of(result, extras, dry_run ? "would remove" : "removed"));
  for (const std::string& problem : result.problems) {
    ui.warn(problem, "");
  }
}

}  // namespace

void add_image_prune(CLI::App& app, ImagePruneOptions& options) {
  app.add_flag("-a,--all", options.all,
               "also images that no environment is made of, and features of dev containers");
  app.add_flag("--packages", options.packages,
               "also what package managers have downloaded for projects");
  app.add_flag("--dry-run", options.dry_run, "only tell what would be removed");
  add_yes_flag(app, options.yes);
  add_json_flag(app, options.json);
  app.footer(
      "Removed are layers that neither an image nor an environment needs, and what interrupted "
      "pulls\n"
      "left behind. Layers in use by anything are never touched.");
}

Result<ExitCode> run_image_prune(const ImagePruneOptions& options, Context& context) {
  TRY_ASSIGN(const std::optional<image::Store> store, context.store_if_exists());
  if (!store) {
    print({}, {}, options, options.dry_run, context.ui());
    return ExitCode::done;
  }
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  const Extras extras = find_extras(options, *workspace, *store);
  const auto scope =
      options.all ? instance::PruneScope::unused_images : instance::PruneScope::unused_data;
  if (options.dry_run || !options.yes) {
    TRY_ASSIGN(const auto planned, instance::prune_images(*workspace, scope, /*dry_run=*/true));
    if (options.dry_run || is_empty(planned, extras)) {
      print(planned, extras, options, options.dry_run, context.ui());
      return ExitCode::done;
    }
    std::string listed = text_of(planned, extras, "would remove");
    for (const std::string_view line : text::lines(listed)) {
      context.ui().note(line);
    }
    TRY_ASSIGN(const bool sure, context.ui().confirm("remove them?", "-y"));
    if (!sure) {
      context.ui().note("nothing was removed");
      return ExitCode::failed;
    }
  }
  TRY_ASSIGN(const auto removed, instance::prune_images(*workspace, scope, /*dry_run=*/false));
  build::sweep_scratches(*workspace);
  build::StepStore(*store).sweep();
  if (extras.packages) {
    TRY(build::remove_package_caches(*workspace));
  }
  if (extras.features) {
    TRY(instance::remove_features(*store));
  }
  print(removed, extras, options, /*dry_run=*/false, context.ui());
  return ExitCode::done;
}

}  // namespace devenv::cmd
