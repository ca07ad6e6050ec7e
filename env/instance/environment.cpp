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

Result<ExtraMount> parse_mount(std::string_view text,
                               const std::string& base,
                               const std::string& home) {
  std::vector<std::string_view> parts = text::split(text, ':');
  ExtraMount mount;
  if (parts.size() > 1 && (parts.back() == "ro" || parts.back() == "rw")) {
    mount.read_only = parts.back() == "ro";
    parts.pop_back();
  }
  const auto absolute = [&](std::string_view path) {
    if (path == "~" || path.starts_with("~/")) {
      return home + std::string(path.substr(1));
    }
    return path.starts_with('/') ? std::string(path) : format("{}/{}", base, path);
  };
  if (parts.size() <= 2 && !parts.front().empty()) {
    mount.source = absolute(parts.front());
    mount.target = parts.size() == 2 ? std::string(parts.back()) : mount.source;
    if (mount.target == "~" || mount.target.starts_with("~/")) {
      mount.target = home + mount.target.substr(1);
    }
  }
  if (!mount.target.starts_with('/') || mount.target.find_first_not_of('/') == std::string::npos) {
    return fail(Error(ErrorCode::usage, format("bad mount '{}'", text::sanitize(text)))
                    .with_hint("HOST:INSIDE or HOST:INSIDE:ro, with an absolute path INSIDE"));
  }
  return mount;
}

std::string to_string(const ExtraMount& mount) {
  return format("{}:{}{}", mount.source, mount.target, mount.read_only ? ":ro" : "");
}

namespace {

Json limits_to_json(const Limits& limits) {
  Json json = Json::object();
  const auto put = [&](const char* name, const std::optional<std::uint64_t>& value) {
    if (value) {
      json[name] = *value;
    }
  };
  put("memory", limits.memory);
  put("cpus", limits.cpus);
  put("processes", limits.processes);
  return json;
}

Result<Limits> limits_from_json(const Json& json) {
  Limits limits;
  const auto take = [&](const char* name, std::optional<std::uint64_t>& value) -> Result<void> {
    if (json::find(json, name) != nullptr) {
      TRY_ASSIGN(value, json::get_uint(json, name));
    }
    return {};
  };
  TRY(take("memory", limits.memory));
  TRY(take("cpus", limits.cpus));
  TRY(take("processes", limits.processes));
  return limits;
}

/// What only some environments have.
void add_wishes(const Spec& spec, Json& json) {
  if (!spec.project.empty()) {
    json["project"] = spec.project;
  }
  if (!spec.came_from.empty()) {
    json["came_from"] = spec.came_from;
  }
  if (!spec.host_root) {
    json["host_root"] = false;
  }
  Json mounts = Json::array();
  for (const ExtraMount& mount : spec.mounts) {
    mounts.push_back(
        {{"source", mount.source}, {"target", mount.target}, {"read_only", mount.read_only}});
  }
  if (!mounts.empty()) {
    json["mounts"] = std::move(mounts);
  }
  const Surroundings& around = spec.surroundings;
  if (around != Surroundings{}) {
    json["surroundings"] = {{"variables", around.variables},
                            {"path", around.path},
                            {"shell", around.shell},
                            {"workdir", around.workdir}};
  }
  const Hooks& hooks = spec.hooks;
  if (hooks != Hooks{}) {
    json["hooks"] = {{"create", hooks.create},
                     {"start", hooks.start},
                     {"enter", hooks.enter},
                     {"leave", hooks.leave}};
  }
  if (spec.limits.any()) {
    json["limits"] = limits_to_json(spec.limits);
  }
}

Result<void> read_wishes(const Json& json, Spec& spec) {
  spec.project = json::string_or(json, "project", "");
  spec.came_from = json::string_or(json, "came_from", "");
  const Json* const host_root = json::find(json, "host_root");
  spec.host_root = host_root == nullptr || *host_root != Json(false);
  if (json::find(json, "mounts") != nullptr) {
    TRY_ASSIGN(const Json* mounts, json::get_array(json, "mounts"));
    for (const Json& each : *mounts) {
      ExtraMount mount;
      TRY_ASSIGN(mount.source, json::get_string(each, "source"));
      TRY_ASSIGN(mount.target, json::get_string(each, "target"));
      const Json* const read_only = json::find(each, "read_only");
      mount.read_only = read_only != nullptr && *read_only == Json(true);
      spec.mounts.push_back(std::move(mount));
    }
  }
  if (const Json* const around = json::find(json, "surroundings")) {
    TRY_ASSIGN(spec.surroundings.variables, json::strings_or_none(*around, "variables"));
    TRY_ASSIGN(spec.surroundings.path, json::strings_or_none(*around, "path"));
    spec.surroundings.shell = json::string_or(*around, "shell", "");
    spec.surroundings.workdir = json::string_or(*around, "workdir", "");
  }
  if (const Json* const hooks = json::find(json, "hooks")) {
    TRY_ASSIGN(spec.hooks.create, json::strings_or_none(*hooks, "create"));
    TRY_ASSIGN(spec.hooks.start, json::strings_or_none(*hooks, "start"));
    TRY_ASSIGN(spec.hooks.enter, json::strings_or_none(*hooks, "enter"));
    TRY_ASSIGN(spec.hooks.leave, json::strings_or_none(*hooks, "leave"));
  }
  if (const Json* const limits = json::find(json, "limits")) {
    TRY_ASSIGN(spec.limits, limits_from_json(*limits));
  }
  return {};
}

}  // namespace

Json Spec::to_json() const {
  Json json{{"schema", kSchema},
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
  add_wishes(*this, json);
  return json;
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
  TRY(read_wishes(json, spec));
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
