// SPDX-License-Identifier: MIT
#include "profiles/config.hpp"

#include <array>

#include "env/base/format.hpp"
#include "env/sys/file.hpp"
#include "profiles/schema.hpp"
#include "profiles/toml_internal.hpp"

namespace devenv::profiles {
namespace {

constexpr std::size_t kFileLimit = 1024U * 1024;  // bytes

std::optional<Complaint> check_storage(std::string_view value) {
  const auto storage = sandbox::parse_storage_preference(value);
  if (storage) {
    return std::nullopt;
  }
  return Complaint{storage.error().to_line(), storage.error().hint()};
}

constexpr std::array kConfigSchema = {
    SchemaKey{"", "defaults", ValueKind::table, Need::optional,
              "what `devenv create` uses when no flag says otherwise"},
    SchemaKey{"defaults", "storage", ValueKind::text, Need::optional,
              "`auto`, `overlay`, `fuse-overlayfs` or `copy`", check_storage},
    SchemaKey{"defaults", "share", ValueKind::text_list, Need::optional,
              "what to share of the host, by the names of `devenv help shares`", check_share},
    SchemaKey{"defaults", "no-share", ValueKind::text_list, Need::optional,
              "what not to share of the host", check_share},
};

Error to_error(const Diagnostic& diagnostic) {
  return Error(ErrorCode::usage, diagnostic.to_string()).with_hint(diagnostic.hint);
}

}  // namespace

std::span<const SchemaKey> config_schema() {
  return kConfigSchema;
}

Result<Config> load_config(const std::string& config_directory) {
  const std::string file = config_directory + "/config.toml";
  TRY_ASSIGN(const auto text, sys::read_file_if_exists(file, kFileLimit));
  if (!text) {
    return Config{};
  }
  const auto root = parse_toml(*text, file);
  if (!root) {
    return fail(to_error(root.error()));
  }
  const auto found = check_schema(*root, config_schema(), file);
  if (!found.empty()) {
    return fail(to_error(found.front()));
  }
  Config config;
  if (const TomlMember* defaults = root->find("defaults")) {
    if (const TomlMember* storage = defaults->value.find("storage")) {
      TRY_ASSIGN(config.storage, sandbox::parse_storage_preference(storage->value.text));
    }
    config.shares = read_shares(defaults->value);
  }
  return config;
}

}  // namespace devenv::profiles
