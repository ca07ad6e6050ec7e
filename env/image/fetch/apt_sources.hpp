// SPDX-License-Identifier: MIT
// Where packages of a distribution are to be had: from where the host itself gets them, if it is
// the same distribution, else from its public mirrors.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"

namespace devenv::image::fetch {

/// One entry of sources.list(5), either format.
struct AptSource {
  std::vector<std::string> uris;
  std::vector<std::string> suites;
  std::vector<std::string> components;
};

/// One-line format: "deb [options] uri suite component...". Only "deb" entries.
std::vector<AptSource> parse_sources_list(std::string_view text);
/// deb822 format (*.sources). Only enabled entries of type "deb".
std::vector<AptSource> parse_deb822_sources(std::string_view text);

struct AptMirrors {
  std::string archive;   ///< "http://deb.debian.org/debian"
  std::string security;  ///< empty: none
  bool updates = false;  ///< whether <suite>-updates is used
};

/// What the host uses, whose release is `codename`; nullopt when it has no http(s) source of the
/// distribution. URIs that hold a password are passed over: they would end up in the image.
std::optional<AptMirrors> host_mirrors(const std::vector<AptSource>& sources,
                                       std::string_view distribution,
                                       std::string_view codename);

/// The distribution's public mirrors for an architecture (OCI name).
AptMirrors public_mirrors(std::string_view distribution, std::string_view architecture);

/// The lines for sources.list of the new system. Suites without a release of their own (sid,
/// unstable, experimental) have neither updates nor security. `keyring`: empty for apt's own trust.
std::vector<std::string> sources_lines(const AptMirrors& mirrors,
                                       std::string_view distribution,
                                       std::string_view suite,
                                       std::string_view keyring);

/// The proxy settings in what `apt-config dump` prints, as options for mmdebstrap. Those with a
/// password are left out: they would be seen in the list of processes and kept in the image.
std::vector<std::string> proxy_options(std::string_view apt_config_dump);

}  // namespace devenv::image::fetch
