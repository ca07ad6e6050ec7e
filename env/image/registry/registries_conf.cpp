// SPDX-License-Identifier: MIT
#include "env/image/registry/registries_conf.hpp"

#include <algorithm>

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::image::registry {
namespace {

constexpr std::string_view kAnyHost = "*.";

/// `end`, when a part of the name ends there.
std::optional<std::size_t> ends_part(std::string_view name, std::size_t end) {
  const bool ends =
      name.size() == end || std::string_view("/:@").find(name[end]) != std::string_view::npos;
  return ends ? std::optional(end) : std::nullopt;
}

/// How much of `name` the prefix stands for; nullopt when it does not fit. A prefix ends where a
/// part of the name ends: "quay.io/team" is none of "quay.io/teams/x".
std::optional<std::size_t> fitting_length(std::string_view name, std::string_view prefix) {
  if (prefix.starts_with(kAnyHost)) {
    // What the asterisk stands for is a part of the host.
    const std::size_t at = name.find(prefix.substr(1));
    if (at == std::string_view::npos || at == 0 || at > name.find('/')) {
      return std::nullopt;
    }
    return ends_part(name, at + prefix.size() - 1);
  }
  return name.starts_with(prefix) ? ends_part(name, prefix.size()) : std::nullopt;
}

/// `location` in the place of the first `replaced` bytes of the name.
Result<Place> place_at(const Reference& reference,
                       std::size_t replaced,
                       const std::string& location,
                       bool insecure,
                       const std::string& file) {
  if (location.empty()) {
    return Place{.reference = reference, .insecure = insecure, .file = ""};
  }
  const std::string name = location + reference.string().substr(replaced);
  auto moved = Reference::parse(name);
  // A host alone with a tag behind it would be one of Docker's repositories.
  if (!moved || moved->is_short()) {
    return fail(Error(ErrorCode::failed,
                      format("'{}' makes '{}' of '{}', which is not an image's name",
                             text::sanitize(file), text::sanitize(name), reference.string())));
  }
  const bool is_other = *moved != reference;
  return Place{.reference = *std::move(moved), .insecure = insecure, .file = is_other ? file : ""};
}

bool serves(const RegistryRule& rule, const Mirror& mirror, const Reference& reference) {
  const MirrorUse use = rule.mirror_by_digest_only ? MirrorUse::digest_only : mirror.use;
  const bool has_digest = reference.digest().has_value();
  return use == MirrorUse::all || (use == MirrorUse::digest_only) == has_digest;
}

Error blocked(const Reference& reference, const RegistryRule& rule) {
  return Error(ErrorCode::failed, format("'{}' is blocked by registries.conf", reference.string()))
      .with_hint(format("the rule for '{}' is in {}", text::sanitize(rule.prefix),
                        text::sanitize(rule.file)));
}

}  // namespace

void RegistriesConf::add(RegistriesConf later) {
  for (RegistryRule& rule : later.rules_) {
    const auto same = std::find_if(rules_.begin(), rules_.end(), [&rule](const RegistryRule& each) {
      return each.prefix == rule.prefix;
    });
    if (same == rules_.end()) {
      rules_.push_back(std::move(rule));
    } else {
      *same = std::move(rule);
    }
  }
  for (auto& [name, full] : later.aliases_) {
    aliases_.insert_or_assign(name, std::move(full));
  }
  if (later.searched_) {
    searched_ = std::move(later.searched_);
    searched_file_ = std::move(later.searched_file_);
  }
}

const RegistryRule* RegistriesConf::rule_for(const Reference& reference) const {
  const std::string name = reference.string();
  const RegistryRule* best = nullptr;
  for (const RegistryRule& rule : rules_) {
    if (fitting_length(name, rule.prefix) &&
        (best == nullptr || rule.prefix.size() > best->prefix.size())) {
      best = &rule;
    }
  }
  return best;
}

Result<Place> RegistriesConf::primary(const Reference& reference) const {
  const RegistryRule* rule = rule_for(reference);
  if (rule == nullptr) {
    return Place{.reference = reference, .insecure = false, .file = ""};
  }
  if (rule->blocked) {
    return fail(blocked(reference, *rule));
  }
  return place_at(reference, fitting_length(reference.string(), rule->prefix).value_or(0),
                  rule->location, rule->insecure, rule->file);
}

Result<std::vector<Place>> RegistriesConf::pull_places(const Reference& reference) const {
  TRY_ASSIGN(Place last, primary(reference));
  std::vector<Place> places;
  if (const RegistryRule* rule = rule_for(reference)) {
    const std::size_t replaced = fitting_length(reference.string(), rule->prefix).value_or(0);
    for (const Mirror& mirror : rule->mirrors) {
      if (serves(*rule, mirror, reference)) {
        TRY_ASSIGN(Place place,
                   place_at(reference, replaced, mirror.location, mirror.insecure, rule->file));
        places.push_back(std::move(place));
      }
    }
  }
  places.push_back(std::move(last));
  return places;
}

bool RegistriesConf::is_insecure(std::string_view host) const {
  return std::any_of(rules_.begin(), rules_.end(), [host](const RegistryRule& rule) {
    return rule.insecure && (rule.location == host || rule.prefix == host);
  });
}

Result<Reference> RegistriesConf::qualify(const Reference& reference) const {
  if (!reference.is_short()) {
    return reference;
  }
  const std::string& name = reference.short_name();
  const std::string suffix = reference.as_written().substr(name.size());
  const auto alias = aliases_.find(name);
  if (alias != aliases_.end() && !alias->second.empty()) {
    return Reference::parse(alias->second + suffix);
  }
  if (!searched_ || searched_->empty()) {
    return reference;
  }
  if (searched_->size() == 1) {
    return Reference::parse(format("{}/{}{}", searched_->front(), name, suffix));
  }
  std::vector<std::string> candidates;
  for (const std::string& registry : *searched_) {
    const auto candidate = Reference::parse(format("{}/{}{}", registry, name, suffix));
    candidates.push_back(candidate ? candidate->string() : registry);
  }
  return fail(Error(ErrorCode::usage, format("'{}' may be an image of {} registries", name + suffix,
                                             candidates.size()))
                  .with_hint(format("write one in full: {} (unqualified-search-registries in {})",
                                    join(candidates, ", "), text::sanitize(searched_file_))));
}

}  // namespace devenv::image::registry
