// SPDX-License-Identifier: MIT
#include "cmd/project_up.hpp"

#include <algorithm>

#include "cmd/project_record.hpp"
#include "cmd/project_run.hpp"
#include "cmd/project_steps.hpp"
#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/build/switch_layers.hpp"
#include "env/instance/catalog.hpp"
#include "env/session/session.hpp"
#include "env/sys/file.hpp"
#include "env/sys/file_lock.hpp"
#include "env/sys/process.hpp"

namespace devenv::cmd {
namespace {

constexpr std::chrono::milliseconds kGrace{10000};
constexpr std::size_t kMostNamed = 4;

/// Letters that a name may have; the directory's name is anybody's.
std::string name_from_directory(const std::string& directory) {
  std::string name;
  for (const char c : text::to_lower(text::base_name(directory))) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (plain) {
      name += c;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  name = name.substr(0, std::min<std::size_t>(name.find_last_not_of("-_") + 1, 40));
  const std::size_t first = name.find_first_not_of("-_");
  return first == std::string::npos ? "project" : name.substr(first);
}

std::string wanted_name(const profiles::Project& project, const std::string& variant) {
  const std::string base =
      project.name.empty() ? name_from_directory(project.directory) : project.name;
  return variant.empty() ? base : base + "-" + variant;
}

/// The one that the user has given another name since.
std::optional<instance::EnvironmentName> renamed_environment(const std::string& directory,
                                                             const std::string& variant,
                                                             const std::string& wanted,
                                                             const instance::Workspace& workspace) {
  const auto record = load_project_record(workspace.paths.data, directory, variant);
  const auto name = record && record->wanted_name == wanted
                        ? instance::EnvironmentName::parse(record->environment)
                        : fail(ErrorCode::not_found, "none");
  const auto found = name ? instance::find_environment(workspace, *name)
                          : Result<std::optional<instance::Environment>>(std::nullopt);
  return found && *found && (*found)->spec.project == directory ? std::optional((*found)->name)
                                                                : std::nullopt;
}

/// Whether it is of a project whose directory is gone: it may have moved, or only be away.
bool is_left_behind(const instance::Environment& environment) {
  const std::string& owner = environment.spec.project;
  return !owner.empty() && !sys::exists(format("{}/{}", owner, profiles::kProjectFile));
}

/// What a change of the specification would have to restart the environment for.
bool needs_restart(const instance::Spec& spec,
                   const instance::CreateRequest& wanted,
                   const instance::Environment& environment,
                   const ProjectRoot& root) {
  const instance::State& state = environment.state;
  return state.layers != root.chain || state.image_environment != root.image.environment ||
         state.manifest_digest != root.image.manifest_digest ||
         !host::same_wishes(spec.shares, wanted.shares) || spec.mounts != wanted.mounts ||
         spec.limits != wanted.limits;
}

void take_over(const instance::CreateRequest& wanted, instance::Spec& spec) {
  spec.image = wanted.image_as_given;
  spec.profile = wanted.profile;
  if (!host::same_wishes(spec.shares, wanted.shares)) {
    spec.shares = wanted.shares;
  }
  spec.host_commands = wanted.host_commands;
  spec.exports = wanted.exports;
  spec.project = wanted.project;
  spec.mounts = wanted.mounts;
  spec.surroundings = wanted.surroundings;
  spec.hooks = wanted.hooks;
  spec.limits = wanted.limits;
}

std::string program_of(pid_t pid) {
  const auto name = sys::read_file(format("/proc/{}/comm", pid));
  return name ? text::sanitize(text::trim(*name)) : format("process {}", pid);
}

class Upper {
 public:
  Upper(const std::string& directory, const UpFlags& flags, Context& context)
      : directory_(directory), flags_(flags), context_(context) {}

  Result<instance::Environment> bring() {
    TRY_ASSIGN(workspace_, context_.workspace());
    TRY_ASSIGN(const sys::FileLock lock, take_turn());
    TRY(load());
    const profiles::Project& project = *loaded_.project;
    TRY_ASSIGN(const ProjectRoot root, make_project_root(project, flags_, context_));
    TRY_ASSIGN(Origin origin, origin_of_project(project, context_));
    TRY_ASSIGN(instance::EnvironmentName name,
               project_environment_name(project, flags_.project.variant, context_, flags_.adopt));
    TRY(tell_of_adoption(name));
    TRY_ASSIGN(instance::CreateRequest request,
               request_of_project(project, std::move(origin), std::move(name), context_));
    request.layers = root.chain;
    request.image = root.image;
    std::vector<std::string>& path = request.surroundings.path;
    path.insert(path.end(), root.path.begin(), root.path.end());
    TRY_ASSIGN(instance::Environment environment, make_or_change(request, root));
    TRY(finish(environment, root));
    return environment;
  }

 private:
  /// One that gets a new environment may have had another before it moved.
  Result<void> tell_of_adoption(const instance::EnvironmentName& name) {
    const std::string wanted = wanted_name(*loaded_.project, flags_.project.variant);
    if (name.string() == wanted) {
      return {};
    }
    TRY_ASSIGN(const auto* const workspace, context_.workspace());
    TRY_ASSIGN(const auto own, instance::find_environment(*workspace, name));
    TRY_ASSIGN(const auto other_name, instance::EnvironmentName::parse(wanted));
    TRY_ASSIGN(const auto other, instance::find_environment(*workspace, other_name));
    if (!own && other && is_left_behind(*other)) {
      context_.ui().note(
          format("'{}' is the environment of {}, which is gone; if that has moved "
                 "here, take it over: devenv up --adopt",
                 wanted, text::sanitize(other->spec.project)));
    }
    return {};
  }

  /// The stamps are those of what was read: it is read again, until nothing changes in between.
  Result<void> load() {
    TRY_ASSIGN(loaded_, load_trusted(directory_, flags_.project, context_));
    constexpr int kTries = 10;
    for (int attempt = 0; attempt < kTries; ++attempt) {
      record_.files = stamps_before();
      TRY_ASSIGN(profiles::LoadedProject again, load_trusted(directory_, flags_.project, context_));
      const bool same = again.sources == loaded_.sources;
      loaded_ = std::move(again);
      if (same) {
        return {};
      }
    }
    return fail(Error(ErrorCode::conflict, "devenv.toml changes all the time"));
  }

  /// One after the other: the second finds everything done.
  Result<sys::FileLock> take_turn() {
    const std::string file = project_record_file(workspace_->paths.data, directory_, "") + ".lock";
    TRY(sys::make_directories(sys::parent_of(file), 0700));
    return sys::FileLock::acquire(file, sys::LockMode::exclusive);
  }

  std::vector<FileStamp> stamps_before() const {
    std::vector<FileStamp> stamps;
    for (const profiles::ProjectSource& source : loaded_.sources) {
      stamps.push_back(stamp_of(source.path));
    }
    stamps.push_back(stamp_of(format("{}/{}", directory_, profiles::kLocalFile)));
    for (const std::string& lock : {std::string(), flags_.project.variant}) {
      stamps.push_back(stamp_of(format("{}/{}", directory_, profiles::lock_file(lock))));
    }
    for (const std::string& name : loaded_.project->dotenv) {
      stamps.push_back(stamp_of(name.starts_with('/') ? name : directory_ + "/" + name));
    }
    std::vector<std::string> patterns = loaded_.project->keys;
    for (const profiles::SetupStep& step : loaded_.project->setup) {
      patterns.insert(patterns.end(), step.inputs.begin(), step.inputs.end());
    }
    for (const std::string& pattern : patterns) {
      const auto inputs = build::find_inputs(directory_, {pattern}).value_or(build::Inputs{});
      for (const build::InputFile& input : inputs.files) {
        stamps.push_back(stamp_of(input.source));
      }
      for (const std::string& listed : inputs.directories) {
        stamps.push_back(stamp_of(listed));
      }
    }
    const auto origin = origin_of_project(*loaded_.project, context_);
    if (const auto* archive =
            origin ? std::get_if<instance::ArchiveFile>(&origin->source) : nullptr) {
      stamps.push_back(stamp_of(archive->path));
    }
    return stamps;
  }

  Result<instance::Environment> make_or_change(const instance::CreateRequest& request,
                                               const ProjectRoot& root) {
    TRY_ASSIGN(auto found, instance::find_environment(*workspace_, request.name));
    if (!found) {
      context_.ui().step(format("creating environment '{}'", request.name.string()));
      return instance::create_environment(*workspace_, request, context_.ui());
    }
    if (request.storage && *request.storage != found->state.storage) {
      context_.ui().warn(format("'{}' keeps its storage '{}'", request.name.string(),
                                sandbox::to_string(found->state.storage)),
                         format("it is chosen once: devenv rm {}", request.name.string()));
    }
    if (flags_.discard_changes || needs_restart(found->spec, request, *found, root)) {
      if (!flags_.discard_changes) {
        TRY(build::check_switch(*workspace_, *found, root.chain));
      }
      TRY(stop_if_idle(*found));
      if (found->state.layers != root.chain) {
        context_.ui().step(format("changing environment '{}'", request.name.string()));
      }
      TRY(build::switch_layers(
          *workspace_, *found, root.image, root.chain,
          flags_.discard_changes ? build::Changes::discard : build::Changes::keep));
    }
    previous_project_ = found->spec.project;
    TRY(instance::change_spec(*found, [&](instance::Spec& spec) { take_over(request, spec); }));
    return instance::reload(*found);
  }

  Result<void> stop_if_idle(const instance::Environment& environment) {
    TRY_ASSIGN(const auto running, session::find_running(environment));
    if (!running) {
      return {};
    }
    TRY_ASSIGN(const std::vector<pid_t> inside, session::processes_inside(*running));
    if (!inside.empty() && !flags_.restart) {
      std::vector<std::string> names;
      for (std::size_t i = 0; i < std::min(inside.size(), kMostNamed); ++i) {
        names.push_back(program_of(inside[i]));
      }
      return fail(
          Error(ErrorCode::conflict, format("'{}' has to be restarted, and {} is running in it{}",
                                            environment.name.string(), join(names, ", "),
                                            inside.size() > kMostNamed ? " and more" : ""))
              .with_hint("end it: devenv up --restart"));
    }
    TRY(session::stop(environment, kGrace));
    return {};
  }

  Result<void> finish(const instance::Environment& environment, const ProjectRoot& root) {
    const std::string& data = workspace_->paths.data;
    const bool is_adopted = !previous_project_.empty() && previous_project_ != directory_;
    const auto before = load_project_record(data, is_adopted ? previous_project_ : directory_,
                                            flags_.project.variant);
    record_.directory = directory_;
    record_.variant = flags_.project.variant;
    record_.environment = environment.name.string();
    record_.wanted_name = wanted_name(*loaded_.project, flags_.project.variant);
    record_.created = !flags_.discard_changes && before && before->created &&
                      before->environment == record_.environment &&
                      before->created_at == environment.spec.created_at;
    record_.created_at = environment.spec.created_at;
    record_.groups = root.groups;
    if (!record_.created) {
      TRY(run_create_hook(environment));
    }
    record_.created = true;
    record_.files.push_back(stamp_of_images(root));
    if (is_adopted) {
      TRY(remove_project_record(data, previous_project_, record_.environment));
    }
    return save_project_record(data, record_);
  }

  /// The base may be another one by now: pulled or committed. One that it has become meanwhile
  /// makes a stamp that never fits.
  FileStamp stamp_of_images(const ProjectRoot& root) const {
    const auto store = workspace_->store();
    if (!store) {
      return {};
    }
    FileStamp stamp = stamp_of(store->images_file());
    const auto found = store->find_image(root.image.reference);
    const bool is_gone = !found || !*found;
    return is_gone || (*found)->manifest_digest == root.image.manifest_digest
               ? stamp
               : FileStamp{.path = store->images_file(), .changed = -1};
  }

  /// Once in the life of the environment, which it starts.
  Result<void> run_create_hook(const instance::Environment& environment) {
    const instance::CommandWords& hook = environment.spec.hooks.create;
    if (hook.empty()) {
      return {};
    }
    TRY(start_with_hook(environment, context_));
    context_.ui().step("running the create hook");
    TRY_ASSIGN(const sys::ExitStatus status,
               session::run_command(*workspace_, environment,
                                    {.command = hook, .directory = directory_}, context_.ui()));
    if (!status.success()) {
      return fail(Error(ErrorCode::failed, format("the create hook {}", status.to_string()))
                      .with_hint("it is run again by the next devenv up"));
    }
    return {};
  }

  const std::string& directory_;
  const UpFlags& flags_;
  Context& context_;
  const instance::Workspace* workspace_ = nullptr;
  profiles::LoadedProject loaded_;
  ProjectRecord record_;
  std::string previous_project_;  ///< whose the environment was; "": it is new
};

}  // namespace

void add_up_flags(CLI::App& app, UpFlags& flags) {
  add_project_flags(app, flags.project);
  app.add_flag("--locked", flags.locked, "only what devenv.toml.lock says, and no other");
  app.add_flag("--frozen", flags.frozen, "as --locked, and fetch and build nothing");
  app.add_flag("--restart", flags.restart, "end what runs inside, if the environment must restart");
  app.add_flag("--adopt", flags.adopt,
               "take over the environment of this name whose project has moved here");
  app.add_flag("--discard-changes", flags.discard_changes,
               "begin the root anew: let go of all that was changed in it by hand");
}

Result<instance::EnvironmentName> project_environment_name(const profiles::Project& project,
                                                           const std::string& variant,
                                                           Context& context,
                                                           bool adopt) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  const std::string base = wanted_name(project, variant);
  TRY_ASSIGN(instance::EnvironmentName name, instance::EnvironmentName::parse(base));
  TRY_ASSIGN(const auto found, instance::find_environment(*workspace, name));
  if (found && adopt && is_left_behind(*found)) {
    return name;
  }
  if (auto renamed = renamed_environment(project.directory, variant, base, *workspace)) {
    return *std::move(renamed);
  }
  if (!found || found->spec.project == project.directory) {
    return name;
  }
  constexpr std::uint64_t kShort = 0xffffff;
  return instance::EnvironmentName::parse(
      format("{}-{:06x}", base, text::fnv1a(project.directory) & kShort));
}

Result<std::optional<instance::Environment>> current_environment(const std::string& directory,
                                                                 const std::string& variant,
                                                                 Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  const auto record = load_project_record(workspace->paths.data, directory, variant);
  if (!record || !record->created || !is_current(*record)) {
    return std::nullopt;
  }
  TRY_ASSIGN(const auto name, instance::EnvironmentName::parse(record->environment));
  TRY_ASSIGN(auto environment, instance::find_environment(*workspace, name));
  if (!environment || environment->spec.project != directory) {
    return std::nullopt;
  }
  return environment;
}

Result<instance::Environment> bring_up(const std::string& directory,
                                       const UpFlags& flags,
                                       Context& context) {
  return Upper(directory, flags, context).bring();
}

}  // namespace devenv::cmd
