// SPDX-License-Identifier: MIT
// The rows of the profile schema and the rules for their values.
#include <array>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/host/shares.hpp"
#include "env/image/reference.hpp"
#include "profiles/package_manager.hpp"
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
  return check_choice(value, "package manager", package_manager_names());
}

std::optional<Complaint> check_shell(std::string_view value) {
  if (value.starts_with('/') && value.find_first_of(" \t\n") == std::string_view::npos) {
    return std::nullopt;
  }
  return Complaint{format("bad shell '{}'", text::sanitize(value)), "its path inside: /bin/bash"};
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
    SchemaKey{"", "shell", ValueKind::text, Need::optional,
              "the shell of `devenv enter`, instead of your own", check_shell},
    SchemaKey{"", "share", ValueKind::text_list, Need::optional,
              "what to share of the host, by the names of `devenv help shares`", check_share},
    SchemaKey{"", "no-share", ValueKind::text_list, Need::optional, "what not to share of the host",
              check_share},
    SchemaKey{"", "tools", ValueKind::text_map, Need::optional,
              "packages of tools that are called otherwise than the package manager has it; `\"\"` "
              "for what there is no package of",
              check_packages, check_tool},
    SchemaKey{"", "packages", ValueKind::table, Need::optional,
              "lines for sh that differ from those of the package manager"},
    SchemaKey{"", "exports", ValueKind::table, Need::optional,
              "what appears on the host by itself as soon as it is installed inside"},
    SchemaKey{"", "bootstrap", ValueKind::table, Need::optional,
              "how a root file system is made when no registry can be reached"},
    SchemaKey{"", "release", ValueKind::table_list, Need::required,
              "one for each release, newest stable first"},
    SchemaKey{"packages", "refresh", ValueKind::text, Need::optional,
              "learn which packages there are"},
    SchemaKey{"packages", "install", ValueKind::text, Need::optional,
              "install the packages `\"$@\"`"},
    SchemaKey{"packages", "remove", ValueKind::text, Need::optional,
              "remove the packages `\"$@\"`"},
    SchemaKey{"packages", "upgrade", ValueKind::text, Need::optional,
              "refresh, and upgrade everything that is installed"},
    SchemaKey{"packages", "list", ValueKind::text, Need::optional,
              "print `NAME VERSION` of everything that is installed, sorted by byte"},
    SchemaKey{"packages", "clean", ValueKind::text, Need::optional,
              "remove what is left of downloads in the root"},
    SchemaKey{"packages", "add-repository", ValueKind::text, Need::optional,
              "add the repository `$1`"},
    SchemaKey{"packages", "add-key", ValueKind::text, Need::optional,
              "trust what is signed by the key in the file `$1`"},
    SchemaKey{"packages", "snapshot", ValueKind::text, Need::optional,
              "from now on take the packages of the day `$1`"},
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
    SchemaKey{"release", "package-manager", ValueKind::text, Need::optional,
              "where it is not the profile's", check_package_manager},
    SchemaKey{"release", "tools", ValueKind::text_map, Need::optional,
              "where they are not the profile's", check_packages, check_tool},
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
