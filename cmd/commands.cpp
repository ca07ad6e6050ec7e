// SPDX-License-Identifier: MIT
#include "cmd/commands.hpp"

#include <algorithm>
#include <array>

#include "cmd/assemble.hpp"
#include "cmd/cli.hpp"
#include "cmd/commit.hpp"
#include "cmd/complete.hpp"
#include "cmd/completion.hpp"
#include "cmd/create.hpp"
#include "cmd/doctor.hpp"
#include "cmd/du.hpp"
#include "cmd/edit.hpp"
#include "cmd/enter.hpp"
#include "cmd/export.hpp"
#include "cmd/generate_entry.hpp"
#include "cmd/help.hpp"
#include "cmd/hook.hpp"
#include "cmd/host.hpp"
#include "cmd/image.hpp"
#include "cmd/import.hpp"
#include "cmd/init.hpp"
#include "cmd/inspect.hpp"
#include "cmd/list.hpp"
#include "cmd/lock.hpp"
#include "cmd/profile.hpp"
#include "cmd/push.hpp"
#include "cmd/remove.hpp"
#include "cmd/rename.hpp"
#include "cmd/set.hpp"
#include "cmd/ssh_config.hpp"
#include "cmd/ssh_proxy.hpp"
#include "cmd/stop.hpp"
#include "cmd/task.hpp"
#include "cmd/trust.hpp"
#include "cmd/up.hpp"
#include "cmd/upgrade.hpp"

