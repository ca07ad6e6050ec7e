// SPDX-License-Identifier: MIT
#include "profiles/project.hpp"

#include <algorithm>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"
#include "env/sys/namespaces.hpp"
#include "profiles/project_merge.hpp"
#include "profiles/schema.hpp"
#include "profiles/toml_internal.hpp"

namespace devenv::profiles {
namespace {

constexpr std::size_t kFileLimit = 1024U * 1024;  // bytes
constexpr std::size_t kDeepest = 16;
constexpr std::size_t kMostFiles = 64;
constexpr std::int64_t kVersion = 1;

ProjectCommand command_of(const TomlValue& value) {
  if (value.type == TomlType::text) {
    return {"sh", "-c", value.text};
  }
  ProjectCommand words;
  for (const TomlValue& item : value.items) {
    words.push_back(item.text);
  }
  return words;
}

std::vector<std::string> texts_of(const TomlValue& value) {
  return value.type == TomlType::text ? std::vector<std::string>{value.text} : command_of(value);
}

ProjectProgram program_of(const TomlMember& member) {
  ProjectProgram program{.name = member.key};
  if (member.value.type != TomlType::table) {
    program.run = command_of(member.value);
    return program;
  }
  program.run = command_of(member.value.find("run")->value);
  program.description = member.value.text_at("description");
  program.depends = member.value.texts_at("depends");
  program.workdir = member.value.text_at("workdir");
  return program;
}

/// From a file that was found to be in order.
class ProjectBuilder {
 public:
  explicit ProjectBuilder(const TomlValue& root) : root_(root) {}

  Project build(const std::string& directory) {
    project_.directory = directory;
    read_env(table("env"));
    read_packages(table("packages"));
    read_features();
    read_setup();
    for (const TomlMember& variable : table("environment").members) {
      project_.variables[variable.key] = variable.value.text;
    }
    for (const TomlMember& hook : table("hooks").members) {
      project_.hooks[hook.key] = command_of(hook.value);
    }
    const TomlValue& exports = table("exports");
    const TomlMember* const automatic = exports.find("auto");
    project_.exports = {.automatic = automatic != nullptr && automatic->value.truth,
                        .apps = exports.texts_at("apps"),
                        .binaries = exports.texts_at("bins"),
                        .services = exports.texts_at("services")};
    read_limits(table("limits"));
    for (const TomlMember& variant : table("profiles").members) {
      project_.variants.push_back(variant.key);
    }
    for (const TomlMember& task : table("tasks").members) {
      project_.tasks.push_back(program_of(task));
    }
    for (const TomlMember& service : table("services").members) {
      project_.services.push_back(program_of(service));
    }
    return std::move(project_);
  }

 private:
  const TomlValue& table(std::string_view name) const {
    static const TomlValue kNone;
    const TomlMember* const member = root_.find(name);
    return member == nullptr ? kNone : member->value;
  }

  void read_env(const TomlValue& env) {
    project_.name = env.text_at("name");
    project_.base = env.text_at("base");
    project_.shares = read_shares(env);
    if (const TomlMember* policy = env.find("host-commands")) {
      if (const auto parsed = instance::parse_host_commands(policy->value.text)) {
        project_.host_commands = *parsed;
      }
    }
    if (const TomlMember* storage = env.find("storage")) {
      project_.storage = storage->value.text;
    }
    project_.mounts = env.texts_at("mounts");
    project_.workdir = env.text_at("workdir");
    project_.shell = env.text_at("shell");
    project_.path = env.texts_at("path");
    if (const TomlMember* dotenv = env.find("dotenv")) {
      project_.dotenv = texts_of(dotenv->value);
    }
  }

  void read_packages(const TomlValue& packages) {
    project_.snapshot = packages.text_at("snapshot");
    project_.tools = packages.texts_at("tools");
    project_.repositories = packages.texts_at("repositories");
    project_.keys = packages.texts_at("keys");
    for (const TomlMember& member : packages.members) {
      const bool is_list_of_packages = member.key != "snapshot" && member.key != "tools" &&
                                       member.key != "repositories" && member.key != "keys";
      if (is_list_of_packages) {
        project_.packages[member.key == "install" ? "" : member.key] = texts_of(member.value);
      }
    }
  }

  void read_features() {
    const TomlMember* const features = root_.find("features");
    if (features == nullptr) {
      return;
    }
    for (const TomlValue& table : features->value.items) {
      ProjectFeature feature{.reference = table.text_at("ref"), .options = {}};
      if (const TomlMember* const options = table.find("options")) {
        for (const TomlMember& option : options->value.members) {
          const bool is_text = option.value.type == TomlType::text;
          feature.options[option.key] =
              is_text ? option.value.text : std::string(option.value.truth ? "true" : "false");
        }
      }
      project_.features.push_back(std::move(feature));
    }
  }

  void read_setup() {
    const TomlMember* const setup = root_.find("setup");
    if (setup == nullptr) {
      return;
    }
    for (const TomlValue& table : setup->value.items) {
      SetupStep step{.name = table.text_at("name"), .run = command_of(table.find("run")->value)};
      const TomlMember* const user = table.find("user");
      step.as_user = user != nullptr && user->value.truth;
      step.inputs = table.texts_at("inputs");
      if (step.name.empty()) {
        step.name = step.run.back();
      }
      project_.setup.push_back(std::move(step));
    }
  }

  void read_limits(const TomlValue& limits) {
    const auto number = [&](std::string_view key) -> std::optional<std::uint64_t> {
      const TomlMember* const member = limits.find(key);
      return member == nullptr ? std::nullopt
                               : std::optional(static_cast<std::uint64_t>(member->value.number));
    };
    project_.limits = {.memory = parse_memory(limits.text_at("memory")),
                       .cpus = number("cpus"),
                       .processes = number("processes")};
  }

