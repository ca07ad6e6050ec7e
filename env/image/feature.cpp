// SPDX-License-Identifier: MIT
#include "env/image/feature.hpp"

#include <algorithm>
#include <array>

#include "env/base/format.hpp"
#include "env/base/jsonc.hpp"
#include "env/base/sha256.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"

namespace devenv::image {
namespace {

constexpr std::size_t kMostItems = 500;     // options, variables, dependencies
constexpr std::size_t kLongestText = 4096;  // bytes of a value

/// Members that say what a container is to be, or to run; shown where one is set.
constexpr std::array<std::string_view, 11> kLeftOut = {"privileged",
                                                       "init",
                                                       "capAdd",
                                                       "securityOpt",
                                                       "entrypoint",
                                                       "mounts",
                                                       "onCreateCommand",
                                                       "updateContentCommand",
                                                       "postCreateCommand",
                                                       "postStartCommand",
                                                       "postAttachCommand"};

Error wrong(std::string_view member, std::string_view why) {
  return Error(ErrorCode::integrity, format("'{}' {}", text::sanitize(member), why));
}

/// A text that may be a word of a command line.
Result<std::string> plain(std::string_view member, const std::string& value) {
  const bool has_control = std::any_of(value.begin(), value.end(), [](char c) {
    constexpr unsigned char kFirstPrintable = 0x20;
    constexpr unsigned char kDelete = 0x7f;
    const auto byte = static_cast<unsigned char>(c);
    return byte < kFirstPrintable || byte == kDelete;
  });
  if (value.size() > kLongestText || has_control || !text::is_utf8(value)) {
    return fail(wrong(member, "is too long, or no plain text"));
  }
  return value;
}

/// A string; or a boolean or a number as the scripts see it.
Result<std::string> value_of(std::string_view member, const Json& value) {
  if (value.is_boolean()) {
    return std::string(value.get<bool>() ? "true" : "false");
  }
  if (value.is_number()) {
    return json::dump(value, -1);
  }
  if (!value.is_string()) {
    return fail(wrong(member, "is neither a string nor a boolean"));
  }
  return plain(member, value.get<std::string>());
}

Result<std::vector<std::string>> texts_at(const Json& object, std::string_view member) {
  TRY_ASSIGN(const std::vector<std::string> texts, json::strings_or_none(object, member));
  if (texts.size() > kMostItems) {
    return fail(wrong(member, "has too many items"));
  }
  for (const std::string& text : texts) {
    TRY(plain(member, text));
  }
  return texts;
}

/// nullptr when there is no such member.
Result<const Json*> object_at(const Json& object, std::string_view member) {
  const Json* const found = json::find(object, member);
  if (found != nullptr && (!found->is_object() || found->size() > kMostItems)) {
    return fail(wrong(member, "is no object, or a very large one"));
  }
  return found;
}

/// The value that is not chosen: it may be left out, too.
Result<std::string> default_of(const std::string& name, const Json& option) {
  const Json* const value = json::find(option, "default");
  if (value == nullptr) {
    return std::string(json::string_or(option, "type", "") == "boolean" ? "false" : "");
  }
  return value_of(name, *value);
}

Result<std::vector<FeatureOption>> read_options(const Json& document) {
  std::vector<FeatureOption> options;
  TRY_ASSIGN(const Json* const found, object_at(document, "options"));
  if (found == nullptr) {
    return options;
  }
  for (const auto& [name, option] : found->items()) {
    if (!option.is_object()) {
      return fail(wrong(name, "is no object"));
    }
    TRY(plain("options", name));
    TRY_ASSIGN(std::string value, default_of(name, option));
    TRY_ASSIGN(std::vector<std::string> allowed, texts_at(option, "enum"));
    options.push_back({name, std::move(value), std::move(allowed)});
  }
  return options;
}

bool is_variable_name(std::string_view name) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
  return !name.empty() && name.find_first_not_of(kLetters) == std::string_view::npos &&
         (name[0] < '0' || name[0] > '9');
}

Result<std::vector<std::pair<std::string, std::string>>> read_environment(const Json& document) {
  std::vector<std::pair<std::string, std::string>> variables;
  TRY_ASSIGN(const Json* const found, object_at(document, "containerEnv"));
  if (found == nullptr) {
    return variables;
  }
  for (const auto& [name, value] : found->items()) {
    if (!is_variable_name(name)) {
      return fail(wrong(name, "is no name of a variable"));
    }
    TRY_ASSIGN(std::string text, value_of(name, value));
    variables.emplace_back(name, std::move(text));
  }
  return variables;
}

/// As in devcontainer.json: an object of options, or the value of `version`.
Result<std::map<std::string, std::string>> read_choices(const std::string& reference,
                                                        const Json& value) {
  std::map<std::string, std::string> choices;
  if (value.is_string()) {
    TRY_ASSIGN(choices["version"], plain(reference, value.get<std::string>()));
    return choices;
  }
  if (!value.is_object() || value.size() > kMostItems) {
    return fail(wrong(reference, "has no options"));
  }
  for (const auto& [name, each] : value.items()) {
    TRY(plain(reference, name));
    TRY_ASSIGN(choices[name], value_of(name, each));
  }
  return choices;
}

Result<std::vector<FeatureDependency>> read_dependencies(const Json& document) {
  std::vector<FeatureDependency> dependencies;
  TRY_ASSIGN(const Json* const found, object_at(document, "dependsOn"));
  if (found == nullptr) {
    return dependencies;
  }
  for (const auto& [reference, options] : found->items()) {
    TRY(plain("dependsOn", reference));
    TRY_ASSIGN(auto choices, read_choices(reference, options));
    dependencies.push_back({reference, std::move(choices)});
  }
  return dependencies;
}

bool asks_for_something(const Json& value) {
  const bool is_empty = (value.is_array() || value.is_object() || value.is_string()) &&
                        (value.empty() || value == Json(""));
  return !value.is_null() && value != Json(false) && !is_empty;
}

Json to_json_of(const FeatureOption& option) {
  Json json{{"default", option.default_value}};
  if (!option.allowed.empty()) {
    json["enum"] = option.allowed;
  }
  return json;
}

Result<FeatureFile> read_file_entry(const Json& json) {
  TRY_ASSIGN(std::string path, json::get_string(json, "path"));
  TRY_ASSIGN(const std::string digest, json::get_string(json, "digest"));
  TRY_ASSIGN(Digest parsed, Digest::parse(digest));
  TRY_ASSIGN(const bool executable, json::get_bool(json, "executable"));
  const auto parts = text::split(path, '/');
  if (std::any_of(parts.begin(), parts.end(), [](std::string_view part) {
        return part.empty() || part == "." || part == "..";
      })) {
    return fail(wrong(path, "is no place in a feature"));
  }
  return FeatureFile{std::move(path), std::move(parsed), executable};
}

}  // namespace

