// SPDX-License-Identifier: MIT
// The rows of the schema of devenv.toml and the rules for their values.
#include <array>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/image/reference.hpp"
#include "env/instance/environment.hpp"
#include "env/sandbox/storage.hpp"
#include "profiles/project_merge.hpp"
#include "profiles/schema.hpp"

namespace devenv::profiles {
namespace {

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
constexpr std::string_view kDigits = "0123456789";

std::optional<Complaint> check_environment_name(std::string_view value) {
  const auto name = instance::EnvironmentName::parse(std::string(value));
  return name ? std::nullopt
              : std::optional(Complaint{name.error().to_line(), name.error().hint()});
}

std::optional<Complaint> check_host_commands(std::string_view value) {
  const auto policy = instance::parse_host_commands(value);
  return policy ? std::nullopt : std::optional(Complaint{policy.error().to_line(), ""});
}

std::optional<Complaint> check_storage_choice(std::string_view value) {
  const auto storage = sandbox::parse_storage_preference(value);
  return storage ? std::nullopt
                 : std::optional(Complaint{storage.error().to_line(), storage.error().hint()});
}

/// Of a program's environment (environ(7)), as shells can set it.
std::optional<Complaint> check_variable_name(std::string_view value) {
  const bool plain = !value.empty() && kLetters.find(value[0]) != std::string_view::npos &&
                     value.find_first_not_of(std::string(kLetters) + std::string(kDigits)) ==
                         std::string_view::npos;
  if (plain) {
    return std::nullopt;
  }
  return Complaint{format("bad name of a variable '{}'", text::sanitize(value)),
                   "use letters, digits and '_', with no digit first"};
}

/// Of tasks, services and variants: typed on a command line.
std::optional<Complaint> check_key(std::string_view value) {
  const std::string known = std::string(kLetters) + std::string(kDigits) + "-.:";
  const bool plain = !value.empty() && value[0] != '-' && value[0] != '.' &&
                     value.find_first_not_of(known) == std::string_view::npos;
  if (plain) {
    return std::nullopt;
  }
  return Complaint{format("bad name '{}'", text::sanitize(value)),
                   "use letters, digits, '_', '-', '.' and ':'"};
}

std::optional<Complaint> check_date(std::string_view value) {
  const bool plain = value.size() == 10 && value[4] == '-' && value[7] == '-' &&
                     value.find_first_not_of("0123456789-") == std::string_view::npos;
  if (plain) {
    return std::nullopt;
  }
  return Complaint{format("bad date '{}'", text::sanitize(value)), "write it as 2026-11-22"};
}

/// A repository is whatever the manager takes; of several lines where that is so.
std::optional<Complaint> check_repository(std::string_view value) {
  if (!text::trim(value).empty()) {
    return std::nullopt;
  }
  return Complaint{"expected a repository", ""};
}

/// A file of the project, or an https URL.
std::optional<Complaint> check_key_file(std::string_view value) {
  const bool is_url = value.find("://") != std::string_view::npos;
  const bool is_below = !value.empty() && value[0] != '/' && value != ".." &&
                        !value.starts_with("../") && !value.ends_with("/..") &&
                        value.find("/../") == std::string_view::npos;
  if (text::sanitize(value) == value && (is_url ? value.starts_with("https://") : is_below)) {
    return std::nullopt;
  }
  return Complaint{format("bad key '{}'", text::sanitize(value)),
                   "a file below the project, or a URL with https"};
}

/// "HOST:INSIDE[:ro]", or one path for both.
std::optional<Complaint> check_mount(std::string_view value) {
  const auto parts = text::split(value, ':');
  const bool has_mode = parts.size() == 3 && (parts[2] == "ro" || parts[2] == "rw");
  const bool is_plain =
      !value.empty() && !parts[0].empty() &&
      (parts.size() == 1 || (parts[1].starts_with('/') && (parts.size() == 2 || has_mode)));
  if (is_plain) {
    return std::nullopt;
  }
  return Complaint{format("bad mount '{}'", text::sanitize(value)),
                   "HOST:INSIDE or HOST:INSIDE:ro, with an absolute path INSIDE"};
}

std::optional<Complaint> check_memory(std::string_view value) {
  return parse_memory(value)
             ? std::nullopt
             : std::optional(Complaint{format("bad size '{}'", text::sanitize(value)),
                                       "a number of bytes, with K, M, G or T, from 1M on: 4G"});
}

/// A value in the environment of a feature's script.
std::optional<Complaint> check_option(std::string_view value) {
  return value.find_first_of(std::string_view("\n\r\0", 3)) == std::string_view::npos
             ? std::nullopt
             : std::optional(Complaint{"an option has one line", ""});
}

// clang-format off
constexpr std::array kProjectSchema = {
    SchemaKey{"", "schema", ValueKind::integer, Need::optional, "version of this format: 1"},
    SchemaKey{"", "extends", ValueKind::text_or_list, Need::optional,
              "files to begin with, relative to this one: what is said here comes on top"},
    SchemaKey{"", "env", ValueKind::table, Need::optional, "the environment"},
    SchemaKey{"", "packages", ValueKind::table, Need::optional, "what is installed in it"},
    SchemaKey{"", "features", ValueKind::table_list, Need::optional,
              "dev container features, installed after the packages: in their order, unless one asks for another before it"},
    SchemaKey{"", "setup", ValueKind::table_list, Need::optional,
              "steps after the packages, in their order; each runs again only when it, something before it or its inputs change"},
    SchemaKey{"", "environment", ValueKind::text_map, Need::optional,
              "variables of everything that runs in it", nullptr, check_variable_name},
    SchemaKey{"", "hooks", ValueKind::table, Need::optional, "commands at certain moments"},
    SchemaKey{"", "exports", ValueKind::table, Need::optional,
              "what appears on the host by itself as soon as it is installed inside"},
    SchemaKey{"", "limits", ValueKind::table, Need::optional, "what it may use of the machine"},
    SchemaKey{"", "tasks", ValueKind::table_map, Need::optional,
              "commands of the project: `devenv task NAME`; `NAME = \"command\"` for short",
              nullptr, check_key, "run"},
    SchemaKey{"", "services", ValueKind::table_map, Need::optional,
              "programs that run as long as `devenv up` lasts", nullptr, check_key, "run"},
    SchemaKey{"", "profiles", ValueKind::variant_map, Need::optional,
              "variants: what `--profile NAME` puts on top", nullptr, check_key},

    SchemaKey{"env", "base", ValueKind::text, Need::optional,
              "a distribution (`debian:trixie`, see `devenv profile list`) or an image"},
    SchemaKey{"env", "name", ValueKind::text, Need::optional,
              "of the environment; that of the project's directory if left out", check_environment_name},
    SchemaKey{"env", "share", ValueKind::text_list, Need::optional,
              "what to share of the host, by the names of `devenv help shares`", check_share},
    SchemaKey{"env", "no-share", ValueKind::text_list, Need::optional,
              "what not to share of the host", check_share},
    SchemaKey{"env", "host-commands", ValueKind::text, Need::optional,
              "`allow`, `ask` or `deny` commands of the host from inside", check_host_commands},
    SchemaKey{"env", "storage", ValueKind::text, Need::optional,
              "`auto`, `overlay`, `fuse-overlayfs` or `copy`", check_storage_choice},
    SchemaKey{"env", "mounts", ValueKind::text_list, Need::optional,
              "`HOST:INSIDE` or `HOST:INSIDE:ro`; a relative HOST is below the project", check_mount},
    SchemaKey{"env", "workdir", ValueKind::text, Need::optional,
              "where shells and tasks start; the project's directory if left out"},
    SchemaKey{"env", "shell", ValueKind::text, Need::optional, "the shell of `devenv enter`", check_shell},
    SchemaKey{"env", "path", ValueKind::text_list, Need::optional,
              "directories in front of PATH; relative ones are below the project"},
    SchemaKey{"env", "dotenv", ValueKind::text_or_list, Need::optional,
              "files with NAME=VALUE lines; a missing one is no error"},

    SchemaKey{"packages", "install", ValueKind::text_list, Need::optional,
              "by the names that the base's package manager has", check_package},
    SchemaKey{"packages", "tools", ValueKind::text_list, Need::optional,
              "by names that every distribution knows: `git`, `compiler`, `python`...", check_tool},
    SchemaKey{"packages", "apk", ValueKind::text_list, Need::optional, "only where apk is used", check_package},
    SchemaKey{"packages", "apt", ValueKind::text_list, Need::optional, "only where apt is used", check_package},
    SchemaKey{"packages", "apt-rpm", ValueKind::text_list, Need::optional, "only where apt-rpm is used", check_package},
    SchemaKey{"packages", "dnf", ValueKind::text_list, Need::optional, "only where dnf or yum is used", check_package},
    SchemaKey{"packages", "emerge", ValueKind::text_list, Need::optional, "only where emerge is used", check_package},
    SchemaKey{"packages", "pacman", ValueKind::text_list, Need::optional, "only where pacman is used", check_package},
    SchemaKey{"packages", "slackpkg", ValueKind::text_list, Need::optional, "only where slackpkg is used", check_package},
    SchemaKey{"packages", "xbps", ValueKind::text_list, Need::optional, "only where xbps is used", check_package},
    SchemaKey{"packages", "zypper", ValueKind::text_list, Need::optional, "only where zypper is used", check_package},
    SchemaKey{"packages", "repositories", ValueKind::text_list, Need::optional,
              "more places to install from, in the form that the base's package manager has", check_repository},
    SchemaKey{"packages", "keys", ValueKind::text_list, Need::optional,
              "what their packages are signed with: files of the project, or https URLs", check_key_file},
    SchemaKey{"packages", "snapshot", ValueKind::text, Need::optional,
              "take the packages of this day (`2026-11-22`), where the distribution keeps them: Debian, Ubuntu, Arch", check_date},

    SchemaKey{"features", "ref", ValueKind::text, Need::required,
              "of an OCI artifact: `ghcr.io/devcontainers/features/node:1`", check_feature},
    SchemaKey{"features", "options", ValueKind::option_map, Need::optional,
              "what the feature is told: `{ version = \"20\" }`; what is left out has the feature's own default",
              check_option},

    SchemaKey{"setup", "run", ValueKind::text_or_list, Need::required,
              "a line for sh, or a program with its arguments"},
    SchemaKey{"setup", "name", ValueKind::text, Need::optional, "what it is called in messages"},
    SchemaKey{"setup", "user", ValueKind::boolean, Need::optional, "as the user instead of as root"},
    SchemaKey{"setup", "inputs", ValueKind::text_list, Need::optional,
              "files of the project that it depends on; patterns with '*' are allowed"},

    SchemaKey{"hooks", "create", ValueKind::text_or_list, Need::optional, "once, after the setup"},
    SchemaKey{"hooks", "start", ValueKind::text_or_list, Need::optional, "at each start of the environment"},
    SchemaKey{"hooks", "enter", ValueKind::text_or_list, Need::optional, "before each shell of `devenv enter`"},
    SchemaKey{"hooks", "leave", ValueKind::text_or_list, Need::optional, "after each of them"},

    SchemaKey{"exports", "auto", ValueKind::boolean, Need::optional,
              "every graphical program with an entry in menus"},
    SchemaKey{"exports", "apps", ValueKind::text_list, Need::optional,
              "graphical programs, as for `devenv export --app`"},
    SchemaKey{"exports", "bins", ValueKind::text_list, Need::optional,
              "commands, as for `devenv export --bin`"},
    SchemaKey{"exports", "services", ValueKind::text_list, Need::optional,
              "services, as for `devenv export --service`"},

    SchemaKey{"limits", "memory", ValueKind::text, Need::optional, "`4G`: bytes, with K, M, G or T", check_memory},
    SchemaKey{"limits", "cpus", ValueKind::integer, Need::optional, "how many processors' worth of time"},
    SchemaKey{"limits", "processes", ValueKind::integer, Need::optional, "how many processes and threads"},

    SchemaKey{"tasks", "run", ValueKind::text_or_list, Need::required,
              "a line for sh, or a program with its arguments"},
    SchemaKey{"tasks", "description", ValueKind::text, Need::optional, "a line for `devenv task`"},
    SchemaKey{"tasks", "depends", ValueKind::text_list, Need::optional, "tasks that run before it", check_key},
    SchemaKey{"tasks", "workdir", ValueKind::text, Need::optional, "where it starts; relative to the project"},
    SchemaKey{"services", "run", ValueKind::text_or_list, Need::required,
              "a line for sh, or a program with its arguments"},
    SchemaKey{"services", "depends", ValueKind::text_list, Need::optional, "services that start before it", check_key},
    SchemaKey{"services", "workdir", ValueKind::text, Need::optional, "where it starts; relative to the project"},
};
// clang-format on

}  // namespace

std::optional<Complaint> check_shell(std::string_view value) {
  return !value.empty() && value.find_first_of(" \t") == std::string_view::npos &&
                 text::sanitize(value) == value
             ? std::nullopt
             : std::optional(Complaint{format("bad shell '{}'", text::sanitize(value)),
                                       "the name of a program, or its path inside: fish"});
}

// Features are of no registry in particular: theirs is written out.
std::optional<Complaint> check_feature(std::string_view value) {
  constexpr const char* kForm =
      "REGISTRY/NAMESPACE/NAME:VERSION, as ghcr.io/devcontainers/features/node:1";
  const std::string_view host = value.substr(0, value.find('/'));
  const bool has_registry =
      host.size() < value.size() &&
      (host.find_first_of(".:") != std::string_view::npos || host == "localhost") && host != "." &&
      host != ".." && host != "https:" && host != "http:";
  if (!has_registry) {
    return Complaint{format("'{}' is no feature of a registry", text::sanitize(value)), kForm};
  }
  const auto reference = image::Reference::parse(value);
  return reference ? std::nullopt : std::optional(Complaint{reference.error().to_line(), kForm});
}

std::span<const SchemaKey> project_schema() {
  return kProjectSchema;
}

}  // namespace devenv::profiles
