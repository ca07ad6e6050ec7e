// SPDX-License-Identifier: MIT
// Dev container features of a project: their order, and what their scripts are told. Pure.
// Source: Development Containers Specification, "Features" and "Feature dependencies".
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "env/base/result.hpp"
#include "env/image/feature.hpp"
#include "env/image/reference.hpp"

namespace devenv::profiles {

/// A feature with the options that are chosen for it.
struct ChosenFeature {
  image::Reference reference;
  std::map<std::string, std::string> options;
  image::StoredFeature stored;
};

/// The same contents with the same options: installed once.
bool is_same(const ChosenFeature& one, const ChosenFeature& other);

/// The order to install them in: that of the list, but each after those it depends on
/// (`dependsOn`) and after those of the list that it names (`installsAfter`), by whatever tag.
/// Errors: usage, naming them, for features that wait for each other.
Result<std::vector<ChosenFeature>> in_order(std::vector<ChosenFeature> features);

/// The variable that a feature's script finds an option in: "node-version" is NODE_VERSION.
std::string option_variable(std::string_view option);

/// NAME=VALUE of all its options, chosen or not. Errors: usage for a value that is not among those
/// it has.
Result<std::vector<std::string>> option_variables(const ChosenFeature& feature);
/// Options that it does not have.
std::vector<std::string> unknown_options(const ChosenFeature& feature);

using Variables = std::vector<std::pair<std::string, std::string>>;

/// Sets variables in the list of NAME=VALUE as a line ENV of a Dockerfile does: $NAME and ${NAME}
/// are what the list has.
void set_variables(const Variables& variables, std::vector<std::string>& list);
/// The directories of PATH that the second list has and the first has not.
std::vector<std::string> added_directories(const std::vector<std::string>& before,
                                           const std::vector<std::string>& after);
/// A line for sh that sets variables so, for each of them in turn, and runs its arguments; "" when
/// there is nothing to set.
std::string exporting_line(const std::vector<Variables>& all);

}  // namespace devenv::profiles
