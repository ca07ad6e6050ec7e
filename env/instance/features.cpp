// SPDX-License-Identifier: MIT
#include "env/instance/features.hpp"

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

/// The lock is taken first: what is seen then stays.
Result<std::optional<HeldFeature>> hold(const image::Store& store, const Digest& manifest) {
  TRY_ASSIGN(sys::FileLock lock, store.lock_layer(manifest, sys::LockMode::shared));
  auto feature = image::find_feature(store.path(), manifest);
  return feature ? std::optional(HeldFeature{*std::move(feature), std::move(lock)}) : std::nullopt;
}

}  // namespace

Result<HeldFeature> obtain_feature(const Workspace& workspace,
                                   const image::Reference& reference,
                                   Asking asking,
                                   Reporter& reporter) {
  TRY_ASSIGN(const image::Store store, workspace.store());
  const auto known = noted(store, reference);
  if (known && (asking != Asking::always || reference.digest())) {
    TRY_ASSIGN(auto held, hold(store, *known));
    if (held) {
      return *std::move(held);
    }
  }
  if (asking == Asking::nobody) {
    return fail(ErrorCode::not_found, format("feature '{}' is not here", reference.string()));
  }
  TRY_ASSIGN(const auto feature,
             run_worker<image::StoredFeature>(
                 workspace, {"feature", "--store", store.path(), reference.string()}, reporter));
  if (!reference.digest()) {
    const std::string note = note_of(store, reference);
    TRY(sys::make_directories(sys::parent_of(note), 0700));
    TRY(sys::replace_file(note, format("{}\n{}\n", reference.string(), feature.manifest.string()),
                          0600));
  }
  TRY_ASSIGN(auto held, hold(store, feature.manifest));
  if (!held) {
    return fail(
        Error(ErrorCode::conflict, format("feature '{}' was removed meanwhile", reference.string()))
            .with_hint("try again"));
  }
  return *std::move(held);
}

bool has_features(const image::Store& store) {
  const auto names = sys::list_directory(store.path() + "/features");
  return names && !names->empty();
}

Result<void> remove_features(const image::Store& store) {
  const std::string parent = store.path() + "/features";
  const auto names = sys::list_directory(parent);
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    const auto manifest = Digest::parse("sha256:" + name);
    std::optional<sys::FileLock> lock;
    if (manifest) {
      TRY_ASSIGN(lock, store.try_lock_layer(*manifest, sys::LockMode::exclusive));
    }
    if (lock || !manifest) {
      TRY(sys::remove_tree(parent + "/" + name));
    }
  }
  return {};
}

std::string feature_file(const image::Store& store,
                         const image::StoredFeature& feature,
                         const image::FeatureFile& file) {
  return format("{}/files/{}", image::feature_directory(store.path(), feature.manifest), file.path);
}

}  // namespace devenv::instance
