// SPDX-License-Identifier: MIT
#include "env/host/cdi.hpp"

#include <algorithm>
#include <set>

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::host {
namespace {

constexpr std::size_t kLongestPath = 4096;
constexpr std::size_t kMostEntries = 4096;

Error damaged(std::string message) {
  return {ErrorCode::integrity, std::move(message)};
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

Result<std::string> checked_path(const std::string& path, std::string_view what) {
  const auto parts = text::split(path, '/');
  std::string_view problem;
  if (!path.starts_with('/')) {
    problem = "is not absolute";
  } else if (path.size() > kLongestPath || has_control(path)) {
    problem = "is no sane path";
  } else if (std::find(parts.begin(), parts.end(), "..") != parts.end()) {
    problem = "has '..' in it";
  }
  if (!problem.empty()) {
    return fail(
        damaged(format("{} '{}' {}", what, text::sanitize(path.substr(0, kLongestPath)), problem)));
  }
  return path;
}

/// A link's target as an absolute path: relative ones begin where the link is, and may climb.
Result<std::string> absolute_target(const std::string& target, const std::string& link) {
  if (target.starts_with('/')) {
    return checked_path(target, "target of a link");
  }
  auto parts = text::split(std::string_view(link).substr(1), '/');
  parts.pop_back();
  for (const std::string_view part : text::split(target, '/')) {
    if (part == "..") {
      if (parts.empty()) {
        return fail(damaged(format("target '{}' leads out of the root", text::sanitize(target))));
      }
      parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
  }
  std::string path;
  for (const std::string_view part : parts) {
    path.append("/").append(part);
  }
  return checked_path(path, "target of a link");
}

/// The members of a list that may be missing, or null, as Go programs write an empty one.
Result<std::vector<const Json*>> objects_or_none(const Json& object, std::string_view key) {
  std::vector<const Json*> members;
  if (json::find(object, key) == nullptr) {
    return members;
  }
  TRY_ASSIGN(const Json* list, json::get_array(object, key));
  if (list->size() > kMostEntries) {
    return fail(damaged(format("there are more than {} {}", kMostEntries, key)));
  }
  for (const Json& member : *list) {
    members.push_back(&member);
  }
  return members;
}

/// The values of an option given as "--name value" or "--name=value".
Result<std::vector<std::string>> option_values(const std::vector<std::string>& arguments,
                                               const std::string& option) {
  std::vector<std::string> values;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].starts_with(option + "=")) {
      values.push_back(arguments[i].substr(option.size() + 1));
    } else if (arguments[i] == option) {
      if (++i == arguments.size()) {
        return fail(damaged(format("{} has no value", option)));
      }
      values.push_back(arguments[i]);
    }
  }
  return values;
}

Result<CdiLink> read_link(const std::string& text) {
  const std::size_t separator = text.find("::");
  const std::string target = text.substr(0, separator);
  const std::string path = separator == std::string::npos ? "" : text.substr(separator + 2);
  if (target.empty() || path.empty() || path.find("::") != std::string::npos) {
    return fail(damaged(format("link '{}' is not TARGET::PATH", text::sanitize(text))));
  }
  CdiLink link;
  TRY_ASSIGN(link.path, checked_path(path, "link"));
  TRY_ASSIGN(link.target, absolute_target(target, link.path));
  return link;
}

/// "nvidia-cdi-hook create-symlinks ..." or "nvidia-ctk hook create-symlinks ...", as older
/// toolkits have it.
Result<void> read_hook(const Json& hook, CdiEdits& edits) {
  TRY_ASSIGN(const std::string stage, json::get_string(hook, "hookName"));
  TRY_ASSIGN(const std::string program, json::get_string(hook, "path"));
  TRY(checked_path(program, "path of a hook"));
  TRY_ASSIGN(std::vector<std::string> arguments, json::strings_or_none(hook, "args"));
  if (arguments.size() > 1 && arguments[1] == "hook") {
    arguments.erase(arguments.begin() + 1);
  }
  if (stage != "createContainer" || arguments.size() < 2) {
    return {};
  }
  if (arguments[1] == "create-symlinks") {
    TRY_ASSIGN(const auto links, option_values(arguments, "--link"));
    for (const std::string& text : links) {
      TRY_ASSIGN(CdiLink link, read_link(text));
      edits.links.push_back(std::move(link));
    }
  } else if (arguments[1] == "update-ldcache") {
    TRY_ASSIGN(const auto folders, option_values(arguments, "--folder"));
    for (const std::string& folder : folders) {
      TRY_ASSIGN(std::string path, checked_path(folder, "folder of libraries"));
      edits.ldcache_folders.push_back(std::move(path));
    }
  }
  return {};
}

/// Those that decide what every program inside runs are nobody's but the user's.
bool belongs_to_user(std::string_view name) {
  static const std::set<std::string_view> kOthers = {"PATH",  "HOME", "USER",     "LOGNAME",
                                                     "SHELL", "ENV",  "BASH_ENV", "IFS"};
  return name.starts_with("LD_") || name.starts_with("XDG_") || kOthers.contains(name);
}

Result<void> read_variables(const Json& edits_object, CdiEdits& edits) {
  TRY_ASSIGN(const auto variables, json::strings_or_none(edits_object, "env"));
  for (const std::string& variable : variables) {
    const std::string name = variable.substr(0, variable.find('='));
    const bool is_word = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
    if (name.size() == variable.size() || !is_word || variable.size() > kLongestPath ||
        has_control(variable)) {
      return fail(damaged(format("variable '{}' is not NAME=VALUE",
                                 text::sanitize(variable.substr(0, kLongestPath)))));
    }
    if (!belongs_to_user(name)) {
      edits.variables.push_back(variable);
    }
  }
  return {};
}

Result<void> read_edits(const Json& object, CdiEdits& edits) {
  TRY_ASSIGN(const auto mounts, objects_or_none(object, "mounts"));
  for (const Json* mount : mounts) {
    TRY_ASSIGN(const std::string host_path, json::get_string(*mount, "hostPath"));
    TRY_ASSIGN(const std::string container_path, json::get_string(*mount, "containerPath"));
    CdiMount checked;
    TRY_ASSIGN(checked.host_path, checked_path(host_path, "host path of a mount"));
    TRY_ASSIGN(checked.container_path, checked_path(container_path, "container path of a mount"));
    edits.mounts.push_back(std::move(checked));
  }
  TRY_ASSIGN(const auto hooks, objects_or_none(object, "hooks"));
  for (const Json* hook : hooks) {
    TRY(read_hook(*hook, edits));
  }
  return read_variables(object, edits);
}

/// `containerEdits` of the document, or of a device.
Result<void> read_edits_of(const Json& owner, CdiEdits& edits) {
  if (json::find(owner, "containerEdits") == nullptr) {
    return {};
  }
  TRY_ASSIGN(const Json* object, json::get_object(owner, "containerEdits"));
  return read_edits(*object, edits);
}

}  // namespace

std::string cdi_kind(const Json& document) {
  return json::string_or(document, "kind", "");
}

Result<CdiEdits> read_cdi(const Json& document) {
  TRY_ASSIGN(const std::string version, json::get_string(document, "cdiVersion"));
  if (!version.starts_with("0.") && !version.starts_with("1.")) {
    return fail(Error(ErrorCode::unsupported,
                      format("CDI version '{}' is not known", text::sanitize(version))));
  }
  CdiEdits edits;
  TRY(read_edits_of(document, edits));
  TRY_ASSIGN(const auto devices, objects_or_none(document, "devices"));
  // "all" is every device at once, for those that do not choose.
  const auto all = std::find_if(devices.begin(), devices.end(), [](const Json* device) {
    return json::string_or(*device, "name", "") == "all";
  });
  for (const Json* device : devices) {
    if (all == devices.end() || device == *all) {
      TRY(read_edits_of(*device, edits));
    }
  }
  if (edits.mounts.size() + edits.links.size() + edits.variables.size() > kMostEntries) {
    return fail(damaged(format("there are more than {} edits", kMostEntries)));
  }
  return edits;
}

}  // namespace devenv::host
