// SPDX-License-Identifier: MIT
#include "env/image/sealed_layer.hpp"

#include <string>

#include "env/base/format.hpp"

namespace devenv::image {
namespace {

Result<Digest> get_digest(const Json& json, const char* key) {
  TRY_ASSIGN(const std::string text, json::get_string(json, key));
  TRY_ASSIGN_CONTEXT(Digest digest, Digest::parse(text), format("'{}' is malformed", key));
  return digest;
}

}  // namespace

Json SealedLayer::to_json() const {
  return Json{
      {"diff_id", diff_id.string()}, {"chain_id", chain_id.string()}, {"size_bytes", size_bytes}};
}

Result<SealedLayer> SealedLayer::from_json(const Json& json) {
  TRY_ASSIGN(Digest diff_id, get_digest(json, "diff_id"));
  TRY_ASSIGN(Digest chain_id, get_digest(json, "chain_id"));
  TRY_ASSIGN(const std::uint64_t size_bytes, json::get_uint(json, "size_bytes"));
  return SealedLayer{std::move(diff_id), std::move(chain_id), size_bytes};
}

}  // namespace devenv::image
