// SPDX-License-Identifier: MIT
#include "env/image/reference.hpp"

#include <algorithm>

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::image {
namespace {

constexpr std::string_view kDefaultRegistry = "docker.io";
constexpr std::string_view kDefaultTag = "latest";
constexpr std::size_t kMaxReference = 1024;  // name, tag and digest; far above what the parts allow
constexpr std::size_t kMaxName = 255;        // registry and repository together
constexpr std::size_t kMaxTag = 128;
constexpr std::size_t kMaxSuggestedName = 63;  // an environment's name is at most this long

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_alphanumeric(char c) {
  return is_lower(c) || is_upper(c) || is_digit(c);
}

/// One part of a host name: letters, digits and inner hyphens.
bool is_host_label(std::string_view label) {
  return !label.empty() && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(),
                     [](char c) { return is_alphanumeric(c) || c == '-'; });
}

/// "[::1]": only the form is checked, the network code resolves it.
bool is_ipv6_literal(std::string_view host) {
  return host.size() > 2 && host.front() == '[' && host.back() == ']' &&
         host.find_first_not_of("0123456789abcdefABCDEF:.", 1) == host.size() - 1;
}

bool is_registry(std::string_view text) {
  std::string_view host = text;
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && text.back() != ']') {
    const auto port = text::parse_number(text.substr(colon + 1));
    if (!port || *port == 0 || *port > 65535) {
      return false;
    }
    host = text.substr(0, colon);
  }
  if (is_ipv6_literal(host)) {
    return true;
  }
  const auto labels = text::split(host, '.');
  return std::all_of(labels.begin(), labels.end(), is_host_label);
}

/// Lower-case letters and digits, with '.', '_', "__" or hyphens between them.
bool is_path_component(std::string_view component) {
  const auto plain = [](char c) { return is_lower(c) || is_digit(c); };
  std::size_t i = 0;
  while (true) {
    const std::size_t word = i;
    while (i < component.size() && plain(component[i])) {
      ++i;
    }
    if (i == word) {
      return false;  // starts or ends with a separator, or has something else in it
    }
    if (i == component.size()) {
      return true;
    }
    const std::size_t separator = i;
    while (i < component.size() && component[i] == component[separator] && !plain(component[i])) {
      ++i;
    }
    const std::string_view between = component.substr(separator, i - separator);
    if (between != "." && between != "_" && between != "__" && between[0] != '-') {
      return false;
    }
  }
}

bool is_tag(std::string_view tag) {
  const auto allowed = [](char c) {
    return is_alphanumeric(c) || c == '_' || c == '.' || c == '-';
  };
  return !tag.empty() && tag.size() <= kMaxTag && tag.front() != '.' && tag.front() != '-' &&
         std::all_of(tag.begin(), tag.end(), allowed);
}

/// Whether the first component names a registry: Docker's rule.
bool looks_like_registry(std::string_view component) {
  return component == "localhost" || component.find_first_of(".:[") != std::string_view::npos ||
         std::any_of(component.begin(), component.end(), is_upper);
}

Error invalid(std::string_view text, const std::string& reason) {
  return Error(ErrorCode::usage,
               format("'{}' is not an image reference: {}", text::sanitize(text), reason));
}

Result<void> check_repository(std::string_view text, std::string_view repository) {
  if (repository.empty()) {
    return fail(invalid(text, "the repository is missing"));
  }
  for (const std::string_view component : text::split(repository, '/')) {
    if (is_path_component(component)) {
      continue;
    }
    if (std::any_of(component.begin(), component.end(), is_upper)) {
      return fail(invalid(text, "a repository is written in lower case")
                      .with_hint(format("try {}", text::sanitize(text::to_lower(text)))));
    }
    if (component.empty()) {
      return fail(invalid(text, "a component of the repository is empty"));
    }
    return fail(invalid(text, format("'{}' may only have letters, digits and single '.', '_', '-' "
                                     "between them",
                                     text::sanitize(component))));
  }
  return {};
}

