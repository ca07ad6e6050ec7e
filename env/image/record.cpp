// SPDX-License-Identifier: MIT
#include "env/image/record.hpp"

#include <algorithm>
#include <ctime>

#include "env/base/format.hpp"

namespace devenv::image {
namespace {

Result<Digest> get_digest(const Json& json, std::string_view key) {
  TRY_ASSIGN(const std::string text, json::get_string(json, key));
  return Digest::parse(text);
}

/// Whether `text` looks like `pattern`, where '0' stands for any digit.
bool has_form(std::string_view text, std::string_view pattern) {
  if (text.size() != pattern.size()) {
    return false;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (pattern[i] == '0' ? !digit : text[i] != pattern[i]) {
      return false;
    }
  }
  return true;
}

}  // namespace

Json ImageRecord::to_json() const {
  Json chain_ids = Json::array();
  for (const Digest& layer : layers) {
    chain_ids.push_back(layer.string());
  }
  return Json{{"reference", reference},
              {"manifest_digest", manifest_digest.string()},
              {"config_digest", config_digest.string()},
              {"layers", std::move(chain_ids)},
              {"architecture", architecture},
              {"environment", environment},
              {"size_bytes", size_bytes},
              {"created_at", created_at},
              {"pulled_at", pulled_at}};
}

Result<ImageRecord> ImageRecord::from_json(const Json& json) {
  TRY_ASSIGN(std::string reference, json::get_string(json, "reference"));
  if (reference.empty()) {
    return fail(ErrorCode::integrity, "member 'reference' is empty");
  }
  TRY_ASSIGN(Digest manifest_digest, get_digest(json, "manifest_digest"));
  TRY_ASSIGN(Digest config_digest, get_digest(json, "config_digest"));
  ImageRecord record{.reference = std::move(reference),
                     .manifest_digest = std::move(manifest_digest),
                     .config_digest = std::move(config_digest)};
  TRY_ASSIGN(const std::vector<std::string> layers, json::get_strings(json, "layers"));
  record.layers.reserve(layers.size());
  for (const std::string& layer : layers) {
    TRY_ASSIGN(Digest chain_id, Digest::parse(layer));
    record.layers.push_back(std::move(chain_id));
  }
  TRY_ASSIGN(record.architecture, json::get_string(json, "architecture"));
  TRY_ASSIGN(record.environment, json::get_strings(json, "environment"));
  TRY_ASSIGN(record.size_bytes, json::get_uint(json, "size_bytes"));
  TRY_ASSIGN(record.created_at, json::get_string(json, "created_at"));
  TRY_ASSIGN(record.pulled_at, json::get_string(json, "pulled_at"));
  return record;
}

std::string current_timestamp() {
  return timestamp(static_cast<std::uint64_t>(std::time(nullptr)));
}

std::string timestamp(std::uint64_t seconds) {
  constexpr std::uint64_t kLast = 253402300799;  // 9999-12-31T23:59:59Z
  const auto time = static_cast<std::time_t>(std::min(seconds, kLast));
  std::tm parts{};
  (void)::gmtime_r(&time, &parts);
  return format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

bool is_timestamp(std::string_view text) {
  constexpr std::string_view kSeconds = "0000-00-00T00:00:00";
  if (text.size() < kSeconds.size() || !has_form(text.substr(0, kSeconds.size()), kSeconds)) {
    return false;
  }
  text.remove_prefix(kSeconds.size());
  if (text.starts_with('.')) {
    const std::size_t end = text.find_first_not_of("0123456789", 1);
    if (end == 1 || end == std::string_view::npos) {
      return false;
    }
    text.remove_prefix(end);
  }
  return text == "Z" || has_form(text, "+00:00") || has_form(text, "-00:00");
}

}  // namespace devenv::image
