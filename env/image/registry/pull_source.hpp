// SPDX-License-Identifier: MIT
// One image at all the places that have it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "env/base/result.hpp"
#include "env/image/manifest.hpp"
#include "env/image/registry/registry_client.hpp"

namespace devenv::image::registry {

/// As a RegistryClient, of several places in turn: one that fails for whatever reason is left for
/// the next, for good. When all have failed, the error is that of the last, the registry itself,
/// and says what the mirrors before it have said.
class PullSource {
 public:
  struct Client {
    std::string registry;
    std::string file;  ///< that says to ask there; "" where none does
    RegistryClient client;
  };
  /// At least one.
  explicit PullSource(std::vector<Client> clients) : clients_(std::move(clients)) {}

  Result<FetchedManifest> manifest(const std::string& selector);
  Result<std::string> document(const Descriptor& blob);
  /// Goes on at the next place where the one before has stopped. `first`: of next_place.
  Result<void> download(const Descriptor& blob,
                        std::uint64_t have,
                        const RegistryClient::Append& append,
                        std::size_t first = 0);
  /// As RegistryClient::download_part.
  Result<void> download_part(const Descriptor& blob,
                             std::uint64_t begin,
                             std::uint64_t end,
                             const RegistryClient::Append& append);
  void disconnect();

  struct Next {
    std::size_t first = 0;  ///< where to begin
    std::string left;       ///< the mirror that is passed over
  };
  /// When what was downloaded, from the place `first` on, has turned out to be other bytes: where
  /// to begin instead. nullopt when that was the registry itself.
  std::optional<Next> next_place(std::size_t first, const Error& error);

  /// An error, found later, in what came from here: with where that was, unless it is obvious.
  Error explain(const Error& error) const;

 private:
  template <typename Call>
  auto at_each(const Call& call) -> decltype(call(std::declval<RegistryClient&>()));

  std::vector<Client> clients_;
  std::size_t current_ = 0;
  std::vector<std::string> failed_;  ///< what the mirrors before it said
};

}  // namespace devenv::image::registry
