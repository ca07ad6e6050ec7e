// SPDX-License-Identifier: MIT
#include "env/build/step_store.hpp"

#include "env/base/format.hpp"
#include "env/sys/file.hpp"

namespace devenv::build {
namespace {

constexpr std::uint64_t kSchema = 1;

Result<Digest> digest_at(const Json& json, const char* name) {
  TRY_ASSIGN(const std::string text, json::get_string(json, name));
  return Digest::parse(text);
}

}  // namespace

Json BuiltLayer::to_json() const {
  return Json{{"schema", kSchema},
              {"key", key.string()},
              {"chain_id", chain_id.string()},
              {"diff_id", diff_id.string()},
              {"size_bytes", size_bytes},
              {"title", title},
              {"report", report},
              {"whole", whole}};
}

Result<BuiltLayer> BuiltLayer::from_json(const Json& json) {
  TRY_ASSIGN(Digest key, digest_at(json, "key"));
  TRY_ASSIGN(Digest chain_id, digest_at(json, "chain_id"));
  TRY_ASSIGN(Digest diff_id, digest_at(json, "diff_id"));
  BuiltLayer layer{.key = std::move(key),
                   .chain_id = std::move(chain_id),
                   .diff_id = std::move(diff_id),
                   .title = json::string_or(json, "title", "")};
  TRY_ASSIGN(layer.size_bytes, json::get_uint(json, "size_bytes"));
  const Json* const whole = json::find(json, "whole");
  layer.whole = whole != nullptr && *whole == Json(true);
  TRY_ASSIGN(layer.report, json::strings_or_none(json, "report"));
  return layer;
}

std::string StepStore::file(const Digest& key) const {
  return format("{}/steps/{}.json", store_.path(), key.hex());
}

std::optional<BuiltLayer> StepStore::find(const Digest& key) const {
  const auto contents = sys::read_file_if_exists(file(key));
  const auto json = contents && *contents ? json::parse(**contents)
                                          : Result<Json>(fail(ErrorCode::not_found, "none"));
  auto layer = json ? BuiltLayer::from_json(*json) : fail(json.error());
  if (!layer || layer->key != key || !store_.has_layer(layer->chain_id)) {
    return std::nullopt;
  }
  layer->reused = true;
  return *std::move(layer);
}

Result<void> StepStore::put(const BuiltLayer& layer) const {
  TRY(sys::make_directories(store_.path() + "/steps", 0700));
  return sys::write_file_atomic(file(layer.key), json::dump(layer.to_json()) + "\n");
}

void StepStore::sweep() const {
  const std::string directory = store_.path() + "/steps";
  const auto names = sys::list_directory(directory);
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    constexpr std::string_view kEnding = ".json";
    const auto key = Digest::parse("sha256:" + name.substr(0, name.find('.')));
    if (key && name.ends_with(kEnding) && !find(*key)) {
      (void)sys::remove_file(format("{}/{}", directory, name));
    }
  }
}

Result<sys::FileLock> StepStore::lock(const Digest& key) const {
  return store_.lock_layer(key, sys::LockMode::exclusive);
}

}  // namespace devenv::build
