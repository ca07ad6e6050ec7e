// SPDX-License-Identifier: MIT
#include "profiles/devcontainer_features.hpp"

#include <algorithm>
#include <iterator>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "profiles/devcontainer_keys.hpp"
#include "profiles/schema.hpp"

namespace devenv::profiles {

/// What a person reads of a value.
std::string shown(const Json& value) {
  constexpr std::size_t kLongest = 60;
  std::string text = text::sanitize(value.is_string() ? value.get_ref<const std::string&>()
                                                      : json::dump(value, -1));
  return text.size() <= kLongest ? text : text.substr(0, kLongest) + "...";
}

void FeatureImporter::note(std::string_view key, std::string_view why) {
  notes_.push_back(format("{}: {}", text::sanitize(key), why));
}

void FeatureImporter::read(const Json& features) {
  if (!features.is_object()) {
    note("features", "it is no object");
    return;
  }
  for (const auto& [reference, options] : features.items()) {
    read_feature(reference, options);
  }
}

void FeatureImporter::read_feature(const std::string& reference, const Json& options) {
  constexpr std::string_view kOfficial = "ghcr.io/devcontainers/features/";
  const std::string place = format("features {}", text::sanitize(reference));
  if (reference.starts_with(kOfficial)) {
    const std::string name = reference.substr(kOfficial.size());
    const std::string_view why = remark_of_feature(name.substr(0, name.find_first_of(":@")));
    if (!why.empty()) {
      note(place, why);
      return;
    }
  }
  if (check_feature(reference)) {
    note(place,
         "only features of a registry are installed: put what it brings into [packages] or "
         "[[setup]]");
    return;
  }
  ProjectFeature feature{.reference = reference, .options = {}};
  if (options.is_string()) {
    feature.options["version"] = toml_string(options.get<std::string>());
  } else if (options.is_object()) {
    for (const auto& [name, value] : options.items()) {
      read_option(format("{} {}", place, text::sanitize(name)), name, value, feature);
    }
  } else if (!options.is_boolean()) {
    note(format("{} {}", place, shown(options)), "these are no options");
  }
  features_.push_back(std::move(feature));
}

void FeatureImporter::read_option(const std::string& place,
                                  const std::string& name,
                                  const Json& value,
                                  ProjectFeature& feature) {
  if (value.is_number()) {
    feature.options[name] = toml_string(json::dump(value, -1));
  } else if (value.is_boolean()) {
    feature.options[name] = value.get<bool>() ? "true" : "false";
  } else if (value.is_string() && value.get<std::string>().find('\n') == std::string::npos) {
    feature.options[name] = toml_string(value.get<std::string>());
  } else {
    note(format("{} {}", place, shown(value)), "an option is a line or a boolean");
  }
}

void FeatureImporter::sort() {
  std::vector<ProjectFeature> sorted;
  for (const std::string& name : order_) {
    const auto found =
        std::find_if(features_.begin(), features_.end(), [&](const ProjectFeature& feature) {
          const std::string& reference = feature.reference;
          return reference.starts_with(name) &&
                 (reference.size() == name.size() || reference[name.size()] == ':' ||
                  reference[name.size()] == '@');
        });
    if (found == features_.end()) {
      note(format("overrideFeatureInstallOrder {}", text::sanitize(name)),
           "no such feature is installed");
      continue;
    }
    sorted.push_back(std::move(*found));
    features_.erase(found);
  }
  features_.insert(features_.begin(), std::make_move_iterator(sorted.begin()),
                   std::make_move_iterator(sorted.end()));
}

void FeatureImporter::write(TomlWriter& toml) {
  sort();
  for (const ProjectFeature& feature : features_) {
    toml.element("features");
    toml.text("ref", feature.reference);
    std::vector<std::string> options;
    for (const auto& [name, value] : feature.options) {
      options.push_back(format("{} = {}", toml_key(name), value));
    }
    if (!options.empty()) {
      toml.raw("options", format("{{ {} }}", join(options, ", ")));
    }
  }
}

}  // namespace devenv::profiles
