// SPDX-License-Identifier: MIT
// registries.conf: where registries really are, which may be asked, and what short names mean.
// Source: containers-registries.conf(5), versions 2 and 1; containers-registries.conf.d(5).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"
#include "env/image/reference.hpp"

namespace devenv::image::registry {

/// Which pulls a mirror is for.
enum class MirrorUse { all, digest_only, tag_only };

struct Mirror {
  std::string location;  ///< "mirror.example.com/hub"
  bool insecure = false;
  MirrorUse use = MirrorUse::all;
};

/// One [[registry]].
struct RegistryRule {
  std::string prefix;    ///< "quay.io/team", "*.example.com"
  std::string location;  ///< what takes the prefix's place; "" where nothing does
  bool insecure = false;
  bool blocked = false;
  bool mirror_by_digest_only = false;
  std::vector<Mirror> mirrors;
  std::string file;  ///< where it stands, for messages
};

/// Where an image is asked for.
struct Place {
  Reference reference;
  bool insecure = false;  ///< the certificate is not looked at, and http will do
  std::string file;       ///< that has put it in the place of what was named; "" when nothing has
};

/// What all files come to.
class RegistriesConf {
 public:
  /// One file. Keys that are not known are passed over, as they are by others who read it.
  /// Errors: failed, with file, line and column. `file` is only named.
  static Result<RegistriesConf> parse(std::string_view text, const std::string& file);

  /// What a later file says wins: rules of the same prefix, aliases of the same name, the list of
  /// registries to search.
  void add(RegistriesConf later);

  /// Where to pull from, in this order: the mirrors, then the registry. Errors: failed when the
  /// rule of the longest prefix that fits blocks it, or makes no reference of it.
  Result<std::vector<Place>> pull_places(const Reference& reference) const;

  /// The registry itself, mirrors left out: where a push goes. Errors: as above.
  Result<Place> primary(const Reference& reference) const;

  /// Whether a whole host ("quay.io", "localhost:5000") is said to be insecure.
  bool is_insecure(std::string_view host) const;

  /// The full name of a reference without a registry: its alias, else the one registry that is to
  /// be searched, else Docker's. Other references are what they are.
  /// Errors: usage when several registries are to be searched: the name is whoever's was first.
  Result<Reference> qualify(const Reference& reference) const;

 private:
  const RegistryRule* rule_for(const Reference& reference) const;

  std::vector<RegistryRule> rules_;
  std::map<std::string, std::string> aliases_;
  std::optional<std::vector<std::string>> searched_;
  std::string searched_file_;
};

/// The files that there are (registries_files), read in their order: registries.conf, the drop-ins
/// of the system and of the user by name, and what podman has learnt.
/// Errors: those of parse; not_found when $CONTAINERS_REGISTRIES_CONF names no file.
Result<RegistriesConf> load_registries_conf(
    const std::function<std::string(const char*)>& get_variable,
    const std::string& system_directory = "/etc/containers");

}  // namespace devenv::image::registry
