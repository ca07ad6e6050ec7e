// SPDX-License-Identifier: MIT
#include "env/image/registry/pull_source.hpp"

#include <algorithm>
#include <utility>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"

namespace devenv::image::registry {

template <typename Call>
auto PullSource::at_each(const Call& call) -> decltype(call(std::declval<RegistryClient&>())) {
  while (true) {
    Client& place = clients_[current_];
    auto result = call(place.client);
    const ErrorCode code = result ? ErrorCode::interrupted : result.error().code();
    // Without ranges, a place is still good for whole blobs.
    if (code == ErrorCode::interrupted || code == ErrorCode::unsupported) {
      return result;
    }
    if (current_ + 1 == clients_.size()) {
      return fail(explain(result.error()));
    }
    LOG_INFO("mirror {}: {}", text::sanitize(place.registry), result.error().to_line());
    failed_.push_back(format("{}: {}", text::sanitize(place.registry), result.error().to_line()));
    ++current_;
  }
}

Error PullSource::explain(const Error& error) const {
  const Client& place = clients_[current_];
  Error explained = error;
  if (!place.file.empty()) {
    explained = explained.context(format(
        "asked at '{}', as '{}' says", text::sanitize(place.registry), text::sanitize(place.file)));
  }
  if (!failed_.empty()) {
    explained =
        explained.context(format("mirrors of '{}' have failed before ({})",
                                 text::sanitize(clients_.front().file), join(failed_, "; ")));
  }
  return explained;
}

Result<FetchedManifest> PullSource::manifest(const std::string& selector) {
  return at_each([&](RegistryClient& client) { return client.manifest(selector); });
}

Result<std::string> PullSource::document(const Descriptor& blob) {
  return at_each([&](RegistryClient& client) { return client.document(blob); });
}

Result<void> PullSource::download(const Descriptor& blob,
                                  std::uint64_t have,
                                  const RegistryClient::Append& append,
                                  std::size_t first) {
  current_ = std::max(current_, first);
  return download_part(blob, have, blob.size_bytes, append);
}

Result<void> PullSource::download_part(const Descriptor& blob,
                                       std::uint64_t have,
                                       std::uint64_t end,
                                       const RegistryClient::Append& append) {
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
  auto done = at_each([&](RegistryClient& client) -> Result<void> {
    auto part = client.download_part(blob, have, end, counted);
    return refusal ? Result<void>() : part;
  });
  if (refusal) {
    return fail(*refusal);
  }
  return done;
}

std::optional<PullSource::Next> PullSource::next_place(std::size_t first, const Error& error) {
  const std::size_t place = std::max(current_, first);
  if (place + 1 == clients_.size()) {
    current_ = place;
    return std::nullopt;
  }
  const std::string registry = text::sanitize(clients_[place].registry);
  failed_.push_back(format("{}: {}", registry, error.to_line()));
  return Next{.first = place + 1, .left = registry};
}

void PullSource::disconnect() {
  for (Client& place : clients_) {
    place.client.disconnect();
  }
}

}  // namespace devenv::image::registry
