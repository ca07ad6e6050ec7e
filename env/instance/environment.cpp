// SPDX-License-Identifier: MIT
#include "env/instance/environment.hpp"

#include <array>

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::instance {
namespace {

constexpr std::uint64_t kSchema = 1;

Result<void> check_schema(const Json& json) {
  TRY_ASSIGN(const std::uint64_t schema, json::get_uint(json, "schema"));
  if (schema > kSchema) {
    return fail(Error(ErrorCode::unsupported,
                      format("written by a newer devenv (version {} of the format, this one knows "
                             "{})",
                             schema, kSchema))
                    .with_hint("update devenv"));
  }
  return {};
}

constexpr std::array kPolicies = {HostCommands::allow, HostCommands::ask, HostCommands::deny};

}  // namespace

std::string_view to_string(HostCommands policy) {
  switch (policy) {
    case HostCommands::allow:
      return "allow";
    case HostCommands::ask:
      return "ask";
    case HostCommands::deny:
      return "deny";
  }
  return "";
}

Result<HostCommands> parse_host_commands(std::string_view text) {
  for (const HostCommands policy : kPolicies) {
    if (to_string(policy) == text) {
      return policy;
    }
  }
  return fail(ErrorCode::usage, format("'{}' is none of allow, ask, deny", text::sanitize(text)));
}

Json Spec::to_json() const {
  return Json{{"schema", kSchema},
              {"image", image},
              {"profile", profile},
              {"storage", storage ? std::string(sandbox::to_string(*storage)) : "auto"},
              {"created_at", created_at},
              {"share", shares.on},
              {"no_share", shares.off},
              {"host_commands", std::string(to_string(host_commands))},
              {"exports",
               {{"auto", exports.automatic},
                {"apps", exports.apps},
                {"bins", exports.binaries},
                {"services", exports.services}}}};
}

Result<Spec> Spec::from_json(const Json& json) {
  TRY(check_schema(json));
  Spec spec;
  TRY_ASSIGN(spec.image, json::get_string(json, "image"));
  TRY_ASSIGN(spec.created_at, json::get_string(json, "created_at"));
  spec.profile = json::string_or(json, "profile", "");
  // Not in files of the first version.
  TRY_ASSIGN(spec.shares.on, json::strings_or_none(json, "share"));
  TRY_ASSIGN(spec.shares.off, json::strings_or_none(json, "no_share"));
  TRY_ASSIGN(spec.host_commands,
             parse_host_commands(json::string_or(json, "host_commands", "allow")));
  if (const Json* const exports = json::find(json, "exports")) {
    const Json* const automatic = json::find(*exports, "auto");
    spec.exports.automatic = automatic != nullptr && *automatic == Json(true);
    TRY_ASSIGN(spec.exports.apps, json::strings_or_none(*exports, "apps"));
    TRY_ASSIGN(spec.exports.binaries, json::strings_or_none(*exports, "bins"));
    TRY_ASSIGN(spec.exports.services, json::strings_or_none(*exports, "services"));
  }
  TRY_ASSIGN(spec.storage,
             sandbox::parse_storage_preference(json::string_or(json, "storage", "auto")));
  return spec;
}

Json State::to_json() const {
  Json chain = Json::array();
  for (const Digest& layer : layers) {
    chain.push_back(layer.string());
  }
  return Json{{"schema", kSchema},
              {"image_reference", image_reference},
              {"manifest_digest", manifest_digest.string()},
              {"layers", chain},
              {"storage", std::string(sandbox::to_string(storage))},
              {"id_map", id_map},
              {"image_environment", image_environment}};
}

Result<State> State::from_json(const Json& json) {
  TRY(check_schema(json));
  TRY_ASSIGN(std::string reference, json::get_string(json, "image_reference"));
  TRY_ASSIGN(const std::string manifest, json::get_string(json, "manifest_digest"));
  TRY_ASSIGN(Digest manifest_digest, Digest::parse(manifest));
  TRY_ASSIGN(const auto chain, json::get_strings(json, "layers"));
  std::vector<Digest> layers;
  for (const std::string& text : chain) {
    TRY_ASSIGN(Digest layer, Digest::parse(text));
    layers.push_back(std::move(layer));
  }
  TRY_ASSIGN(const std::string storage_name, json::get_string(json, "storage"));
  TRY_ASSIGN(const auto storage, sandbox::parse_storage_preference(storage_name));
  if (!storage || layers.empty()) {
    return fail(ErrorCode::integrity, "no storage driver or no layer is recorded");
  }
  TRY_ASSIGN(std::string id_map, json::get_string(json, "id_map"));
  TRY_ASSIGN(std::vector<std::string> variables, json::get_strings(json, "image_environment"));
  return State{.image_reference = std::move(reference),
               .manifest_digest = std::move(manifest_digest),
               .layers = std::move(layers),
               .storage = *storage,
               .id_map = std::move(id_map),
               .image_environment = std::move(variables)};
}

}  // namespace devenv::instance
