// SPDX-License-Identifier: MIT
#include "env/image/login_record.hpp"

namespace devenv::image {

Json LoginRecord::to_json() const {
  return {{"registry", registry}, {"places", places}, {"left", left}};
}

Result<LoginRecord> LoginRecord::from_json(const Json& json) {
  LoginRecord record;
  TRY_ASSIGN(record.registry, json::get_string(json, "registry"));
  TRY_ASSIGN(record.places, json::get_strings(json, "places"));
  TRY_ASSIGN(record.left, json::get_strings(json, "left"));
  return record;
}

}  // namespace devenv::image
