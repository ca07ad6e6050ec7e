// SPDX-License-Identifier: MIT
// What the parts of RegistryClient have in common.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "env/base/format.hpp"
#include "env/base/result.hpp"
#include "env/image/registry/http.hpp"

namespace devenv::image::registry {

inline bool is_success(long status) {
  return status >= 200 && status < 300;
}

/// Collects a body in memory. Errors of the sink: integrity when there is more than `limit` of it.
inline BodySink collect(std::string& body, std::size_t limit, const std::string& what) {
  return [&body, limit, what](const HttpResponse&, std::string_view bytes) -> Result<void> {
    if (body.size() + bytes.size() > limit) {
      return fail(ErrorCode::integrity, format("{} has more than {} bytes", what, limit));
    }
    body.append(bytes);
    return {};
  };
}

}  // namespace devenv::image::registry
