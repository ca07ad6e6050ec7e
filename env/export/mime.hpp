// SPDX-License-Identifier: MIT
// Types of files that a program of an environment knows and the host does not.
// Source: Shared MIME-info Database Specification 0.21.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"

namespace devenv::exporting {

/// The part of a package of types that is safe for a host: those `wanted` and the types that they
/// are kinds of, without the rules that look into files and folders (magic, treemagic) and with
/// patterns of names that give way to the host's own (weight 5 or less; 50 is usual). Types for
/// which `is_known` and aliases that it knows are left out. What is kept is as it was written,
/// translations and comments too. "" when nothing of it is wanted.
///
/// Errors: integrity for what is no well-formed XML, has a root other than mime-info or declares
/// entities (a package has no use for them).
Result<std::string> safe_mime_package(std::string_view package,
                                      const std::set<std::string>& wanted,
                                      const std::function<bool(const std::string&)>& is_known);

/// The types that the host knows, by name or alias.
class HostTypes {
 public:
  /// `mime_directories`: "/usr/share/mime" and the others of XDG_DATA_HOME and XDG_DATA_DIRS.
  /// `ours`: absolute paths of packages that were exported before; a type that only they define is
  /// not known.
  static HostTypes read(const std::vector<std::string>& mime_directories,
                        const std::set<std::string>& ours);

  bool contains(const std::string& type) const;

 private:
  std::set<std::string> types_;
};

struct MimePackage {
  std::string path;      ///< inside, absolute
  std::string contents;  ///< made safe
};

/// The packages inside. Each is read once, when the first is asked for.
class MimePackages {
 public:
  /// `root` is a descriptor of the environment's root directory and stays the caller's;
  /// `data_directories` are its XDG_DATA_DIRS, best first.
  MimePackages(int root, std::vector<std::string> data_directories)
      : root_(root), data_directories_(std::move(data_directories)) {}

  /// Those that define types of `wanted` (an app's MimeType) which the host does not know. What
  /// cannot be read is left out.
  std::vector<MimePackage> find(const std::vector<std::string>& wanted, const HostTypes& host);

 private:
  struct Package {
    std::string path;
    std::string contents;
    std::set<std::string> types;  ///< and aliases, in lower case
  };
  void read();

  int root_;
  std::vector<std::string> data_directories_;
  std::optional<std::vector<Package>> packages_;
};

}  // namespace devenv::exporting
