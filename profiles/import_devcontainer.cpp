// SPDX-License-Identifier: MIT
// devcontainer.json. Source: Dev Container metadata reference and its schema.
#include <algorithm>
#include <array>
#include <map>

#include "env/base/format.hpp"
#include "env/base/json.hpp"
#include "env/base/jsonc.hpp"
#include "env/base/text.hpp"
#include "profiles/devcontainer_features.hpp"
#include "profiles/devcontainer_keys.hpp"
#include "profiles/devcontainer_variables.hpp"
#include "profiles/import.hpp"
#include "profiles/import_internal.hpp"
#include "profiles/toml_writer.hpp"

namespace devenv::profiles {
namespace {

std::vector<std::string> strings_in(const Json& value) {
  std::vector<std::string> texts;
  for (const Json& each : value.is_array() ? value : Json::array({value})) {
    if (each.is_string()) {
      texts.push_back(each.get<std::string>());
    } else if (each.is_number_integer()) {
      texts.push_back(json::dump(each, -1));
    }
  }
  return texts;
}

class Importer {
 public:
  Result<ImportedProject> import(const Json& document) {
    for (const auto& [key, value] : document.items()) {
      read(key, value);
    }
    write();
    return std::move(result_);
  }

 private:
  void note(std::string_view key, std::string_view why) {
    result_.notes.push_back(format("{}: {}", text::sanitize(key), why));
  }

  void read(const std::string& key, const Json& value) {
    const bool is_off = value.is_null() || value == Json(false) || value == Json("none");
    if (is_off && key != "overrideCommand") {
      // Says that there is none of it.
      is_known(key) ? void() : note(key, "unknown key");
    } else if (key == "name") {
      result_.name = value.is_string() ? value.get<std::string>() : "";
      note(format("name {}", shown(value)), "the environment is called as the project's directory");
    } else if (key == "image") {
      base_ = value.is_string() ? value.get<std::string>() : "";
    } else if (key == "containerEnv" || key == "remoteEnv") {
      read_variables(key, value);
    } else if (key == "mounts") {
      for (const Json& mount : value.is_array() ? value : Json::array({value})) {
        read_mount(mount);
      }
    } else if (key == "features") {
      features_.read(value);
    } else if (key == "overrideFeatureInstallOrder") {
      const std::vector<std::string> names = strings_in(value);
      names.empty() ? note(key, "it is no list of features") : features_.set_order(names);
    } else if (key == "remoteUser" || key == "containerUser") {
      note(key, value == Json("root") ? "you are yourself inside; 'sudo' makes you root"
                                      : "you are yourself inside, with your own name");
    } else if (key == "runArgs") {
      value.is_array() || value.is_string() ? read_run_arguments(strings_in(value))
                                            : note(key, "it is no list of arguments");
    } else if (key.ends_with("Command") && key != "initializeCommand" && key != "overrideCommand") {
      read_command(key, value);
    } else if (key == "overrideCommand" && value == Json(true)) {
      // As it always is.
    } else if (remark_of_key(key).has_value()) {
      const std::string_view why = *remark_of_key(key);
      why.empty() ? void() : note(format("{} {}", key, shown(value)), why);
    } else {
      note(key, "unknown key");
    }
  }

  static bool is_known(std::string_view key) {
    constexpr std::array kOthers = {"name",
                                    "image",
                                    "containerEnv",
                                    "remoteEnv",
                                    "mounts",
                                    "features",
                                    "overrideFeatureInstallOrder",
                                    "remoteUser",
                                    "containerUser",
                                    "runArgs",
                                    "onCreateCommand",
                                    "updateContentCommand",
                                    "postCreateCommand",
                                    "postStartCommand",
                                    "postAttachCommand"};
    return remark_of_key(key).has_value() ||
           std::find(kOthers.begin(), kOthers.end(), key) != kOthers.end();
  }

  void read_variables(std::string_view key, const Json& variables) {
    if (!variables.is_object()) {
      note(key, "it is no object");
      return;
    }
    for (const auto& [name, value] : variables.items()) {
      const std::string place = format("{}.{}", key, name);
      if (!value.is_string()) {
        note(place, value.is_null() ? "no variable is taken away" : "it is no string");
      } else {
        read_variable(place, name, value.get<std::string>());
      }
    }
  }

