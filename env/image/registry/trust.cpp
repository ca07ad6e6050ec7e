// SPDX-License-Identifier: MIT
#include "env/image/registry/trust.hpp"

#include <algorithm>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"

namespace devenv::image::registry {
namespace {

constexpr std::size_t kMaxCertificateBytes = 4U * 1024 * 1024;

/// "" when no directory has one for the host.
std::string directory_of(const std::vector<std::string>& directories, const std::string& host) {
  // It is a part of a path.
  if (host.find('/') != std::string::npos || host.starts_with('.')) {
    return "";
  }
  for (const std::string& directory : directories) {
    if (std::string path = directory + "/" + host; sys::is_directory(path)) {
      return path;
    }
  }
  return "";
}

tl::unexpected<Error> alone(const std::string& directory,
                            const std::string& name,
                            const std::string& missing) {
  return fail(
      Error(ErrorCode::failed, format("'{}/{}' is there without '{}'", text::sanitize(directory),
                                      text::sanitize(name), text::sanitize(missing)))
          .with_hint("a certificate authority's file ends in .crt; those of a client in "
                     ".cert and .key"));
}

}  // namespace

Trust Trust::of_caller(const std::function<std::string(const char*)>& get_variable) {
  std::string config = get_variable("XDG_CONFIG_HOME");
  if (config.empty()) {
    config = get_variable("HOME") + "/.config";
  }
  // Debian and Arch, Fedora, SUSE, Alpine and the BSDs.
  std::vector<std::string> bundles = {get_variable("SSL_CERT_FILE"),
                                      default_authorities(),
                                      "/etc/ssl/certs/ca-certificates.crt",
                                      "/etc/pki/tls/certs/ca-bundle.crt",
                                      "/etc/ssl/ca-bundle.pem",
                                      "/etc/ssl/cert.pem"};
  const auto bundle = std::find_if(bundles.begin(), bundles.end(), [](const std::string& file) {
    return !file.empty() && sys::exists(file);
  });
  return {{config + "/containers/certs.d", config + "/docker/certs.d", "/etc/containers/certs.d",
           "/etc/docker/certs.d"},
          bundle == bundles.end() ? "" : *bundle};
}

Result<TlsSettings> Trust::for_host(const std::string& host) const {
  TlsSettings settings;
  const std::string directory = directory_of(directories_, host);
  if (directory.empty()) {
    return settings;
  }
  TRY_ASSIGN_CONTEXT(const std::vector<std::string> names, sys::list_directory(directory),
                     format("cannot read the certificates for '{}'", text::sanitize(host)));
  const auto has = [&names](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const std::string& name : names) {
    const std::string stem = name.substr(0, name.rfind('.'));
    if (name.ends_with(".crt")) {
      TRY_ASSIGN(const std::string authority,
                 sys::read_regular_file(directory + "/" + name, kMaxCertificateBytes));
      settings.authorities += authority + "\n";
      settings.directory = directory;
    } else if (name.ends_with(".cert")) {
      if (!has(stem + ".key")) {
        return alone(directory, name, stem + ".key");
      }
      if (settings.certificate_file.empty()) {
        settings.certificate_file = directory + "/" + name;
        settings.key_file = directory + "/" + stem + ".key";
      }
    } else if (name.ends_with(".key") && !has(stem + ".cert")) {
      return alone(directory, name, stem + ".cert");
    }
  }
  if (!settings.authorities.empty() && !bundle_.empty()) {
    TRY_ASSIGN(const std::string system, sys::read_regular_file(bundle_, kMaxCertificateBytes));
    settings.authorities += system;
  }
  return settings;
}

}  // namespace devenv::image::registry
