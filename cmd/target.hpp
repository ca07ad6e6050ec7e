// SPDX-License-Identifier: MIT
// What `devenv enter WORD` means.
#pragma once

#include <optional>
#include <string>

#include "cmd/context.hpp"
#include "cmd/origin.hpp"
#include "env/instance/environment.hpp"

namespace devenv::cmd {

/// An environment that exists, or what to make one of.
struct Target {
  instance::EnvironmentName name;
  std::optional<instance::Environment> environment;
  std::optional<Origin> origin;  ///< set when there is no environment
};

/// An environment of that name, else a profile (with ":RELEASE"), else an image; for the last two
/// the environment that was made of it before, if there is one.
/// Errors: not_found with "did you mean" for a word that is close to a known name; conflict when
/// the environment's name is taken by one that is made of something else.
Result<Target> find_target(const std::string& word, Context& context);

/// Where an environment will come from, for people: the reference in full, the file, the suite.
std::string described(const Origin& origin);

}  // namespace devenv::cmd
