// SPDX-License-Identifier: MIT
// The one place where a reference becomes a registry to talk to: registries.conf, certs.d,
// passwords.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "env/base/result.hpp"
#include "env/image/reference.hpp"
#include "env/image/registry/pull_source.hpp"
#include "env/image/registry/registries_conf.hpp"
#include "env/image/registry/registry_client.hpp"
#include "env/image/registry/trust.hpp"

namespace devenv::image::registry {

class Connector {
 public:
  /// Reads the caller's files. Errors: those of load_registries_conf.
  static Result<Connector> load(const std::function<std::string(const char*)>& get_variable,
                                const Timeouts& timeouts);

  /// Where an image is pulled from: mirrors in their order, then the registry.
  /// Errors: those of RegistriesConf::pull_places, Trust and load_credentials.
  Result<PullSource> pull_source(const Reference& reference) const;

  /// The registry itself. `access.login` is filled in. Errors: as above.
  Result<RegistryClient> client(const Reference& reference, Access access) const;

  /// To find out whether a registry ("quay.io") takes credentials.
  Result<RegistryClient> login_client(const std::string& registry,
                                      const Credentials& credentials) const;

  const RegistriesConf& conf() const { return conf_; }

 private:
  Connector(RegistriesConf conf,
            Trust trust,
            std::function<std::string(const char*)> get_variable,
            const Timeouts& timeouts)
      : conf_(std::move(conf)),
        trust_(std::move(trust)),
        get_variable_(std::move(get_variable)),
        timeouts_(timeouts) {}

  Result<RegistryClient> client_at(const Place& place, Access access) const;
  HostPolicy policy_for(const std::string& registry, bool insecure) const;

  RegistriesConf conf_;
  Trust trust_;
  std::function<std::string(const char*)> get_variable_;
  Timeouts timeouts_;
};

}  // namespace devenv::image::registry
