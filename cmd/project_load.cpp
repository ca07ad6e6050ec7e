// SPDX-License-Identifier: MIT
#include "cmd/project_load.hpp"

#include <algorithm>
#include <set>

#include "cmd/project_up.hpp"
#include "env/base/sha256.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"
#include "profiles/lock.hpp"

namespace devenv::cmd {
namespace {

constexpr const char* kVariant = "PROFILE";

/// Where the caller stands, by the name the caller knows: PWD keeps a way through links.
Result<std::string> working_directory() {
  const std::string logical = sys::get_variable("PWD");
  if (logical.starts_with('/')) {
    const auto named = sys::stat_path(logical);
    const auto here = sys::stat_path(".");
    if (named && *named && here && *here && (*named)->st_ino == (*here)->st_ino &&
        (*named)->st_dev == (*here)->st_dev) {
      return logical;
    }
  }
  return sys::current_directory();
}

std::string quoted_words(const profiles::ProjectCommand& command) {
  const bool is_line = command.size() == 3 && command[0] == "sh" && command[1] == "-c";
  return text::sanitize(is_line ? command[2] : join(command, " "));
}

/// As shell words: none can pretend to be two.
std::vector<std::string> sanitized(std::vector<std::string> words) {
  for (std::string& word : words) {
    word = text::sanitize(word);
    if (word.find_first_of(", '\"") != std::string::npos) {
      word = text::shell_quote(word);
    }
  }
  return words;
}

/// ", with version=20"
std::string options_of(const profiles::ProjectFeature& feature) {
  std::vector<std::string> options;
  for (const auto& [name, value] : feature.options) {
    options.push_back(format("{}={}", name, value));
  }
  return options.empty() ? "" : ", with " + join(sanitized(std::move(options)), ", ");
}

class Words {
 public:
  explicit Words(const profiles::Project& project) : project_(project) {}

  std::vector<std::string> take(const std::string& home) {
    add(format("an environment of {}",
               project_.base.empty() ? "no base" : text::sanitize(project_.base)));
    add_lock();
    add_packages();
    for (const profiles::ProjectFeature& feature : project_.features) {
      add(format("to run in it, once, as its root, what {} brings{}",
                 text::sanitize(feature.reference), options_of(feature)));
    }
    for (const profiles::SetupStep& step : project_.setup) {
      add(format("to run in it, once, as {}: {}", step.as_user ? "you" : "its root",
                 quoted_words(step.run)));
      add_list("which reads files of the project", step.inputs);
    }
    add_shares(home);
    for (const std::string& mount : project_.mounts) {
      add(format("to mount {} of this machine", text::sanitize(mount)));
    }
    add_surroundings();
    for (const auto& [moment, command] : project_.hooks) {
      add(format("to run in it at each '{}': {}", moment, quoted_words(command)));
    }
    add_exports();
    for (const profiles::ProjectProgram& service : project_.services) {
      add(format("to keep running in it: {}", quoted_words(service.run)));
    }
    for (const profiles::ProjectProgram& task : project_.tasks) {
      add(format("to run when you say 'devenv task {}': {}", text::sanitize(task.name),
                 quoted_words(task.run)));
    }
    return std::move(lines_);
  }

 private:
  void add(std::string line) { lines_.push_back(std::move(line)); }
  void add_list(std::string_view what, const std::vector<std::string>& items) {
    if (!items.empty()) {
      add(format("{}: {}", what, join(sanitized(items), ", ")));
    }
  }

  /// It may name other images than the base's.
  void add_lock() {
    const auto loaded = load_project_lock(project_);
    if (!loaded || !*loaded) {
      return;
    }
    const profiles::ProjectLock& lock = **loaded;
    add(format("made of the image {}, {}", text::sanitize(lock.image), lock.manifest.string()));
    if (!lock.pushed.empty()) {
      add(format("or of all that {} has, as it is", text::sanitize(lock.pushed)));
    }
  }

  void add_packages() {
    std::vector<std::string> names = project_.tools;
    for (const auto& [manager, packages] : project_.packages) {
      names.insert(names.end(), packages.begin(), packages.end());
    }
    add_list("to install in it", names);
    add_list("to trust repositories of packages", project_.repositories);
    add_list("to trust keys for packages", project_.keys);
  }

  void add_shares(const std::string& home) {
    if (project_.shares.wants("home")) {
      add(format("your home {}: what runs inside can read and change all of it", home));
    } else {
      add("a home of its own; yours stays within reach below /run/host, as all of this machine");
    }
    add_list("to be kept from it", project_.shares.off);
    add_list("to have of this machine, too", project_.shares.on);
    if (project_.host_commands.value_or(instance::HostCommands::allow) ==
        instance::HostCommands::allow) {
      add("to run commands here, outside of it");
    }
  }

  void add_surroundings() {
    std::vector<std::string> names;
    for (const auto& [name, value] : project_.variables) {
      names.push_back(name + "=" + value);
    }
    add_list("to set variables", names);
    add_list("to read variables from", project_.dotenv);
    add_list("to look for programs in", project_.path);
    if (!project_.shell.empty()) {
      add(format("to run, as your shell in it: {}", text::sanitize(project_.shell)));
    }
  }

  void add_exports() {
    if (project_.exports.automatic) {
      add("to put all its programs into your menus");
    }
    add_list("to put programs into your menus", project_.exports.apps);
    add_list("to put commands into your PATH", project_.exports.binaries);
    add_list("to run services of yours", project_.exports.services);
  }

