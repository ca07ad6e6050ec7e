// SPDX-License-Identifier: MIT
// Which profiles there are: the user's files, then the built-in ones. Nothing is parsed that was
// not asked for.
#include <algorithm>
#include <array>
#include <set>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"
#include "profiles/built_in_internal.hpp"
#include "profiles/profile.hpp"
#include "profiles/profile_names_internal.hpp"
#include "profiles/project.hpp"
#include "profiles/toml_internal.hpp"

namespace devenv::profiles {
namespace {

constexpr std::string_view kExtension = ".toml";
constexpr std::string_view kBuiltIn = "built-in";
constexpr std::size_t kFileLimit = 1024U * 1024;  // bytes; shipped profiles have under 2000

struct Source {
  std::string text;
  std::string file;    ///< as diagnostics name it
  std::string origin;  ///< as Profile::origin
};

const BuiltIn* find_built_in(std::string_view name) {
  const auto all = built_in_profiles();
  const auto found = std::lower_bound(
      all.begin(), all.end(), name,
      [](const BuiltIn& each, std::string_view wanted) { return each.name < wanted; });
  return found != all.end() && found->name == name ? &*found : nullptr;
}

std::string user_directory(const std::string& config_directory) {
  return config_directory + "/profiles";
}

/// The user's file of that name if it has anything in it, else the built-in one.
Result<std::optional<Source>> find_source(const std::string& config_directory,
                                          std::string_view name) {
  if (!is_profile_name(name)) {
    return std::nullopt;
  }
  const std::string file = format("{}/{}{}", user_directory(config_directory), name, kExtension);
  TRY_ASSIGN(auto text, sys::read_file_if_exists(file, kFileLimit));
  // An empty file is none: `devenv profile show debian > .../debian.toml`, the way to start one's
  // own profile, has the shell make the file before we look.
  if (text && !text->empty()) {
    return Source{.text = std::move(*text), .file = file, .origin = file};
  }
  if (const BuiltIn* built_in = find_built_in(name)) {
    return Source{.text = std::string(built_in->text),
                  .file = format("{}/{}{}", kBuiltIn, name, kExtension),
                  .origin = std::string(kBuiltIn)};
  }
  return std::nullopt;
}

Result<Source> get_source(const Catalog& catalog,
                          const std::string& config_directory,
                          std::string_view name) {
  TRY_ASSIGN(auto source, find_source(config_directory, name));
  if (source) {
    return std::move(*source);
  }
  TRY_ASSIGN(const auto names, catalog.names());
  const auto close = text::closest(name, names);
  return fail(Error(ErrorCode::not_found, format("no profile '{}'", text::sanitize(name)))
                  .with_hint(close ? format("did you mean '{}'?", *close) : "devenv profile list"));
}

bool is_path(const std::string& name_or_path) {
  return name_or_path.find('/') != std::string::npos || name_or_path.ends_with(kExtension);
}

/// Whether a file is a part of a project's devenv.toml: those it extends may have any name.
bool is_project(const TomlValue& root) {
  constexpr std::array kKeys = {"schema", "extends", "env",      "setup",  "environment",
                                "hooks",  "tasks",   "services", "limits", "profiles"};
  return std::any_of(kKeys.begin(), kKeys.end(),
                     [&](const char* key) { return root.find(key) != nullptr; });
}

Result<std::vector<Diagnostic>> check_file(const std::string& path) {
  TRY_ASSIGN(const std::string text, sys::read_file(path, kFileLimit));
  const std::string_view name = text::base_name(path);
  if (name == kProjectFile) {
    // With everything that it extends.
    TRY_ASSIGN(
        const std::string directory,
        sys::canonical_path(path.find('/') == std::string::npos ? "." : sys::parent_of(path)));
    return load_project(directory, "").diagnostics;
  }
  const auto root = parse_toml(text, path);
  if (name == kLocalFile || (root && is_project(*root))) {
    return check_project(text, path);
  }
  return parse_profile(text, path).diagnostics;
}

}  // namespace

Result<std::vector<std::string>> Catalog::names() const {
  std::set<std::string> names;
  for (const BuiltIn& each : built_in_profiles()) {
    names.emplace(each.name);
  }
  const std::string directory = user_directory(config_directory_);
  if (sys::exists(directory)) {
    TRY_ASSIGN_CONTEXT(const auto files, sys::list_directory(directory), "cannot list profiles");
    for (const std::string& file : files) {
      if (file.ends_with(kExtension)) {
        std::string name = file.substr(0, file.size() - kExtension.size());
        if (is_profile_name(name)) {
          names.insert(std::move(name));
        }
      }
    }
  }
  return std::vector<std::string>(names.begin(), names.end());
}

Result<std::optional<Profile>> Catalog::find(std::string_view name) const {
  TRY_ASSIGN(const auto source, find_source(config_directory_, name));
  if (!source) {
    return std::nullopt;
  }
  Loaded loaded = parse_profile(source->text, source->file);
  if (!loaded.profile) {
    const Diagnostic& first = loaded.diagnostics.front();
    return fail(
        Error(ErrorCode::usage, first.to_string())
            .with_hint(first.hint.empty() ? format("devenv profile check {}", name) : first.hint)
            .context(format("cannot use profile '{}'", name)));
  }
  loaded.profile->origin = source->origin;
  return std::move(loaded.profile);
}

Result<std::vector<Diagnostic>> Catalog::check(const std::string& name_or_path) const {
  if (is_path(name_or_path)) {
    return check_file(name_or_path);
  }
  TRY_ASSIGN(const Source source, get_source(*this, config_directory_, name_or_path));
  return parse_profile(source.text, source.file).diagnostics;
}

Result<std::string> Catalog::source(std::string_view name) const {
  TRY_ASSIGN(Source source, get_source(*this, config_directory_, name));
  return std::move(source.text);
}

}  // namespace devenv::profiles
