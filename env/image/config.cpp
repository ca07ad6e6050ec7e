// SPDX-License-Identifier: MIT
#include "env/image/config.hpp"

#include <utility>

#include "env/base/format.hpp"
#include "env/base/json.hpp"
#include "env/base/text.hpp"
#include "env/image/manifest.hpp"
#include "env/image/record.hpp"

namespace devenv::image {
namespace {

/// An array of strings that may be missing or null. A NUL byte would end the string early once it
/// is given to execve, so that two readers see different things.
Result<std::vector<std::string>> optional_strings(const Json& object, std::string_view key) {
  if (json::find(object, key) == nullptr) {
    return std::vector<std::string>{};
  }
  TRY_ASSIGN(std::vector<std::string> strings, json::get_strings(object, key));
  for (const std::string& string : strings) {
    if (string.find('\0') != std::string::npos) {
      return fail(ErrorCode::integrity, format("member '{}' has a NUL byte in it", key));
    }
  }
  return strings;
}

Result<std::string> optional_string(const Json& object, std::string_view key) {
  if (json::find(object, key) == nullptr) {
    return std::string();
  }
  TRY_ASSIGN(std::string string, json::get_string(object, key));
  if (string.find('\0') != std::string::npos) {
    return fail(ErrorCode::integrity, format("member '{}' has a NUL byte in it", key));
  }
  return string;
}

bool is_variable(const std::string& entry) {
  const std::size_t equals = entry.find('=');
  return equals != std::string::npos && equals > 0;
}

/// The "config" member: how programs are run. Docker leaves it out for imported images.
Result<void> read_execution(const Json& document, ImageConfig& config) {
  if (json::find(document, "config") == nullptr) {
    return {};
  }
  TRY_ASSIGN(const Json* execution, json::get_object(document, "config"));
  TRY_ASSIGN(config.environment, optional_strings(*execution, "Env"));
  std::erase_if(config.environment, [](const std::string& entry) { return !is_variable(entry); });
  TRY_ASSIGN(config.entrypoint, optional_strings(*execution, "Entrypoint"));
  TRY_ASSIGN(config.command, optional_strings(*execution, "Cmd"));
  TRY_ASSIGN(config.working_directory, optional_string(*execution, "WorkingDir"));
  TRY_ASSIGN(config.user, optional_string(*execution, "User"));
  if (json::find(*execution, "Labels") != nullptr) {
    TRY_ASSIGN(const Json* labels, json::get_object(*execution, "Labels"));
    for (const auto& [name, value] : labels->items()) {
      if (!value.is_string()) {
        return fail(ErrorCode::integrity,
                    format("label '{}' is not a string", text::sanitize(name)));
      }
      config.labels.emplace(name, value.get<std::string>());
    }
  }
  return {};
}

Result<std::vector<Digest>> read_diff_ids(const Json& document, std::size_t layer_count) {
  TRY_ASSIGN(const Json* rootfs, json::get_object(document, "rootfs"));
  TRY_ASSIGN(const std::string type, json::get_string(*rootfs, "type"));
  if (type != "layers") {
    return fail(ErrorCode::integrity,
                format("its file system is of type '{}', not of layers", text::sanitize(type)));
  }
  TRY_ASSIGN(const std::vector<std::string> texts, json::get_strings(*rootfs, "diff_ids"));
  if (texts.size() != layer_count) {
    return fail(ErrorCode::integrity,
                format("it names {} layers, but the manifest has {}", texts.size(), layer_count));
  }
  std::vector<Digest> diff_ids;
  for (const std::string& text : texts) {
    TRY_ASSIGN(Digest digest, Digest::parse(text));
    diff_ids.push_back(std::move(digest));
  }
  return diff_ids;
}

Result<ImageConfig> parse_document(std::string_view text, std::size_t layer_count) {
  TRY_ASSIGN(const Json document, json::parse(text, {.max_bytes = kMaxDocumentBytes}));
  if (!document.is_object()) {
    return fail(ErrorCode::integrity, "it is not a JSON object");
  }
  ImageConfig config;
  TRY_ASSIGN(config.platform.architecture, optional_string(document, "architecture"));
  TRY_ASSIGN(config.platform.variant, optional_string(document, "variant"));
  if (const std::string os = json::string_or(document, "os", ""); !os.empty()) {
    config.platform.os = os;
  }
  if (config.platform.os != "linux") {
    return fail(ErrorCode::unsupported, format("the image is for the operating system '{}'",
                                               text::sanitize(config.platform.os)));
  }
  const std::string created = json::string_or(document, "created", "");
  // Year 1 is Go's zero time: builds that want the same bytes every time leave it in.
  config.created_at = is_timestamp(created) && !created.starts_with("0001-") ? created : "";
  TRY(read_execution(document, config));
  TRY_ASSIGN(config.diff_ids, read_diff_ids(document, layer_count));
  return config;
}

}  // namespace

Result<ImageConfig> parse_config(std::string_view text, std::size_t layer_count) {
  TRY_ASSIGN_CONTEXT(ImageConfig config, parse_document(text, layer_count),
                     "cannot use the image's config");
  return config;
}

}  // namespace devenv::image
