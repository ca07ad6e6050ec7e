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
    std::string name;  ///< "quay.example/mirror/library/debian"
    std::string file;  ///< that says to ask there; "" where none does
    RegistryClient client;
  };
  /// What has been learned of the places, by whichever process has asked them.
  struct Standing {
    std::size_t began = 0;              ///< the place that the last download began at
    std::size_t current = 0;            ///< the place that is asked next
    std::vector<std::string> failures;  ///< what the places before it have said
  };
  /// At least one.
  explicit PullSource(std::vector<Client> clients) : clients_(std::move(clients)) {}

  /// `check` says whether a place has what is wanted.
  Result<FetchedManifest> manifest(
      const std::string& selector,
      const std::function<Result<void>(const FetchedManifest&)>& check);
  Result<std::string> document(const Descriptor& blob);
  /// Goes on at the next place where the one before has stopped.
  Result<void> download(const Descriptor& blob,
                        std::uint64_t have,
                        const RegistryClient::Append& append);
  /// As RegistryClient::download_part.
  Result<void> download_part(const Descriptor& blob,
                             std::uint64_t begin,
                             std::uint64_t end,
                             const RegistryClient::Append& append);
  void disconnect();

  const Standing& standing() const { return standing_; }
  /// Takes over what another process has learned since it was forked.
  void learn(const Standing& standing);
  /// What was downloaded, beginning at the place `began`, has turned out to be other bytes: that
  /// place is not asked again. Its name if that is news, else ""; nullopt when it is the registry
  /// itself.
  std::optional<std::string> pass_over(std::size_t began, const Error& error);

  /// An error, found later, in what came from here: with where that was, unless it is obvious.
  Error explain(const Error& error) const;

 private:
  enum class Unsupported { is_final, goes_on };
  template <typename Call>
  auto at_each(const Call& call, Unsupported unsupported)
      -> decltype(call(std::declval<RegistryClient&>()));

  using Fetch = std::function<Result<void>(
      RegistryClient& client, std::uint64_t have, const RegistryClient::Append& append)>;
  Result<void> go_on(std::uint64_t have, const RegistryClient::Append& append, const Fetch& fetch);
  void leave_current(const Error& error);

  std::vector<Client> clients_;
  Standing standing_;
};

}  // namespace devenv::image::registry
