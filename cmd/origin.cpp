// SPDX-License-Identifier: MIT
#include "cmd/origin.hpp"

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::cmd {
namespace {

struct ProfileWord {
  std::string profile;
  std::string release;  ///< empty: the default one
};

ProfileWord split_profile(const std::string& word) {
  const std::size_t colon = word.find(':');
  return colon == std::string::npos ? ProfileWord{word, ""}
                                    : ProfileWord{word.substr(0, colon), word.substr(colon + 1)};
}

}  // namespace

bool is_bare(const std::string& word) {
  return word.find_first_of(":/.@") == std::string::npos;
}

std::optional<std::string> similar_profile(const profiles::Catalog& catalog,
                                           const std::string& word) {
  const auto names = catalog.names();
  return names ? text::closest(split_profile(word).profile, *names) : std::nullopt;
}

Result<std::optional<Origin>> origin_from_profile(const profiles::Catalog& catalog,
                                                  const std::string& word,
                                                  Fetch fetch) {
  const ProfileWord wanted = split_profile(word);
  if (word.find('/') != std::string::npos) {
    return std::nullopt;
  }
  TRY_ASSIGN(const std::optional<profiles::Profile> profile, catalog.find(wanted.profile));
  if (!profile) {
    return std::nullopt;
  }
  TRY_ASSIGN(const profiles::Release release, profiles::choose_release(*profile, wanted.release));
  const std::string suggested_name =
      wanted.release.empty() ? profile->name : profile->name + "-" + wanted.release;
  if (fetch == Fetch::registry) {
    TRY_ASSIGN(instance::ImageSource source, profiles::image_source(*profile, release));
    return Origin{std::move(source), release.image,    profile->name, suggested_name,
                  profile->shares,   profile->exports, profile->shell};
  }
  if (profile->bootstrap_distribution.empty() || release.bootstrap_suite.empty()) {
    return fail(
        ErrorCode::unsupported,
        format("release '{}' of profile '{}' cannot be bootstrapped", release.name, profile->name));
  }
  return Origin{instance::Bootstrap{.distribution = profile->bootstrap_distribution,
                                    .suite = release.bootstrap_suite},
                format("bootstrap:{}/{}", profile->bootstrap_distribution, release.bootstrap_suite),
                profile->name,
                suggested_name,
                profile->shares,
                profile->exports,
                profile->shell};
}

Result<Origin> require_profile(const profiles::Catalog& catalog,
                               const std::string& word,
                               Fetch fetch) {
  TRY_ASSIGN(std::optional<Origin> origin, origin_from_profile(catalog, word, fetch));
  if (origin) {
    return *std::move(origin);
  }
  const auto similar = similar_profile(catalog, word);
  return fail(Error(ErrorCode::not_found,
                    format("there is no profile '{}'", text::sanitize(split_profile(word).profile)))
                  .with_hint(similar ? format("did you mean '{}'?", *similar)
                                     : "see what there is: devenv profile list"));
}

}  // namespace devenv::cmd
