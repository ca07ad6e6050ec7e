// SPDX-License-Identifier: MIT
// Dev container features: what a feature says about itself, checked.
// Source: Development Containers Specification, "Features" and "Features distribution".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "env/base/digest.hpp"
#include "env/base/json.hpp"
#include "env/base/result.hpp"
#include "env/image/manifest.hpp"

namespace devenv::image {

constexpr std::string_view kFeatureConfigType = "application/vnd.devcontainers";
constexpr std::string_view kFeatureLayerType = "application/vnd.devcontainers.layer.v1+tar";
/// What it is, and what is run: both lie at the top of every feature.
constexpr std::string_view kFeatureDocument = "devcontainer-feature.json";
constexpr std::string_view kFeatureScript = "install.sh";
/// What the store has of it, beside files/.
constexpr std::string_view kStoredFeature = "feature.json";

/// The tar of a feature, and all that is in it. Features are scripts: the largest known ones have
/// some 100 KiB, and what they install they fetch.
constexpr std::uint64_t kMaxFeatureBytes = 32U * 1024 * 1024;
constexpr std::size_t kMaxFeatureFiles = 2000;

struct FeatureOption {
  std::string name;
  std::string default_value;         ///< "true" or "false" of a boolean
  std::vector<std::string> allowed;  ///< none: anything

  bool operator==(const FeatureOption&) const = default;
};

/// Another feature that has to be there first.
struct FeatureDependency {
  std::string reference;
  std::map<std::string, std::string> options;

  bool operator==(const FeatureDependency&) const = default;
};

struct FeatureFile {
  std::string path;  ///< relative, without "." and ".."
  Digest digest;     ///< of its contents
  bool executable = false;

  bool operator==(const FeatureFile&) const = default;
};

struct Feature {
  std::string id;
  std::string version;
  std::vector<FeatureOption> options;
  std::vector<std::pair<std::string, std::string>> environment;  ///< `containerEnv`
  std::vector<std::string> installs_after;                       ///< references without a tag
  std::vector<FeatureDependency> depends_on;
  std::vector<std::string> legacy_ids;
  std::vector<std::string> left_out;  ///< members that ask for what no environment gives
  bool deprecated = false;

  /// Errors: integrity, naming the member that is wrong.
  static Result<Feature> from_json(const Json& json);
  Json to_json() const;

  bool operator==(const Feature&) const = default;
};

/// A feature of the store.
struct StoredFeature {
  Digest manifest;
  Feature feature;
  std::vector<FeatureFile> files;  ///< sorted by path

  static Result<StoredFeature> from_json(const Json& json);
  Json to_json() const;

  bool operator==(const StoredFeature&) const = default;
};

/// The one layer of a feature's manifest. Errors: integrity (malformed, beyond kMaxFeatureBytes);
/// unsupported for what is no feature.
Result<Descriptor> parse_feature_manifest(std::string_view text);

/// Reads a devcontainer-feature.json; comments and commas at the end of lists are allowed.
/// Errors: integrity, naming the member that is wrong.
Result<Feature> parse_feature(std::string_view text);

/// Where the store has the feature with this manifest: feature.json and files/.
std::string feature_directory(std::string_view store, const Digest& manifest);
/// nullopt when the store has it not, or not all of it as it was stored.
std::optional<StoredFeature> find_feature(std::string_view store, const Digest& manifest);

}  // namespace devenv::image
