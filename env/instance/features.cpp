// SPDX-License-Identifier: MIT
#include "env/instance/features.hpp"

#include <algorithm>
#include <optional>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/instance/worker.hpp"
#include "env/sys/file.hpp"
#include "env/sys/tree.hpp"

namespace devenv::instance {
namespace {

/// What a tag was when it was asked for.
std::string note_of(const image::Store& store, const image::Reference& reference) {
  return format("{}/features/names/{:016x}", store.path(), text::fnv1a(reference.string()));
}

std::optional<Digest> noted(const image::Store& store, const image::Reference& reference) {
  if (reference.digest()) {
    return reference.digest();
  }
  const auto text = sys::read_file_if_exists(note_of(store, reference));
  const auto lines = text::lines(text && *text ? std::string_view(**text) : "");
  if (lines.size() != 2 || lines[0] != reference.string()) {
    return std::nullopt;
  }
  auto digest = Digest::parse(lines[1]);
  return digest ? std::optional(*std::move(digest)) : std::nullopt;
}

/// nullopt when it is not there, or not all of it is.
std::optional<image::StoredFeature> stored(const image::Store& store, const Digest& manifest) {
  const auto text =
      sys::read_file_if_exists(image::feature_directory(store.path(), manifest) + "/feature.json");
  if (!text || !*text) {
    return std::nullopt;
  }
  const auto document = json::parse(**text);
  if (!document) {
    return std::nullopt;
  }
  auto feature = image::StoredFeature::from_json(*document);
  const bool complete =
      feature && feature->manifest == manifest &&
      std::all_of(feature->files.begin(), feature->files.end(), [&](const auto& file) {
        return sys::exists(feature_file(store, *feature, file));
      });
  return complete ? std::optional(*std::move(feature)) : std::nullopt;
}

}  // namespace

Result<image::StoredFeature> obtain_feature(const Workspace& workspace,
                                            const image::Reference& reference,
                                            Asking asking,
                                            Reporter& reporter) {
  TRY_ASSIGN(const image::Store store, workspace.store());
  if (const auto known = noted(store, reference)) {
    if (auto feature = stored(store, *known)) {
      return *std::move(feature);
    }
  }
  if (asking == Asking::nobody) {
    return fail(ErrorCode::not_found, format("feature '{}' is not here", reference.string()));
  }
  TRY_ASSIGN(auto feature,
             run_worker<image::StoredFeature>(
                 workspace, {"feature", "--store", store.path(), reference.string()}, reporter));
  if (!reference.digest()) {
    const std::string note = note_of(store, reference);
    TRY(sys::make_directories(sys::parent_of(note), 0700));
    TRY(sys::replace_file(note, format("{}\n{}\n", reference.string(), feature.manifest.string()),
                          0600));
  }
  return feature;
}

Result<void> forget_feature(const Workspace& workspace, const image::Reference& reference) {
  TRY_ASSIGN(const image::Store store, workspace.store());
  return sys::remove_file(note_of(store, reference));
}

Result<void> remove_features(const image::Store& store) {
  return sys::remove_tree(store.path() + "/features");
}

std::string feature_file(const image::Store& store,
                         const image::StoredFeature& feature,
                         const image::FeatureFile& file) {
  return format("{}/files/{}", image::feature_directory(store.path(), feature.manifest), file.path);
}

}  // namespace devenv::instance
