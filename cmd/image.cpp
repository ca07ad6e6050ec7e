// SPDX-License-Identifier: MIT
#include "cmd/image.hpp"

#include <algorithm>

#include "cmd/list.hpp"
#include "cmd/names.hpp"
#include "cmd/ui/table.hpp"
#include "env/base/byte_size.hpp"
#include "env/instance/images.hpp"

namespace devenv::cmd {
namespace {

std::string size_text(std::uint64_t bytes) {
  return ByteSize{bytes}.to_string();
}

Result<std::vector<image::ImageRecord>> stored_images(Context& context) {
  TRY_ASSIGN(const std::optional<image::Store> store, context.store_if_exists());
  if (!store) {
    return std::vector<image::ImageRecord>{};
  }
  return store->images();
}

Error no_image(const std::string& text, const std::vector<std::string>& known) {
  const auto similar = text::closest(text, known);
  return Error(ErrorCode::not_found, format("there is no image '{}'", text::sanitize(text)))
      .with_hint(similar ? format("did you mean '{}'?", *similar)
                         : "see what there is: devenv image list");
}

}  // namespace

Result<image::ImageRecord> stored_image(const image::Store& store, const std::string& text) {
  TRY_ASSIGN(auto found, store.find_image(text));
  const auto reference = image::Reference::parse(text);
  if (!found && reference) {
    TRY_ASSIGN(found, store.find_image(reference->string()));
  }
  if (!found && reference && reference->digest()) {
    TRY_ASSIGN(found, store.find_by_digest(*reference));
  }
  if (found) {
    return *std::move(found);
  }
  if (!reference) {
    return fail(reference.error());
  }
  TRY_ASSIGN(const auto records, store.images());
  std::vector<std::string> known;
  for (const image::ImageRecord& record : records) {
    known.push_back(record.reference);
  }
  return fail(no_image(reference->string(), known));
}

/// A digest may fit several names, of which one is to be removed.
Result<image::ImageRecord> image_to_remove(const image::Store& store, const std::string& text) {
  TRY_ASSIGN(image::ImageRecord record, stored_image(store, text));
  const auto reference = image::Reference::parse(text);
  if (text == record.reference || (reference && reference->string() == record.reference)) {
    return record;
  }
  const bool has_digest = reference && reference->digest();
  std::vector<std::string> fitting;
  TRY_ASSIGN(const auto records, store.images());
  for (const image::ImageRecord& each : records) {
    const auto named = image::Reference::parse(each.reference);
    const bool of_repository =
        !has_digest || (named && named->same_repository(*reference) &&
                        (!reference->tag() || named->tag() == reference->tag()));
    if (each.manifest_digest == record.manifest_digest && of_repository) {
      fitting.push_back(each.reference);
    }
  }
  if (fitting.empty()) {
    return fail(no_image(text, {record.reference}));
  }
  if (fitting.size() > 1) {
    return fail(Error(ErrorCode::usage, format("'{}' fits several images", text::sanitize(text)))
                    .with_hint(format("name the one to remove: {}", join(fitting, ", "))));
  }
  return record;
}

Json image_document(const image::ImageRecord& record) {
  Json json = record.to_json();
  json["created_at"] = text_or_null(record.created_at);
  return json;
}

std::string image_table(const std::vector<image::ImageRecord>& records, const Style& style) {
  Table table{.header = {"IMAGE", "DIGEST", "SIZE", "CREATED", "PULLED"}};
  for (const image::ImageRecord& record : records) {
    table.rows.push_back({record.reference, record.manifest_digest.abbreviated(),
                          size_text(record.size_bytes), short_time(record.created_at),
                          short_time(record.pulled_at)});
  }
  return render(table, style);
}

// ---- pull ---------------------------------------------------------------------------------------

void add_image_pull(CLI::App& app, ImagePullOptions& options) {
  app.add_option("REF", options.reference, "the image, by tag or by digest")
      ->type_name(kind::kImage)
      ->required();
  add_json_flag(app, options.json);
  app.footer(
      "The registry is asked even when the image is there: a tag may have moved.\n"
      "\n"
      "Examples:\n"
      "  devenv image pull debian:bookworm\n"
      "  devenv image pull quay.io/fedora/fedora:43");
}

Result<ExitCode> run_image_pull(const ImagePullOptions& options, Context& context) {
  TRY_ASSIGN(image::Reference reference, image::Reference::parse(options.reference));
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  const instance::FromRegistry source{.reference = std::move(reference)};
  TRY_ASSIGN(
      const image::ImageRecord record,
      instance::obtain_image(*workspace, source, instance::PullPolicy::always, context.ui()));
  if (options.json) {
    context.ui().document(Json{{"schema", 1}, {"image", image_document(record)}});
    return ExitCode::done;
  }
  context.ui().note(format("{} is {} ({})", text::sanitize(record.reference),
                           record.manifest_digest.string(), size_text(record.size_bytes)));
  return ExitCode::done;
}

// ---- list, inspect ------------------------------------------------------------------------------

void add_image_list(CLI::App& app, ImageListOptions& options) {
  add_json_flag(app, options.json);
  app.footer("With --quiet, only the names are printed.");
}

Result<ExitCode> run_image_list(const ImageListOptions& options, Context& context) {
  TRY_ASSIGN(const auto records, stored_images(context));
  Ui& ui = context.ui();
  if (options.json) {
    Json images = Json::array();
    std::transform(records.begin(), records.end(), std::back_inserter(images), image_document);
    ui.document(Json{{"schema", 1}, {"images", std::move(images)}});
  } else if (ui.is_quiet()) {
    for (const image::ImageRecord& record : records) {
      ui.data(text::sanitize(record.reference) + "\n");
    }
  } else {
    ui.data(image_table(records, ui.out_style()));
  }
  return ExitCode::done;
}

void add_image_inspect(CLI::App& app, ImageInspectOptions& options) {
  app.add_option("REF", options.image, "the image: its name, its digest or the start of that")
      ->type_name(kind::kImage)
      ->required();
  add_json_flag(app, options.json);
}

Result<ExitCode> run_image_inspect(const ImageInspectOptions& options, Context& context) {
  TRY_ASSIGN(const std::optional<image::Store> store, context.store_if_exists());
  if (!store) {
    return fail(no_image(options.image, {}));
  }
  TRY_ASSIGN(const image::ImageRecord record, stored_image(*store, options.image));
  if (options.json) {
    context.ui().document(Json{{"schema", 1}, {"image", image_document(record)}});
    return ExitCode::done;
  }
  std::vector<std::pair<std::string, std::string>> fields = {
      {"image", record.reference},
      {"manifest", record.manifest_digest.string()},
      {"config", record.config_digest.string()},
      {"architecture", record.architecture},
      {"size", size_text(record.size_bytes)},
      {"created", record.created_at},
      {"pulled", record.pulled_at},
  };
  for (const Digest& layer : record.layers) {
    fields.emplace_back("layer", layer.string());
  }
  for (const std::string& variable : record.environment) {
    fields.emplace_back("variable", variable);
  }
  context.ui().data(render_fields(fields));
  return ExitCode::done;
}

// ---- rm -----------------------------------------------------------------------------------------

void add_image_remove(CLI::App& app, ImageRemoveOptions& options) {
  app.add_option("REF", options.images, "the images: names, digests or the start of a digest")
      ->type_name(kind::kImage);
  app.add_flag("-a,--all", options.all, "all of them");
  add_yes_flag(app, options.yes);
  app.footer(
      "Only the name is given up: environments made of an image go on working. The space is freed "
      "by\n"
      "devenv image prune.");
}

Result<ExitCode> run_image_remove(const ImageRemoveOptions& options, Context& context) {
  TRY_ASSIGN(
      const auto names,
      chosen_names(options.images, options.all, "REF", [&]() -> Result<std::vector<std::string>> {
        TRY_ASSIGN(const auto records, stored_images(context));
        std::vector<std::string> references;
        for (const image::ImageRecord& record : records) {
          references.push_back(record.reference);
        }
        return references;
      }));
  Ui& ui = context.ui();
  if (options.all && !options.yes && !names.empty()) {
    TRY_ASSIGN(const bool sure,
               ui.confirm(format("remove all images ({})?", join(names, ", ")), "--yes"));
    if (!sure) {
      ui.note("nothing was removed");
      return ExitCode::failed;
    }
  }
  TRY_ASSIGN(const std::optional<image::Store> store, context.store_if_exists());
  TRY_ASSIGN(const ExitCode code,
             for_each_name(context, names, [&](const std::string& name) -> Result<void> {
               if (!store) {
                 return fail(no_image(name, {}));
               }
               TRY_ASSIGN(const image::ImageRecord record, image_to_remove(*store, name));
               TRY(store->remove_image(record.reference));
               ui.note(format("removed {}", text::sanitize(record.reference)));
               return {};
             }));
  if (code == ExitCode::done && !names.empty()) {
    ui.note("free its space with: devenv image prune");
  }
  return code;
}

}  // namespace devenv::cmd