Result<Feature> Feature::from_json(const Json& json) {
  if (!json.is_object()) {
    return fail(ErrorCode::integrity, "it is no object");
  }
  Feature feature;
  TRY_ASSIGN(feature.id, json::get_string(json, "id"));
  TRY(plain("id", feature.id));
  if (feature.id.empty()) {
    return fail(wrong("id", "is empty"));
  }
  TRY_ASSIGN(feature.version, plain("version", json::string_or(json, "version", "")));
  TRY_ASSIGN(feature.options, read_options(json));
  TRY_ASSIGN(feature.environment, read_environment(json));
  TRY_ASSIGN(feature.installs_after, texts_at(json, "installsAfter"));
  TRY_ASSIGN(feature.depends_on, read_dependencies(json));
  TRY_ASSIGN(feature.legacy_ids, texts_at(json, "legacyIds"));
  for (const std::string_view member : kLeftOut) {
    const Json* const value = json::find(json, member);
    if (value != nullptr && asks_for_something(*value)) {
      feature.left_out.emplace_back(member);
    }
  }
  const Json* const deprecated = json::find(json, "deprecated");
  feature.deprecated = deprecated != nullptr && *deprecated == Json(true);
  return feature;
}

Json Feature::to_json() const {
  Json json{{"id", id}, {"version", version}};
  Json described = Json::object();
  for (const FeatureOption& option : options) {
    described[option.name] = to_json_of(option);
  }
  json["options"] = std::move(described);
  Json variables = Json::object();
  for (const auto& [name, value] : environment) {
    variables[name] = value;
  }
  json["containerEnv"] = std::move(variables);
  json["installsAfter"] = installs_after;
  Json dependencies = Json::object();
  for (const FeatureDependency& dependency : depends_on) {
    dependencies[dependency.reference] = Json(dependency.options);
  }
  json["dependsOn"] = std::move(dependencies);
  json["legacyIds"] = legacy_ids;
  for (const std::string& member : left_out) {
    json[member] = true;
  }
  json["deprecated"] = deprecated;
  return json;
}

