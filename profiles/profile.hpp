// SPDX-License-Identifier: MIT
// Distribution profiles: which image is which release, and how it is used.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"
#include "env/host/shares.hpp"
#include "env/instance/environment.hpp"
#include "env/instance/images.hpp"

namespace devenv::profiles {

/// The packages that a tool consists of, by the tool's name; none for what there is no package of.
using ToolPackages = std::map<std::string, std::vector<std::string>>;

struct Release {
  std::string name;                  ///< "43", "bookworm", "latest"
  std::vector<std::string> aliases;  ///< "rawhide" -> "44", "13" -> "trixie"
  std::string image;                 ///< reference
  std::string bootstrap_suite;       ///< "" when it cannot be bootstrapped
  std::string package_manager;       ///< "" when it is the profile's
  ToolPackages tools;                ///< unlike the profile's
};

struct Profile {
  std::string name;
  std::string summary;
  std::string origin;  ///< "built-in" or the file it was read from
  std::string default_release;
  std::vector<Release> releases;
  std::string package_manager;                       ///< "apt", "dnf", "pacman", "apk", "zypper"...
  std::map<std::string, std::string> package_verbs;  ///< unlike the manager's; see PackageManager
  ToolPackages tools;                                ///< unlike the manager's
  std::string shell;                                 ///< of `devenv enter`; "": the user's own
  std::string bootstrap_distribution;                ///< "" when it cannot be bootstrapped
  host::ShareChoice shares;                          ///< unlike usual
  instance::ExportWishes exports;
};

/// A problem in a profile file, for `profile check`. Lines and columns count from 1.
struct Diagnostic {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string message;
  std::string hint;
  /// "file:line:column: message"
  std::string to_string() const;
};

struct Loaded {
  std::optional<Profile> profile;  ///< nullopt when there are diagnostics
  std::vector<Diagnostic> diagnostics;
};

/// Reads one profile; every key is checked against the schema (unknown ones with a suggestion).
Loaded parse_profile(std::string_view text, const std::string& file);

/// Built-in profiles, replaced by files of the same name in `config_directory`/profiles.
class Catalog {
 public:
  explicit Catalog(std::string config_directory) : config_directory_(std::move(config_directory)) {}

  /// Names of all profiles, sorted; files are listed, not parsed.
  Result<std::vector<std::string>> names() const;
  /// nullopt when there is none. Errors: usage, with the first diagnostic, for a malformed user
  /// file.
  Result<std::optional<Profile>> find(std::string_view name) const;
  /// Diagnostics of one profile by name, or of a file when `name_or_path` has a slash or ends in
  /// ".toml": a profile, or a project's devenv.toml with what it extends.
  Result<std::vector<Diagnostic>> check(const std::string& name_or_path) const;
  /// The TOML text of a profile, as shipped or as the user wrote it.
  Result<std::string> source(std::string_view name) const;

 private:
  std::string config_directory_;
};

/// A release of a profile by name or alias; "" is the default one.
/// Errors: not_found, listing the releases there are.
Result<Release> choose_release(const Profile& profile, std::string_view release);

/// Where its image comes from: the registry, with the bootstrap (if any) as the fallback.
Result<instance::ImageSource> image_source(const Profile& profile, const Release& release);

}  // namespace devenv::profiles