  void read_variable(const std::string& place, const std::string& name, const std::string& value) {
    const auto parts = split_variables(value);
    const bool is_plain = std::none_of(parts.begin(), parts.end(),
                                       [](const TextPart& part) { return part.is_variable; });
    if (!is_variable_name(name)) {
      note(place, "no shell can set a variable of that name");
    } else if (name == "PATH") {
      read_path(place, value);
    } else if (is_plain) {
      variables_[name] = value;
    } else if (parts.size() == 1 && parts[0].environment_name() == name) {
      note(place, "the host's is there inside");
    } else {
      note(format("{}={}", place, text::sanitize(value)), "known only inside: write it out");
    }
  }

  void read_path(const std::string& place, const std::string& value) {
    std::string open;
    for (const std::string_view piece : text::split(value, ':')) {
      // "${containerEnv:PATH}" has a ':' of its own.
      open += (open.empty() ? "" : ":") + std::string(piece);
      if (open.rfind("${") != std::string::npos && open.rfind('}') == std::string::npos) {
        continue;
      }
      const auto parts = split_variables(open);
      const auto path = as_host_path(open);
      if (parts.size() == 1 && parts[0].environment_name() == "PATH") {
        // What was there before is there anyway.
      } else if (path && !path->starts_with('~') && !path->empty()) {
        path_.push_back(*path);
      } else {
        note(format("{} {}", place, text::sanitize(open)), "known only inside");
      }
      open.clear();
    }
  }

  /// "source=...,target=...,type=bind", or an object with these keys.
  void read_mount(const Json& mount) {
    std::map<std::string, std::string> fields;
    if (mount.is_object()) {
      for (const auto& [key, value] : mount.items()) {
        fields[key] = value.is_string() ? value.get<std::string>() : json::dump(value, -1);
      }
    } else if (mount.is_string()) {
      const std::string text = mount.get<std::string>();
      for (const std::string_view field : text::split(text, ',')) {
        const std::size_t equals = field.find('=');
        const bool is_bare = equals == std::string_view::npos;
        fields[std::string(field.substr(0, equals))] =
            is_bare ? "true" : std::string(field.substr(equals + 1));
      }
    }
    const auto field = [&](std::initializer_list<const char*> names) -> std::string {
      for (const char* name : names) {
        if (const auto found = fields.find(name); found != fields.end()) {
          return found->second;
        }
      }
      return "";
    };
    const bool is_read_only = field({"readonly", "ro"}) == "true" || field({"readonly"}) == "1";
    add_mount(format("mounts {}", shown(mount)), field({"type"}), field({"source", "src"}),
              field({"target", "destination", "dst"}), is_read_only);
  }

  void add_mount(const std::string& place,
                 const std::string& type,
                 const std::string& source,
                 const std::string& target,
                 bool is_read_only) {
    if (!type.empty() && type != "bind") {
      note(place, type == "volume" ? "there are no volumes: what is written inside stays, and "
                                     "a directory of the host can be mounted"
                                   : "only directories and files of the host are mounted");
      return;
    }
    const auto host = as_host_path(source);
    const bool is_plain = target.starts_with('/') && target.find("${") == std::string::npos &&
                          target.find(':') == std::string::npos;
    if (!host || host->empty() || host->find(':') != std::string::npos || !is_plain) {
      note(place, "its places are known only when it is mounted");
      return;
    }
    mounts_.push_back(format("{}:{}{}", *host, target, is_read_only ? ":ro" : ""));
  }

  void read_run_arguments(const std::vector<std::string>& words) {
    for (std::size_t at = 0; at < words.size(); ++at) {
      std::string flag = words[at];
      std::string value;
      const std::size_t equals = flag.starts_with("--") ? flag.find('=') : std::string::npos;
      constexpr std::array kWithValue = {"-e", "--env", "-v", "--volume", "--mount"};
      if (equals != std::string::npos) {
        value = flag.substr(equals + 1);
        flag.resize(equals);
      } else if (std::find(kWithValue.begin(), kWithValue.end(), flag) != kWithValue.end() &&
                 at + 1 < words.size()) {
        value = words[++at];
      }
      read_run_argument(flag, value, words[at]);
    }
  }

