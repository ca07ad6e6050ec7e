// SPDX-License-Identifier: MIT
// The rows of the profile schema and the rules for their values.
#include <array>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/host/shares.hpp"
#include "env/image/reference.hpp"
#include "profiles/profile_names_internal.hpp"
#include "profiles/schema.hpp"

namespace devenv::profiles {
namespace {

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz0123456789";

std::optional<Complaint> check_profile_name(std::string_view value) {
  if (is_profile_name(value)) {
    return std::nullopt;
  }
  return Complaint{format("bad profile name '{}'", text::sanitize(value)),
                   "use lower-case letters, digits and '-', with a letter first"};
}

std::optional<Complaint> check_line(std::string_view value) {
  if (!text::trim(value).empty() && text::sanitize(value) == value) {
    return std::nullopt;
  }
  return Complaint{"expected one line of text", ""};
}

std::optional<Complaint> check_release_name(std::string_view value) {
  if (is_release_name(value)) {
    return std::nullopt;
  }
  return Complaint{format("bad release name '{}'", text::sanitize(value)),
                   "use letters, digits, '.', '_' and '-', as in the tag of an image"};
}

std::optional<Complaint> check_image(std::string_view value) {
  const auto reference = image::Reference::parse(value);
  if (reference) {
    return std::nullopt;
  }
  return Complaint{reference.error().to_line(), reference.error().hint()};
}

/// A suite becomes an argument and a part of a URL, hence the narrow alphabet.
std::optional<Complaint> check_suite(std::string_view value) {
  const bool plain =
      !value.empty() && kLower.find(value[0]) != std::string_view::npos &&
      value.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") == std::string_view::npos;
  if (plain) {
    return std::nullopt;
  }
  return Complaint{format("bad suite name '{}'", text::sanitize(value)),
                   "use lower-case letters, digits, '.' and '-'"};
}

std::optional<Complaint> check_choice(std::string_view value,
                                      std::string_view what,
                                      const std::vector<std::string>& choices) {
  for (const std::string& choice : choices) {
    if (value == choice) {
      return std::nullopt;
    }
  }
  const auto close = text::closest(value, choices);
  return Complaint{
      format("unknown {} '{}'", what, text::sanitize(value)),
      close ? format("did you mean '{}'?", *close) : format("one of: {}", join(choices, ", "))};
}

std::optional<Complaint> check_package_manager(std::string_view value) {
  return check_choice(
      value, "package manager",
      {"apk", "apt", "apt-rpm", "dnf", "emerge", "pacman", "slackpkg", "xbps", "yum", "zypper"});
}

std::optional<Complaint> check_distribution(std::string_view value) {
  return check_choice(value, "distribution to bootstrap", {"debian", "ubuntu"});
}

}  // namespace

std::optional<Complaint> check_share(std::string_view value) {
  const auto known = host::check_share_names({std::string(value)});
  if (known) {
    return std::nullopt;
  }
  return Complaint{known.error().to_line(), known.error().hint()};
}

namespace {

constexpr std::array kProfileSchema = {
    SchemaKey{"", "name", ValueKind::text, Need::required,
              "what people type; the file is called `NAME.toml`", check_profile_name},
    SchemaKey{"", "summary", ValueKind::text, Need::required, "one line for `devenv profile list`",
              check_line},
    SchemaKey{"", "default-release", ValueKind::text, Need::required,
              "name or alias of the release that is meant when none is given", check_release_name},
    SchemaKey{"", "package-manager", ValueKind::text, Need::required,
              "`apk`, `apt`, `apt-rpm`, `dnf`, `emerge`, `pacman`, `slackpkg`, `xbps`, `yum` or "
              "`zypper`",
              check_package_manager},
    SchemaKey{"", "share", ValueKind::text_list, Need::optional,
              "what to share of the host, by the names of `devenv help shares`", check_share},
    SchemaKey{"", "no-share", ValueKind::text_list, Need::optional, "what not to share of the host",
              check_share},
    SchemaKey{"", "exports", ValueKind::table, Need::optional,
              "what appears on the host by itself as soon as it is installed inside"},
    SchemaKey{"", "bootstrap", ValueKind::table, Need::optional,
              "how a root file system is made when no registry can be reached"},
    SchemaKey{"", "release", ValueKind::table_list, Need::required,
              "one for each release, newest stable first"},
    SchemaKey{"exports", "auto", ValueKind::boolean, Need::optional,
              "every graphical program with an entry in menus"},
    SchemaKey{"exports", "apps", ValueKind::text_list, Need::optional,
              "graphical programs, as for `devenv export --app`", check_line},
    SchemaKey{"exports", "bins", ValueKind::text_list, Need::optional,
              "commands, as for `devenv export --bin`", check_line},
    SchemaKey{"exports", "services", ValueKind::text_list, Need::optional,
              "services, as for `devenv export --service`", check_line},
    SchemaKey{"bootstrap", "distribution", ValueKind::text, Need::required,
              "`debian` or `ubuntu`: whose archive and keys are used", check_distribution},
    SchemaKey{"release", "name", ValueKind::text, Need::required,
              "what people type after the colon: `debian:trixie`", check_release_name},
    SchemaKey{"release", "aliases", ValueKind::text_list, Need::optional,
              "other names of the same release", check_release_name},
    SchemaKey{"release", "image", ValueKind::text, Need::required,
              "reference of the image, in full", check_image},
    SchemaKey{"release", "bootstrap", ValueKind::text, Need::optional,
              "suite to bootstrap; without it this release comes from the registry only",
              check_suite},
};

}  // namespace

bool is_profile_name(std::string_view name) {
  return !name.empty() && name.size() <= 63 && name[0] >= 'a' && name[0] <= 'z' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

bool is_release_name(std::string_view name) {
  constexpr std::string_view kTag =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  return !name.empty() && name.size() <= 128 && name[0] != '.' && name[0] != '-' &&
         name.find_first_not_of(kTag) == std::string_view::npos;
}

std::span<const SchemaKey> profile_schema() {
  return kProfileSchema;
}

}  // namespace devenv::profiles
