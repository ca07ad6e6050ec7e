// SPDX-License-Identifier: MIT
// Image names as docker and podman write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "env/base/digest.hpp"
#include "env/base/result.hpp"

namespace devenv::image {

/// registry/repository[:tag][@digest], with Docker's defaults filled in: no registry is docker.io,
/// a single component on docker.io is below library/, neither tag nor digest is the tag "latest".
/// Source: distribution/reference grammar; OCI distribution-spec, "Pulling manifests".
class Reference {
 public:
  /// Accepts an optional "docker://" in front. Errors: usage, saying what is wrong with it.
  static Result<Reference> parse(std::string_view text);

  const std::string& registry() const { return registry_; }      ///< "docker.io", "localhost:5000"
  const std::string& repository() const { return repository_; }  ///< "library/debian"
  const std::optional<std::string>& tag() const { return tag_; }
  const std::optional<Digest>& digest() const { return digest_; }

  /// Whether it was written without a registry: Docker's is only the default.
  bool is_short() const { return !short_name_.empty(); }
  /// What was written, without tag and digest: "debian"; "" unless is_short().
  const std::string& short_name() const { return short_name_; }

  /// string(), but without the registry where none was written: "debian:13".
  std::string as_written() const;

  /// In full: "docker.io/library/debian:13".
  std::string string() const;
  /// What a manifest is asked for by: the digest, else the tag.
  std::string selector() const;
  /// Last component and tag in a form fit for an environment's name: "debian-13", "alpine".
  std::string suggested_name() const;

  /// Whatever their tags and digests.
  bool same_repository(const Reference& other) const {
    return registry_ == other.registry_ && repository_ == other.repository_;
  }
  /// Whether they name the same image, however they were written.
  bool operator==(const Reference& other) const;

 private:
  Reference() = default;
  std::string version() const;
  std::string registry_;
  std::string repository_;
  std::string short_name_;
  std::optional<std::string> tag_;
  std::optional<Digest> digest_;
};

}  // namespace devenv::image