namespace devenv::cmd {
namespace {

// clang-format off
constexpr std::array kCommands = {
    Command{"create", "", Group::environments, Rest::none,
            "Create an environment", bind<CreateOptions, add_create, run_create>},
    Command{"enter", "", Group::environments, Rest::after_separator,
            "Enter an environment, creating it if need be", bind<EnterOptions, add_enter, run_enter>},
    Command{"run", "", Group::environments, Rest::after_optional_argument,
            "Run a command in an environment", bind<RunOptions, add_run, run_run>},
    Command{"export", "", Group::environments, Rest::none,
            "Put programs of an environment into menus and PATH here",
            bind<ExportOptions, add_export, run_export>},
    Command{"generate-entry", "", Group::environments, Rest::none,
            "Put an environment into menus here, as a terminal in it",
            bind<GenerateEntryOptions, add_generate_entry, run_generate_entry>},
    Command{"host", "", Group::environments, Rest::after_first_argument,
            "Run a command on the host, from inside an environment", bind<HostOptions, add_host, run_host>},
    Command{"ssh-config", "", Group::environments, Rest::none,
            "Let ssh, scp, rsync and editors into environments", bind<SshConfigOptions, add_ssh_config, run_ssh_config>},
    Command{"ssh-proxy", "", Group::environments, Rest::none,
            "Serve one SSH connection: the ProxyCommand of ssh", bind<SshProxyOptions, add_ssh_proxy, run_ssh_proxy>},
    Command{"import", "", Group::environments, Rest::none,
            "Bring over a box of podman or docker, or make an image of an archive",
            bind<ImportOptions, add_import, run_import>},
    Command{"list", "ls", Group::environments, Rest::none,
            "List environments", bind<ListOptions, add_list, run_list>},
    Command{"du", "", Group::environments, Rest::none,
            "Tell what everything takes on the disk", bind<DuOptions, add_du, run_du>},
    Command{"inspect", "", Group::environments, Rest::none,
            "Show everything about an environment", bind<InspectOptions, add_inspect, run_inspect>},
    Command{"edit", "", Group::environments, Rest::none,
            "Change what an environment shares, mounts, may use and has installed",
            bind<EditOptions, add_edit, run_edit>},
    Command{"set", "", Group::environments, Rest::none,
            "Change settings of an environment", bind<SetOptions, add_set, run_set>},
    Command{"upgrade", "", Group::environments, Rest::none,
            "Upgrade every package of environments", bind<UpgradeOptions, add_upgrade, run_upgrade>},
    Command{"rename", "", Group::environments, Rest::none,
            "Give an environment another name", bind<RenameOptions, add_rename, run_rename>},
    Command{"commit", "", Group::environments, Rest::none,
            "Make an image of an environment", bind<CommitOptions, add_commit, run_commit>},
    Command{"stop", "", Group::environments, Rest::none,
            "End every process of an environment", bind<StopOptions, add_stop, run_stop>},
    Command{"rm", "", Group::environments, Rest::none,
            "Remove environments", bind<RemoveOptions, add_remove, run_remove>},

    Command{"init", "", Group::projects, Rest::none,
            "Write a devenv.toml for the current directory", bind<InitOptions, add_init, run_init>},
    Command{"assemble", "", Group::projects, Rest::none,
            "Make the environments of a distrobox.ini", bind<AssembleOptions, add_assemble, run_assemble>},
    Command{"up", "", Group::projects, Rest::none,
            "Make, change and start the environment of a project", bind<UpOptions, add_up, run_up>},
    Command{"down", "", Group::projects, Rest::none,
            "End everything in the project's environment", bind<DownOptions, add_down, run_down>},
    Command{"status", "", Group::projects, Rest::none,
            "Show the project and its environment", bind<StatusOptions, add_status, run_status>},
    Command{"task", "", Group::projects, Rest::after_optional_argument,
            "Run a task of the project", bind<TaskOptions, add_task, run_task>},
    Command{"allow", "", Group::projects, Rest::none,
            "Let a project have what it asks for", bind<AllowOptions, add_allow, run_allow>},
    Command{"deny", "", Group::projects, Rest::none,
            "Let a project have nothing", bind<DenyOptions, add_deny, run_deny>},
    Command{"lock", "", Group::projects, Rest::none,
            "Write down what a project came to, for others", bind<LockOptions, add_lock, run_lock>},
    Command{"push", "", Group::projects, Rest::none,
            "Put what a project came to into a registry", bind<PushOptions, add_push, run_push>},
    Command{"hook", "", Group::projects, Rest::none,
            "Print what lets a shell notice projects", bind<HookOptions, add_hook, run_hook>},
    Command{"__hook-line", "", Group::hidden, Rest::none,
            "Answer the hook of a shell", bind<HookLineOptions, add_hook_line, run_hook_line>},

    Command{"image pull", "", Group::images, Rest::none,
            "Fetch an image from its registry", bind<ImagePullOptions, add_image_pull, run_image_pull>},
    Command{"image push", "", Group::images, Rest::none,
            "Send an image to a registry", bind<ImagePushOptions, add_image_push, run_image_push>},
    Command{"image save", "", Group::images, Rest::none,
            "Write an image to a file", bind<ImageSaveOptions, add_image_save, run_image_save>},
    Command{"image tag", "", Group::images, Rest::none,
            "Give an image another name", bind<ImageTagOptions, add_image_tag, run_image_tag>},
    Command{"image bundle", "", Group::images, Rest::none,
            "Make a bundle that a container runtime starts", bind<ImageBundleOptions, add_image_bundle, run_image_bundle>},
    Command{"image list", "image ls", Group::images, Rest::none,
            "List images", bind<ImageListOptions, add_image_list, run_image_list>},
    Command{"image inspect", "", Group::images, Rest::none,
            "Show everything about an image", bind<ImageInspectOptions, add_image_inspect, run_image_inspect>},
    Command{"image rm", "", Group::images, Rest::none,
            "Remove images", bind<ImageRemoveOptions, add_image_remove, run_image_remove>},
    Command{"image prune", "", Group::images, Rest::none,
            "Remove what no image and no environment uses", bind<ImagePruneOptions, add_image_prune, run_image_prune>},
    Command{"image dedupe", "", Group::images, Rest::none,
            "Let layers share the files that several of them have", bind<ImageDedupeOptions, add_image_dedupe, run_image_dedupe>},
    Command{"image login", "", Group::images, Rest::none,
            "Let a registry know who you are", bind<ImageLoginOptions, add_image_login, run_image_login>},
    Command{"image logout", "", Group::images, Rest::none,
            "Forget the password of a registry", bind<ImageLogoutOptions, add_image_logout, run_image_logout>},

    Command{"profile list", "profile ls", Group::profiles, Rest::none,
            "List distribution profiles", bind<ProfileListOptions, add_profile_list, run_profile_list>},
    Command{"profile show", "", Group::profiles, Rest::none,
            "Print a profile", bind<ProfileShowOptions, add_profile_show, run_profile_show>},
    Command{"profile check", "", Group::profiles, Rest::none,
            "Look for mistakes in profiles and in devenv.toml", bind<ProfileCheckOptions, add_profile_check, run_profile_check>},
    Command{"profile schema", "", Group::profiles, Rest::none,
            "Print the JSON Schema of devenv.toml", bind<ProfileSchemaOptions, add_profile_schema, run_profile_schema>},

    Command{"doctor", "", Group::host, Rest::none,
            "Tell whether this host is able, and what to type if not", bind<DoctorOptions, add_doctor, run_doctor>},
    Command{"completion", "", Group::host, Rest::none,
            "Print a completion script", bind<CompletionOptions, add_completion, run_completion>},
    Command{"version", "", Group::host, Rest::none,
            "Print the version", bind<VersionOptions, add_version, run_version>},
    Command{"help", "", Group::host, Rest::none,
            "Explain a command", bind<HelpOptions, add_help, run_help>},
    Command{"__complete", "", Group::hidden, Rest::after_separator,
            "Answer a completion script", bind<CompleteOptions, add_complete, run_complete>},
};
// clang-format on

constexpr std::array kFamilies = {
    Family{"image", "Fetch, send, save, look at and remove images"},
    Family{"profile", "Look at the distributions there are"},
};

}  // namespace

std::string_view title(Group group) {
  switch (group) {
    case Group::environments:
      return "Environments";
    case Group::projects:
      return "Projects";
    case Group::images:
      return "Images";
    case Group::profiles:
      return "Profiles";
    case Group::host:
      return "This host and this program";
    case Group::hidden:
      return "";
  }
  return "";
}

std::span<const Command> commands() {
  return kCommands;
}

const Command* find_command(std::string_view path) {
  const auto found = std::find_if(kCommands.begin(), kCommands.end(), [&](const Command& command) {
    return command.path == path || (!command.alias.empty() && command.alias == path);
  });
  return found == kCommands.end() ? nullptr : &*found;
}

std::span<const Family> families() {
  return kFamilies;
}

const Family* find_family(std::string_view name) {
  const auto found = std::find_if(kFamilies.begin(), kFamilies.end(),
                                  [&](const Family& family) { return family.name == name; });
  return found == kFamilies.end() ? nullptr : &*found;
}

std::vector<std::string> command_words(std::string_view family) {
  std::vector<std::string> words;
  for (const Command& command : kCommands) {
    if (command.group == Group::hidden || (!family.empty() && command.family() != family)) {
      continue;
    }
    const std::string_view word = family.empty() ? command.path.substr(0, command.path.find(' '))
                                                 : command.path.substr(command.path.find(' ') + 1);
    if (std::find(words.begin(), words.end(), word) == words.end()) {
      words.emplace_back(word);
    }
  }
  return words;
}

}  // namespace devenv::cmd
