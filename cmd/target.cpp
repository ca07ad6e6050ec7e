// SPDX-License-Identifier: MIT
#include "cmd/target.hpp"

#include "cmd/names.hpp"
#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/instance/catalog.hpp"

namespace devenv::cmd {
namespace {

/// The known name that a bare word may have been meant to be.
Result<std::optional<std::string>> similar_name(const std::string& word,
                                                const profiles::Catalog& catalog,
                                                Context& context) {
  TRY_ASSIGN(std::vector<std::string> names, environment_names(context));
  TRY_ASSIGN(const std::vector<std::string> profiles, catalog.names());
  names.insert(names.end(), profiles.begin(), profiles.end());
  return text::closest(word, names);
}

/// What a word is that is no environment.
Result<Origin> find_origin(const std::string& word, Context& context) {
  TRY_ASSIGN(const profiles::Catalog catalog, context.profiles());
  TRY_ASSIGN(std::optional<Origin> origin, origin_from_profile(catalog, word, Fetch::registry));
  if (origin) {
    return *std::move(origin);
  }
  if (word == "-") {
    return fail(Error(ErrorCode::usage, "standard input is what a shell would read from")
                    .with_hint("devenv create NAME --image -"));
  }
  if (is_bare(word)) {
    TRY_ASSIGN(const auto similar, similar_name(word, catalog, context));
    if (similar) {
      return fail(
          Error(ErrorCode::not_found,
                format("there is no environment or profile '{}'", text::sanitize(word)))
              .with_hint(format("did you mean '{}'? The image of that name is: devenv enter "
                                "docker.io/library/{}",
                                *similar, text::sanitize(word))));
    }
  }
  auto image = origin_from_image(word);
  if (!image) {
    return fail(image.error().context(
        format("'{}' is no environment, no profile and no image", text::sanitize(word))));
  }
  return image;
}

bool made_of(const instance::Environment& environment, const Origin& origin) {
  if (shown_word(environment.spec.image) == origin.image) {
    return true;
  }
  const auto* const registry = std::get_if<instance::FromRegistry>(&origin.source);
  return registry != nullptr && environment.state.image_reference == registry->reference.string();
}

}  // namespace

std::string described(const Origin& origin) {
  if (const auto* const registry = std::get_if<instance::FromRegistry>(&origin.source)) {
    return registry->reference.string();
  }
  return origin.image;
}

Result<Target> find_target(const std::string& word, Context& context) {
  if (word.empty()) {
    return fail(Error(ErrorCode::usage, "the name of the environment is empty")
                    .with_hint("see what there is: devenv list"));
  }
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  if (auto name = instance::EnvironmentName::parse(word)) {
    TRY_ASSIGN(auto environment, instance::find_environment(*workspace, *name));
    if (environment) {
      return Target{.name = *std::move(name), .environment = std::move(environment)};
    }
  }
  TRY_ASSIGN(Origin origin, find_origin(word, context));
  auto name = instance::EnvironmentName::parse(origin.suggested_name);
  if (!name) {
    return fail(name.error().with_hint(
        format("name it: devenv create NAME --image {}", text::shell_quote(text::sanitize(word)))));
  }
  TRY_ASSIGN(auto environment, instance::find_environment(*workspace, *name));
  // "fedora:43" is the environment fedora-43, whatever the profile says by now that release is.
  if (environment && origin.profile.empty() && !made_of(*environment, origin)) {
    return fail(Error(ErrorCode::conflict,
                      format("environment '{}' exists and is made of another image: {}",
                             name->string(), text::sanitize(environment->spec.image)))
                    .with_hint(format("devenv create NAME --image {}",
                                      text::shell_quote(text::sanitize(word)))));
  }
  Target target{.name = *std::move(name), .environment = std::move(environment)};
  if (!target.environment) {
    target.origin = std::move(origin);
  }
  return target;
}

}  // namespace devenv::cmd