  const TomlValue& root_;
  Project project_;
};

std::vector<Diagnostic> check_root(const TomlValue& root, const std::string& file) {
  std::vector<Diagnostic> found = check_schema(root, project_schema(), file);
  const TomlMember* const version = root.find("schema");
  if (version != nullptr && version->value.type == TomlType::integer &&
      version->value.number != kVersion) {
    found.push_back({.file = file,
                     .line = version->value.position.line,
                     .column = version->value.position.column,
                     .message = format("this is format {}, and this devenv reads format {}",
                                       version->value.number, kVersion),
                     .hint = "a newer devenv reads it"});
  }
  return found;
}

/// Reads files one after the other, and puts them on top of each other.
class ProjectReader {
 public:
  /// False when something is wrong; then it is among the diagnostics.
  bool read(const std::string& path, const std::string& variant) {
    if (std::find(open_.begin(), open_.end(), path) != open_.end() || open_.size() >= kDeepest) {
      report(path, {}, format("'{}' extends itself", text::sanitize(path)), "");
      return false;
    }
    if (sources_.size() >= kMostFiles) {
      report(path, {}, format("more than {} files are read", kMostFiles), "");
      return false;
    }
    auto contents = sys::read_regular_file(path, kFileLimit);
    if (!contents) {
      report(path, {}, contents.error().to_line(), "");
      return false;
    }
    sources_.push_back({path, *contents});
    const auto root = parse_toml(*contents, path);
    if (!root) {
      diagnostics_.push_back(root.error());
      return false;
    }
    auto found = check_root(*root, path);
    diagnostics_.insert(diagnostics_.end(), found.begin(), found.end());
    if (!diagnostics_.empty()) {
      return false;
    }
    open_.push_back(path);
    if (const TomlMember* extends = root->find("extends")) {
      for (const std::string& other : texts_of(extends->value)) {
        const std::string base =
            other.starts_with('/') ? other : sys::parent_of(path) + "/" + other;
        const auto resolved = sys::canonical_path(base);
        if (!resolved) {
          report(path, extends->value.position, resolved.error().to_line(), "");
          return false;
        }
        if (!read(*resolved, variant)) {
          return false;
        }
      }
    }
    open_.pop_back();
    merge_project(merged_, *root);
    add_variant(*root, variant);
    return diagnostics_.empty();
  }

  bool has_variant() const { return has_variant_; }
  void report(const std::string& file, Position position, std::string message, std::string hint) {
    diagnostics_.push_back({.file = file,
                            .line = position.line,
                            .column = position.column,
                            .message = std::move(message),
                            .hint = std::move(hint)});
  }

  const TomlValue& merged() const { return merged_; }
  LoadedProject take(std::optional<Project> project) {
    return {.project = std::move(project),
            .diagnostics = std::move(diagnostics_),
            .sources = std::move(sources_)};
  }
  bool is_in_order() const { return diagnostics_.empty(); }

 private:
  void add_variant(const TomlValue& root, const std::string& variant) {
    const TomlMember* const variants = root.find("profiles");
    const TomlMember* const chosen =
        variants == nullptr || variant.empty() ? nullptr : variants->value.find(variant);
    if (chosen != nullptr) {
      has_variant_ = true;
      merge_project(merged_, chosen->value);
    }
  }

  TomlValue merged_;
  std::vector<Diagnostic> diagnostics_;
  std::vector<ProjectSource> sources_;
  std::vector<std::string> open_;
  bool has_variant_ = false;
};

}  // namespace

std::optional<std::string> find_project(const std::string& start) {
  for (std::string place = start;; place = sys::parent_of(place)) {
    const std::string file = format("{}/{}", place == "/" ? "" : place, kProjectFile);
    const auto info = sys::stat_path(file);
    // Somebody else's file, in /tmp say, is none of the user's projects.
    if (info && *info && S_ISREG((*info)->st_mode) &&
        ((*info)->st_uid == sys::effective_uid() || (*info)->st_uid == 0)) {
      return place;
    }
    if (place == "/" || place.empty()) {
      return std::nullopt;
    }
  }
}

std::vector<Diagnostic> check_project(std::string_view text, const std::string& file) {
  const auto root = parse_toml(text, file);
  return root ? check_root(*root, file) : std::vector<Diagnostic>{root.error()};
}

std::optional<Project> parse_project(std::string_view text,
                                     const std::string& directory,
                                     const std::string& variant) {
  const auto root = parse_toml(text, std::string(kProjectFile));
  if (!root || !check_root(*root, std::string(kProjectFile)).empty()) {
    return std::nullopt;
  }
  TomlValue merged = *root;
  if (const TomlMember* const variants = root->find("profiles")) {
    if (const TomlMember* const chosen = variants->value.find(variant)) {
      merge_project(merged, chosen->value);
    }
  }
  return ProjectBuilder(merged).build(directory);
}

LoadedProject load_project(const std::string& directory, const std::string& variant) {
  ProjectReader reader;
  const std::string file = format("{}/{}", directory, kProjectFile);
  if (!reader.read(file, variant)) {
    return reader.take(std::nullopt);
  }
  const std::string local = format("{}/{}", directory, kLocalFile);
  if (sys::exists(local) && !reader.read(local, variant)) {
    return reader.take(std::nullopt);
  }
  if (!variant.empty() && !reader.has_variant()) {
    reader.report(file, {}, format("there is no variant '{}'", text::sanitize(variant)),
                  format("add [profiles.{}]", text::sanitize(variant)));
    return reader.take(std::nullopt);
  }
  Project project = ProjectBuilder(reader.merged()).build(directory);
  project.variant = variant;
  return reader.take(std::move(project));
}

}  // namespace devenv::profiles
