// SPDX-License-Identifier: MIT
// `features` of a devcontainer.json become [[features]].
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "env/base/json.hpp"
#include "profiles/project.hpp"
#include "profiles/toml_writer.hpp"

namespace devenv::profiles {

/// What a person reads of a value.
std::string shown(const Json& value);

class FeatureImporter {
 public:
  /// What is not carried over is added to `notes`.
  explicit FeatureImporter(std::vector<std::string>& notes) : notes_(notes) {}

  void read(const Json& features);
  /// Of `overrideFeatureInstallOrder`.
  void set_order(std::vector<std::string> names) { order_ = std::move(names); }
  /// [[features]], in the order they are asked for in. Once.
  void write(TomlWriter& toml);

 private:
  void note(std::string_view key, std::string_view why);
  void read_feature(const std::string& reference, const Json& options);
  /// As TOML: a boolean stays one.
  void read_option(const std::string& place,
                   const std::string& name,
                   const Json& value,
                   ProjectFeature& feature);
  /// The places that the order names come first; it names no tags.
  void sort();

  std::vector<std::string>& notes_;
  std::vector<ProjectFeature> features_;  ///< the values of their options are TOML
  std::vector<std::string> order_;
};

}  // namespace devenv::profiles