  const profiles::Project& project_;
  std::vector<std::string> lines_;
};

constexpr std::size_t kOtherLimit = 4U * 1024 * 1024;  // bytes

/// What sets variables, and what names images, is trusted as it is, too: that of the project and of
/// all its variants. Read once: what was allowed is what is used. Only digests are kept: secrets
/// are not copied into the record.
Result<void> add_other_sources(profiles::LoadedProject& loaded) {
  profiles::Project& project = *loaded.project;
  std::set<std::string> files;
  const auto add = [&](const std::string& name) {
    files.insert(name.starts_with('/') ? name : format("{}/{}", project.directory, name));
  };
  const auto add_all = [&](const profiles::Project& variant) {
    std::for_each(variant.dotenv.begin(), variant.dotenv.end(), add);
    add(profiles::lock_file(variant.variant));
  };
  add_all(project);
  add(profiles::lock_file(""));
  for (const std::string& variant : project.variants) {
    const auto other = profiles::load_project(project.directory, variant);
    if (other.project) {
      add_all(*other.project);
    }
  }
  for (const std::string& file : files) {
    if (!sys::exists(file)) {
      continue;
    }
    TRY_ASSIGN(std::string contents, sys::read_regular_file(file, kOtherLimit));
    loaded.sources.push_back({file, sha256_of(contents).string()});
    project.texts.emplace(file, std::move(contents));
  }
  return {};
}

/// Shows what is asked for; on standard error, as the question that follows.
void show(const std::string& directory,
          const profiles::LoadedProject& loaded,
          profiles::Trust trust,
          const std::string& home,
          Ui& ui) {
  ui.note(format("{}/devenv.toml {}", text::sanitize(directory),
                 trust == profiles::Trust::changed ? "has changed; it asks for:" : "asks for:"));
  for (const std::string& line : in_plain_words(loaded, home)) {
    ui.note("  " + line);
  }
}

}  // namespace

void add_project_flags(CLI::App& app, ProjectFlags& flags) {
  app.add_option("--profile", flags.variant, "with this variant of devenv.toml on top")
      ->type_name(kVariant);
  app.add_flag("--allow", flags.allow, "allow what devenv.toml asks for: as devenv allow does");
}

Result<std::optional<std::string>> find_project_here() {
  TRY_ASSIGN(const std::string here, working_directory());
  const auto found = profiles::find_project(here);
  if (!found) {
    return std::nullopt;
  }
  // However it was come to, it is one project.
  TRY_ASSIGN(std::string directory, sys::canonical_path(*found));
  return directory;
}

Result<std::string> require_project_here() {
  TRY_ASSIGN(auto found, find_project_here());
  if (!found) {
    const bool is_foreign = sys::exists(std::string(profiles::kProjectFile));
    return is_foreign ? fail(Error(ErrorCode::not_found, "the devenv.toml here is no file of yours")
                                 .with_hint("take a copy of the project that is yours"))
                      : fail(Error(ErrorCode::not_found, "there is no devenv.toml here or above")
                                 .with_hint("make one: devenv init"));
  }
  return *std::move(found);
}

std::vector<std::string> in_plain_words(const profiles::LoadedProject& loaded_project,
                                        const std::string& home) {
  const profiles::Project& project = *loaded_project.project;
  const auto& sources = loaded_project.sources;
  std::vector<std::string> lines = Words(project).take(home);
  const std::vector<std::string> plain = lines;
  for (const std::string& variant : project.variants) {
    auto loaded = profiles::load_project(project.directory, variant);
    // Those of the project have digests of other files behind them.
    const bool is_same = loaded.sources.size() <= sources.size() &&
                         std::equal(loaded.sources.begin(), loaded.sources.end(), sources.begin());
    if (!loaded.project || !is_same) {
      lines.push_back(format("with --profile {}: what cannot be read", variant));
      continue;
    }
    loaded.project->texts = project.texts;
    for (const std::string& line : Words(*loaded.project).take(home)) {
      if (std::find(plain.begin(), plain.end(), line) == plain.end()) {
        lines.push_back(format("with --profile {}: {}", variant, line));
      }
    }
  }
  return lines;
}

Result<profiles::LoadedProject> load_checked(const std::string& directory,
                                             const std::string& variant,
                                             Context& context) {
  profiles::LoadedProject loaded = profiles::load_project(directory, variant);
  if (loaded.project) {
    TRY(add_other_sources(loaded));
    return loaded;
  }
  const profiles::Diagnostic& first = loaded.diagnostics.front();
  for (std::size_t i = 1; i < loaded.diagnostics.size(); ++i) {
    context.ui().warn(loaded.diagnostics[i].to_string(), loaded.diagnostics[i].hint);
  }
  return fail(Error(ErrorCode::usage, first.to_string()).with_hint(first.hint));
}

Result<profiles::LoadedProject> load_trusted(const std::string& directory,
                                             const ProjectFlags& flags,
                                             Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(profiles::LoadedProject loaded, load_checked(directory, flags.variant, context));
  const std::string& data = workspace->paths.data;
  const profiles::TrustRecord record = profiles::look_up_trust(data, directory, loaded.sources);
  if (record.trust == profiles::Trust::allowed) {
    return loaded;
  }
  bool allowed = flags.allow;
  if (!allowed && record.trust != profiles::Trust::denied && context.ui().can_ask()) {
    show(directory, loaded, record.trust, workspace->user.home, context.ui());
    TRY_ASSIGN(allowed, context.ui().confirm("allow it?", "--allow"));
  }
  if (!allowed) {
    return fail(Error(ErrorCode::conflict, format("{}/devenv.toml is {}", text::sanitize(directory),
                                                  record.trust == profiles::Trust::denied ? "denied"
                                                  : record.trust == profiles::Trust::changed
                                                      ? "not what you allowed any more"
                                                      : "not allowed yet"))
                    .with_hint("see what it asks for, and allow it: devenv allow"));
  }
  TRY(profiles::allow_project(data, directory, loaded.sources));
  return loaded;
}

}  // namespace devenv::cmd