/// What people paste: said plainly instead of as a broken grammar rule.
Result<void> check_whole(std::string_view text) {
  if (text.empty()) {
    return fail(ErrorCode::usage, "an empty image reference");
  }
  if (text.size() > kMaxReference) {
    return fail(ErrorCode::usage, format("an image reference of {} bytes; at most {} are allowed",
                                         text.size(), kMaxReference));
  }
  if (text.find("://") != std::string_view::npos) {
    return fail(
        invalid(text, "it is a URL")
            .with_hint("an image of a registry is written like docker.io/library/debian:13; what "
                       "is a file somewhere is fetched by 'devenv import URL'"));
  }
  if (text.find_first_of(" \t\r\n") != std::string_view::npos) {
    return fail(invalid(text, "it has white space in it"));
  }
  return {};
}

}  // namespace

Result<Reference> Reference::parse(std::string_view text) {
  constexpr std::string_view kScheme = "docker://";
  std::string_view rest = text.starts_with(kScheme) ? text.substr(kScheme.size()) : text;
  TRY(check_whole(rest));
  Reference reference;
  if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
    auto digest = Digest::parse(rest.substr(at + 1));
    if (!digest) {
      return fail(invalid(text, digest.error().message()));
    }
    reference.digest_ = std::move(*digest);
    rest = rest.substr(0, at);
  }
  const std::size_t last_slash = rest.rfind('/');
  const std::size_t colon = rest.rfind(':');
  if (colon != std::string_view::npos &&
      (last_slash == std::string_view::npos || colon > last_slash)) {
    const std::string_view tag = rest.substr(colon + 1);
    if (!is_tag(tag)) {
      return fail(invalid(text, format("'{}' is not a tag", text::sanitize(tag))));
    }
    reference.tag_ = std::string(tag);
    rest = rest.substr(0, colon);
  }
  std::string_view registry = kDefaultRegistry;
  bool has_registry = false;
  const std::size_t first_slash = rest.find('/');
  if (first_slash != std::string_view::npos && looks_like_registry(rest.substr(0, first_slash))) {
    registry = rest.substr(0, first_slash);
    rest = rest.substr(first_slash + 1);
    has_registry = true;
    if (!is_registry(registry)) {
      return fail(invalid(text, format("'{}' is not a host name", text::sanitize(registry))));
    }
  }
  TRY(check_repository(text, rest));
  reference.short_name_ = has_registry ? "" : std::string(rest);
  // The old name of Docker Hub is still in people's scripts.
  reference.registry_ = registry == "index.docker.io" ? kDefaultRegistry : registry;
  const bool official =
      reference.registry_ == kDefaultRegistry && rest.find('/') == std::string_view::npos;
  reference.repository_ = official ? format("library/{}", rest) : std::string(rest);
  if (reference.registry_.size() + 1 + reference.repository_.size() > kMaxName) {
    return fail(invalid(text, format("the name is longer than {} characters", kMaxName)));
  }
  if (!reference.tag_ && !reference.digest_) {
    reference.tag_ = std::string(kDefaultTag);
  }
  return reference;
}

bool Reference::operator==(const Reference& other) const {
  return registry_ == other.registry_ && repository_ == other.repository_ && tag_ == other.tag_ &&
         digest_ == other.digest_;
}

std::string Reference::string() const {
  return registry_ + "/" + repository_ + version();
}

std::string Reference::as_written() const {
  return is_short() ? short_name_ + version() : string();
}

std::string Reference::version() const {
  return (tag_ ? ":" + *tag_ : "") + (digest_ ? "@" + digest_->string() : "");
}

std::string Reference::selector() const {
  return digest_ ? digest_->string() : *tag_;
}

std::string Reference::suggested_name() const {
  std::string name = repository_.substr(repository_.rfind('/') + 1);
  if (tag_ && *tag_ != kDefaultTag) {
    name += "-" + *tag_;
  }
  return name.substr(0, kMaxSuggestedName);
}

}  // namespace devenv::image
