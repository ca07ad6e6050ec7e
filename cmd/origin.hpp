// SPDX-License-Identifier: MIT
// What the words of `create` and `enter` say an environment is to be made of.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "env/base/result.hpp"
#include "env/instance/images.hpp"
#include "profiles/profile.hpp"

namespace devenv::cmd {

struct Origin {
  instance::ImageSource source;
  std::string image;                    ///< for people and for Spec::image
  std::string profile;                  ///< its name; empty if none
  std::string suggested_name;           ///< of the environment, when the user gives none
  host::ShareChoice shares;             ///< of the profile
  instance::ExportWishes exports = {};  ///< of the profile
  std::string shell = {};               ///< of the profile; "": the user's
};

enum class Fetch { registry, bootstrap };

/// "fedora", "fedora:43": a profile and a release of it. nullopt when there is no profile of that
/// name. The suggested name is "fedora", "fedora-43".
/// Errors: not_found for a release the profile does not have; usage for a malformed profile;
/// unsupported for Fetch::bootstrap when the release cannot be bootstrapped.
Result<std::optional<Origin>> origin_from_profile(const profiles::Catalog& catalog,
                                                  const std::string& word,
                                                  Fetch fetch);

/// As origin_from_profile, but absence is a not_found error with a suggestion.
Result<Origin> require_profile(const profiles::Catalog& catalog,
                               const std::string& word,
                               Fetch fetch);

/// What `--image` takes:
///
/// - a file, or what is written like a path ("./root", "/root"), an http, https or file URL, "-"
/// for
///   standard input: an archive. "#sha256=HEX" behind it says which bytes it has to have.
/// - the names that skopeo(1) has for places: "docker://REF", "oci:DIR[:TAG]",
///   "oci-archive:FILE[:TAG]", "docker-archive:FILE[:TAG]", "containers-storage:NAME" (podman's),
///   "docker-daemon:NAME".
/// - else a reference.
///
/// Errors: usage for a malformed one, and a place that nothing is fetched from; not_found for a
/// missing file. Source: containers-transports(5).
Result<Origin> origin_from_image(const std::string& word);

/// What is kept and listed of a URL: its query may be a secret, and is only needed to fetch. A few
/// digits of its digest tell it from others.
std::string shown_word(const std::string& word);

/// What the flags --checksums and --keyring say, if they do. Errors: usage.
Result<void> add_check(Origin& origin,
                       const std::optional<std::string>& checksums,
                       const std::optional<std::string>& keyring);

/// Whether `word` could only be an image by its short name: neither ':' nor '/' nor '.'.
bool is_bare(const std::string& word);

/// Profiles whose name is close to what was typed; for "did you mean".
std::optional<std::string> similar_profile(const profiles::Catalog& catalog,
                                           const std::string& word);

}  // namespace devenv::cmd
