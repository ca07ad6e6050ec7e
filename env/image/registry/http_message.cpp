// SPDX-License-Identifier: MIT
// What requests and answers are made of.
#include "env/image/registry/http.hpp"

namespace devenv::image::registry {

const char* to_string(HttpMethod method) {
  switch (method) {
    case HttpMethod::head:
      return "HEAD";
    case HttpMethod::post:
      return "POST";
    case HttpMethod::put:
      return "PUT";
    case HttpMethod::get:
      break;
  }
  return "GET";
}

HttpBody body_of(std::string_view text) {
  return {.size_bytes = text.size(),
          .read = [text](std::uint64_t offset, std::span<char> buffer) -> Result<std::size_t> {
            const std::string_view rest = text.substr(static_cast<std::size_t>(offset));
            return rest.copy(buffer.data(), buffer.size());
          }};
}

std::string HttpResponse::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

std::vector<std::string> HttpResponse::all(const std::string& name) const {
  std::vector<std::string> values;
  const auto range = headers.equal_range(name);
  for (auto entry = range.first; entry != range.second; ++entry) {
    values.push_back(entry->second);
  }
  return values;
}

}  // namespace devenv::image::registry
