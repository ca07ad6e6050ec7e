// SPDX-License-Identifier: MIT
#include "env/image/registry/pull_source.hpp"

#include <algorithm>
#include <utility>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"

namespace devenv::image::registry {

template <typename Call>
auto PullSource::at_each(const Call& call, Unsupported unsupported)
    -> decltype(call(std::declval<RegistryClient&>())) {
  while (true) {
    Client& place = clients_[standing_.current];
    auto result = call(place.client);
    const ErrorCode code = result ? ErrorCode::interrupted : result.error().code();
    if (code == ErrorCode::interrupted ||
        (code == ErrorCode::unsupported && unsupported == Unsupported::is_final)) {
      return result;
    }
    if (standing_.current + 1 == clients_.size()) {
      return fail(explain(result.error()));
    }
    leave_current(result.error());
  }
}

void PullSource::leave_current(const Error& error) {
  const std::string name = text::sanitize(clients_[standing_.current].name);
  LOG_INFO("mirror {}: {}", name, error.to_line());
  standing_.failures.push_back(format("{}: {}", name, error.to_line()));
  ++standing_.current;
}

Error PullSource::explain(const Error& error) const {
  const Client& place = clients_[standing_.current];
  Error explained = error;
  if (!place.file.empty()) {
    explained = explained.context(format("asked at '{}', as '{}' says", text::sanitize(place.name),
                                         text::sanitize(place.file)));
  }
  if (!standing_.failures.empty()) {
    explained = explained.context(format("mirrors of '{}' have failed before ({})",
                                         text::sanitize(clients_.front().file),
                                         join(standing_.failures, "; ")));
  }
  return explained;
}

Result<FetchedManifest> PullSource::manifest(
    const std::string& selector, const std::function<Result<void>(const FetchedManifest&)>& check) {
  // Old caches have old formats.
  return at_each(
      [&](RegistryClient& client) -> Result<FetchedManifest> {
        TRY_ASSIGN(FetchedManifest fetched, client.manifest(selector));
        TRY(check(fetched));
        return fetched;
      },
      Unsupported::goes_on);
}

Result<std::string> PullSource::document(const Descriptor& blob) {
  return at_each([&](RegistryClient& client) { return client.document(blob); },
                 Unsupported::goes_on);
}

Result<void> PullSource::download(const Descriptor& blob,
                                  std::uint64_t have,
                                  const RegistryClient::Append& append) {
  standing_.began = clients_.size();
  const RegistryClient::Append noted = [&](std::string_view bytes) {
    standing_.began = std::min(standing_.began, standing_.current);
    return append(bytes);
  };
  auto done =
      go_on(have, noted,
            [&](RegistryClient& client, std::uint64_t begin, const RegistryClient::Append& rest) {
              return client.download(blob, begin, rest);
            });
  standing_.began = std::min(standing_.began, standing_.current);
  return done;
}

Result<void> PullSource::download_part(const Descriptor& blob,
                                       std::uint64_t have,
                                       std::uint64_t end,
                                       const RegistryClient::Append& append) {
  return go_on(
      have, append,
      [&](RegistryClient& client, std::uint64_t begin, const RegistryClient::Append& rest) {
        return client.download_part(blob, begin, end, rest);
      });
}

/// One blob, or a part of it, at each place from where the one before has stopped.
Result<void> PullSource::go_on(std::uint64_t have,
                               const RegistryClient::Append& append,
                               const Fetch& fetch) {
  // What the reader of the bytes says is no fault of the place they come from.
  std::optional<Error> refusal;
  const RegistryClient::Append counted = [&](std::string_view bytes) -> Result<void> {
    if (auto taken = append(bytes); !taken) {
      refusal = taken.error();
      return taken;
    }
    have += bytes.size();
    return {};
  };
  // Without ranges, a place is still good for whole blobs.
  auto done = at_each(
      [&](RegistryClient& client) -> Result<void> {
        auto fetched = fetch(client, have, counted);
        return refusal ? Result<void>() : fetched;
      },
      Unsupported::is_final);
  if (refusal) {
    return fail(*refusal);
  }
  return done;
}

void PullSource::learn(const Standing& standing) {
  standing_.began = standing.began;
  if (standing.current > standing_.current && standing.current < clients_.size()) {
    standing_ = standing;
  }
}

std::optional<std::string> PullSource::pass_over(std::size_t began, const Error& error) {
  if (began + 1 >= clients_.size()) {
    return std::nullopt;
  }
  if (began < standing_.current) {
    return "";
  }
  leave_current(error);
  return text::sanitize(clients_[began].name);
}

void PullSource::disconnect() {
  for (Client& place : clients_) {
    place.client.disconnect();
  }
}

}  // namespace devenv::image::registry
