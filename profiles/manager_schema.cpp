// SPDX-License-Identifier: MIT
// The rows of the schema of package managers, and what profiles and projects have in common with
// it.
#include <algorithm>
#include <array>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "profiles/package_manager.hpp"
#include "profiles/schema.hpp"

namespace devenv::profiles {
namespace {

std::optional<Complaint> check_program(std::string_view value) {
  if (!value.empty() && value.find_first_of("/ \t\n") == std::string_view::npos) {
    return std::nullopt;
  }
  return Complaint{format("bad name of a program '{}'", text::sanitize(value)), ""};
}

// clang-format off
constexpr std::array kManagerSchema = {
    SchemaKey{"", "name", ValueKind::text, Need::required, "what profiles call it; the file is called `NAME.toml`"},
    SchemaKey{"", "program", ValueKind::text, Need::required, "whose presence in PATH says that an image has it", check_program},
    SchemaKey{"", "beside", ValueKind::text, Need::optional, "another program that must be there too", check_program},
    SchemaKey{"", "probe", ValueKind::integer, Need::required, "the order in which an image is asked"},
    SchemaKey{"", "caches", ValueKind::boolean, Need::optional, "whether it uses DEVENV_PACKAGE_CACHE"},
    SchemaKey{"", "prelude", ValueKind::text, Need::optional, "what stands in front of each verb: variables, functions"},
    SchemaKey{"", "refresh", ValueKind::text, Need::required, "learn which packages there are"},
    SchemaKey{"", "install", ValueKind::text, Need::required, "install the packages `\"$@\"`"},
    SchemaKey{"", "remove", ValueKind::text, Need::required, "remove the packages `\"$@\"`"},
    SchemaKey{"", "upgrade", ValueKind::text, Need::required, "refresh, and upgrade everything that is installed"},
    SchemaKey{"", "list", ValueKind::text, Need::required, "print `NAME VERSION` of everything that is installed, sorted by byte"},
    SchemaKey{"", "clean", ValueKind::text, Need::required, "remove what is left of downloads in the root"},
    SchemaKey{"", "add-repository", ValueKind::text, Need::optional, "add the repository `$1`"},
    SchemaKey{"", "add-key", ValueKind::text, Need::optional, "trust what is signed by the key in the file `$1`"},
    SchemaKey{"", "snapshot", ValueKind::text, Need::optional, "from now on take the packages of the day `$1` (`2026-11-22`)"},
    SchemaKey{"", "tools", ValueKind::text_map, Need::required, "names of common tools; `\"\"` for what there is no package of",
              check_packages, check_tool},
};
// clang-format on

}  // namespace

const std::vector<std::string>& tool_names() {
  static const std::vector<std::string> kNames = {
      "clang", "cmake", "compiler", "curl",   "debugger", "editor", "git", "go",         "java",
      "jq",    "make",  "meson",    "ninja",  "node",     "perl",   "php", "pkg-config", "python",
      "rsync", "ruby",  "rust",     "sqlite", "ssh",      "wget",   "zip"};
  return kNames;
}

std::optional<Complaint> check_tool(std::string_view value) {
  const auto& names = tool_names();
  if (std::find(names.begin(), names.end(), value) != names.end()) {
    return std::nullopt;
  }
  const auto close = text::closest(value, names);
  return Complaint{
      format("unknown tool '{}'", text::sanitize(value)),
      close ? format("did you mean '{}'?", *close) : format("one of: {}", join(names, ", "))};
}

/// Words of a package manager's command line, which must not become flags.
std::optional<Complaint> check_package(std::string_view value) {
  const bool plain = !value.empty() && value[0] != '-' && text::sanitize(value) == value &&
                     value.find_first_of(" \t\n'\"\\$`;&|<>()") == std::string_view::npos;
  if (plain) {
    return std::nullopt;
  }
  return Complaint{format("bad name of a package '{}'", text::sanitize(value)), ""};
}

std::optional<Complaint> check_packages(std::string_view value) {
  if (value.empty()) {
    return std::nullopt;
  }
  for (const std::string_view word : text::split(value, ' ')) {
    if (auto complaint = check_package(word)) {
      complaint->hint = "names with one space between them";
      return complaint;
    }
  }
  return std::nullopt;
}

std::span<const SchemaKey> manager_schema() {
  return kManagerSchema;
}

}  // namespace devenv::profiles
