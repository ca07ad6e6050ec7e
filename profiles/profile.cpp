// SPDX-License-Identifier: MIT
#include "profiles/profile.hpp"

#include <algorithm>

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::profiles {

std::string Diagnostic::to_string() const {
  return format("{}:{}:{}: {}", text::sanitize(file), line, column, message);
}

Result<Release> choose_release(const Profile& profile, std::string_view release) {
  const std::string_view wanted = release.empty() ? profile.default_release : release;
  // Names before aliases, so that an alias can never hide a release.
  for (const Release& each : profile.releases) {
    if (each.name == wanted) {
      return each;
    }
  }
  std::vector<std::string> names;
  std::vector<std::string> all;
  for (const Release& each : profile.releases) {
    if (std::find(each.aliases.begin(), each.aliases.end(), wanted) != each.aliases.end()) {
      return each;
    }
    names.push_back(each.name);
    all.push_back(each.name);
    all.insert(all.end(), each.aliases.begin(), each.aliases.end());
  }
  const auto close = text::closest(wanted, all);
  return fail(
      Error(ErrorCode::not_found, format("profile '{}' has no release '{}'; it has: {}",
                                         profile.name, text::sanitize(wanted), join(names, ", ")))
          .with_hint(close ? format("did you mean '{}:{}'?", profile.name, *close)
                           : format("devenv profile show {}", profile.name)));
}

Result<instance::ImageSource> image_source(const Profile& profile, const Release& release) {
  TRY_ASSIGN_CONTEXT(auto reference, image::Reference::parse(release.image),
                     format("cannot use release '{}' of profile '{}'", release.name, profile.name));
  instance::FromRegistry source{.reference = std::move(reference)};
  if (!profile.bootstrap_distribution.empty() && !release.bootstrap_suite.empty()) {
    source.fallback = instance::Bootstrap{.distribution = profile.bootstrap_distribution,
                                          .suite = release.bootstrap_suite};
  }
  return instance::ImageSource(std::move(source));
}

}  // namespace devenv::profiles
