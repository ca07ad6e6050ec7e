// SPDX-License-Identifier: MIT
#include "env/image/registry/connector.hpp"

#include <utility>

#include "env/base/format.hpp"

namespace devenv::image::registry {
namespace {

std::string name_of_host(std::string_view authority) {
  const std::size_t bracket = authority.find(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  return std::string(authority.substr(0, colon));
}

}  // namespace

Result<Connector> Connector::load(const std::function<std::string(const char*)>& get_variable,
                                  const Timeouts& timeouts) {
  TRY_ASSIGN(RegistriesConf conf, load_registries_conf(get_variable));
  return Connector(std::move(conf), Trust::of_caller(get_variable), get_variable, timeouts);
}

/// A token server beside the registry is as trusted as the registry is; another host only as far as
/// the files say so. The certificate that says who we are is shown to the host it is kept for.
HostPolicy Connector::policy_for(const std::string& registry, bool insecure) const {
  return [this_conf = conf_, trust = trust_, registry,
          insecure](const std::string& authority) -> Result<HostSettings> {
    HostSettings settings;
    settings.insecure = (insecure && name_of_host(authority) == name_of_host(registry)) ||
                        this_conf.is_insecure(authority);
    TRY_ASSIGN(settings.tls, trust.for_host(authority));
    if (settings.tls.authorities.empty() && authority != registry) {
      TRY_ASSIGN(TlsSettings of_registry, trust.for_host(registry));
      settings.tls.authorities = std::move(of_registry.authorities);
      settings.tls.directory = std::move(of_registry.directory);
    }
    settings.tls.verify = !settings.insecure;
    return settings;
  };
}

Result<RegistryClient> Connector::client_at(const Place& place, Access access) const {
  TRY_ASSIGN(access.login, load_credentials(credential_name(place.reference), get_variable_));
  Endpoint endpoint = Endpoint::of(place.reference);
  endpoint.policy = policy_for(endpoint.registry, place.insecure);
  return RegistryClient(std::move(endpoint), timeouts_, std::move(access));
}

Result<PullSource> Connector::pull_source(const Reference& reference) const {
  TRY_ASSIGN(const std::vector<Place> places, conf_.pull_places(reference));
  std::vector<PullSource::Client> clients;
  for (const Place& place : places) {
    TRY_ASSIGN(RegistryClient client, client_at(place, {}));
    clients.push_back({format("{}/{}", place.reference.registry(), place.reference.repository()),
                       place.file, std::move(client)});
  }
  return PullSource(std::move(clients));
}

Result<RegistryClient> Connector::client(const Reference& reference, Access access) const {
  TRY_ASSIGN(const Place place, conf_.primary(reference));
  return client_at(place, std::move(access));
}

Result<RegistryClient> Connector::login_client(const std::string& registry,
                                               const Credentials& credentials) const {
  Endpoint endpoint{.registry = registry, .repository = "", .name = registry, .policy = {}};
  endpoint.policy = policy_for(registry, conf_.is_insecure(registry));
  return RegistryClient(std::move(endpoint), timeouts_,
                        {.login = {.credentials = credentials, .problem = ""}});
}

}  // namespace devenv::image::registry