  void read_run_argument(const std::string& flag,
                         const std::string& value,
                         const std::string& word) {
    const std::size_t equals = value.find('=');
    if ((flag == "-e" || flag == "--env") && equals != std::string::npos) {
      read_variable(format("runArgs --env {}", value.substr(0, equals)), value.substr(0, equals),
                    value.substr(equals + 1));
    } else if (flag == "-v" || flag == "--volume") {
      read_volume(value);
    } else if (flag == "--mount") {
      read_mount(Json(value));
    } else if (flag == "--network" && value == "host") {
      note("runArgs --network=host", "the network is the host's");
    } else {
      note(format("runArgs {}", text::sanitize(word)), "an option of the container's engine");
    }
  }

  /// "SOURCE:TARGET[:MODE]"; variables have a ':' of their own.
  void read_volume(const std::string& value) {
    std::size_t split = std::string::npos;
    for (std::size_t at = 0, depth = 0; at < value.size() && split == std::string::npos; ++at) {
      depth += value.compare(at, 2, "${") == 0 ? 1U : 0U;
      depth -= value[at] == '}' && depth > 0 ? 1U : 0U;
      split = value[at] == ':' && depth == 0 ? at : split;
    }
    const std::string source = value.substr(0, split);
    std::string target = split == std::string::npos ? "" : value.substr(split + 1);
    const bool is_read_only = target.ends_with(":ro");
    target = target.substr(0, target.find(':'));
    const bool is_path = source.find('/') != std::string::npos || source.starts_with("${");
    add_mount(format("runArgs --volume {}", text::sanitize(value)), is_path ? "bind" : "volume",
              source, target, is_read_only);
  }

  void read_command(const std::string& key, const Json& command) {
    std::vector<std::string>& hook =
        key == "postStartCommand" ? start_ : (key == "postAttachCommand" ? enter_ : create_);
    if (!is_known(key)) {
      note(key, "unknown key");
    } else if (command.is_object()) {
      for (const auto& [name, each] : command.items()) {
        add_command(format("{}.{}", key, name), each, hook);
      }
      command.size() < 2 ? void() : note(key, "its commands run one after the other");
    } else {
      add_command(key, command, hook);
    }
    if (key == "updateContentCommand") {
      note(key, "it is run once, when the environment is made");
    }
  }

  void add_command(const std::string& place, const Json& command, std::vector<std::string>& hook) {
    if (command.is_string()) {
      const std::string text = command.get<std::string>();
      const auto line = as_shell_line(text);
      line ? hook.push_back(*line) : note(place, "it has variables that are not known inside");
      return;
    }
    std::vector<std::string> words;
    for (const std::string& word : strings_in(command)) {
      const auto quoted = as_shell_word(word);
      if (!quoted) {
        note(place, "it has variables that are not known inside");
        return;
      }
      words.push_back(*quoted);
    }
    words.empty() ? note(place, "it is no command") : hook.push_back(join(words, " "));
  }

  /// As one line for sh, which stops at the first that fails.
  static std::string joined(const std::vector<std::string>& lines) {
    if (lines.size() < 2) {
      return lines.empty() ? "" : lines[0];
    }
    std::vector<std::string> groups;
    for (const std::string& line : lines) {
      groups.push_back(format("{{ {}; }}", line));
    }
    return join(groups, " && ");
  }

  void write() {
    TomlWriter toml;
    toml.table("env");
    toml.text("base", base_);
    toml.list("mounts", acceptable("env", "mounts", mounts_, result_.notes));
    toml.list("path", path_);
    toml.table("environment");
    for (const auto& [variable, value] : variables_) {
      toml.text(variable, value);
    }
    toml.table("hooks");
    toml.text("create", joined(create_));
    toml.text("start", joined(start_));
    toml.text("enter", joined(enter_));
    features_.write(toml);
    result_.toml = toml.take();
    if (base_.empty()) {
      result_.notes.emplace_back("there is no image: add base = \"...\" to [env]");
    }
  }

  ImportedProject result_;
  std::string base_;
  std::vector<std::string> mounts_;
  std::vector<std::string> path_;
  FeatureImporter features_{result_.notes};
  std::map<std::string, std::string> variables_;
  std::vector<std::string> create_;
  std::vector<std::string> start_;
  std::vector<std::string> enter_;
};

}  // namespace

Result<ImportedProject> import_devcontainer(std::string_view document) {
  const auto parsed = json::parse(json::without_comments(document));
  if (!parsed) {
    return fail(parsed.error().with_code(ErrorCode::usage));
  }
  if (!parsed->is_object()) {
    return fail(ErrorCode::usage, "expected an object");
  }
  return Importer().import(*parsed);
}

}  // namespace devenv::profiles