Result<StoredFeature> StoredFeature::from_json(const Json& json) {
  TRY_ASSIGN(const std::string digest, json::get_string(json, "manifest"));
  TRY_ASSIGN(Digest manifest, Digest::parse(digest));
  TRY_ASSIGN(const Json* const described, json::get_object(json, "feature"));
  TRY_ASSIGN(Feature feature, Feature::from_json(*described));
  StoredFeature stored{std::move(manifest), std::move(feature), {}};
  TRY_ASSIGN(const Json* const files, json::get_array(json, "files"));
  for (const Json& each : *files) {
    TRY_ASSIGN(FeatureFile file, read_file_entry(each));
    stored.files.push_back(std::move(file));
  }
  return stored;
}

Json StoredFeature::to_json() const {
  Json list = Json::array();
  for (const FeatureFile& file : files) {
    list.push_back(
        {{"path", file.path}, {"digest", file.digest.string()}, {"executable", file.executable}});
  }
  return Json{{"schema", 1},
              {"manifest", manifest.string()},
              {"feature", feature.to_json()},
              {"files", std::move(list)}};
}

Result<Descriptor> parse_feature_manifest(std::string_view text) {
  TRY_ASSIGN(const Json document, json::parse(text, {.max_bytes = kMaxDocumentBytes}));
  const Json* const config = json::find(document, "config");
  const std::string kind =
      config == nullptr ? std::string() : json::string_or(*config, "mediaType", "");
  if (kind != kFeatureConfigType) {
    return fail(ErrorCode::unsupported,
                format("it is no dev container feature, but of type '{}'", text::sanitize(kind)));
  }
  TRY_ASSIGN(const Json* const layers, json::get_array(document, "layers"));
  if (layers->size() != 1) {
    return fail(ErrorCode::unsupported,
                format("a feature has one layer, and this has {}", layers->size()));
  }
  const Json& layer = layers->front();
  TRY_ASSIGN(std::string type, json::get_string(layer, "mediaType"));
  if (type != kFeatureLayerType) {
    return fail(ErrorCode::unsupported, format("its layer is of type '{}', not '{}'",
                                               text::sanitize(type), kFeatureLayerType));
  }
  TRY_ASSIGN(const std::string digest, json::get_string(layer, "digest"));
  TRY_ASSIGN(Digest parsed, Digest::parse(digest));
  TRY_ASSIGN(const std::uint64_t size, json::get_uint(layer, "size"));
  if (size > kMaxFeatureBytes) {
    return fail(ErrorCode::integrity,
                format("it has {} bytes, and a feature at most {}", size, kMaxFeatureBytes));
  }
  return Descriptor{std::move(type), std::move(parsed), size};
}

Result<Feature> parse_feature(std::string_view text) {
  auto feature = [&]() -> Result<Feature> {
    TRY_ASSIGN(const Json document, json::parse(json::without_comments(text)));
    return Feature::from_json(document);
  }();
  if (!feature) {
    return fail(feature.error().context(format("cannot use {}", kFeatureDocument)));
  }
  return feature;
}

std::string feature_directory(std::string_view store, const Digest& manifest) {
  return format("{}/features/{}", store, manifest.hex());
}

std::optional<StoredFeature> find_feature(std::string_view store, const Digest& manifest) {
  const std::string directory = feature_directory(store, manifest);
  const auto text = sys::read_file_if_exists(format("{}/{}", directory, kStoredFeature));
  const auto document =
      text && *text ? json::parse(**text) : Result<Json>(fail(ErrorCode::not_found, "none"));
  auto stored = document ? StoredFeature::from_json(*document) : fail(document.error());
  const auto is_whole = [&](const FeatureFile& file) {
    const auto contents =
        sys::read_regular_file(format("{}/files/{}", directory, file.path), kMaxFeatureBytes);
    return contents && sha256_of(*contents) == file.digest;
  };
  const bool complete = stored && stored->manifest == manifest &&
                        std::all_of(stored->files.begin(), stored->files.end(), is_whole);
  return complete ? std::optional(*std::move(stored)) : std::nullopt;
}

}  // namespace devenv::image
