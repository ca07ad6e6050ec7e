// SPDX-License-Identifier: MIT
#include "env/session/plan.hpp"

#include <algorithm>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/session/host_paths.hpp"
#include "env/session/nvidia.hpp"
#include "env/session/prompt.hpp"

namespace devenv::session {
namespace {

using sandbox::Access;
using sandbox::BindMount;
using sandbox::CopyProgram;
using sandbox::MakeDirectory;
using sandbox::MakeFile;
using sandbox::MakeSymlink;
using sandbox::MountPlan;
using sandbox::Presence;
using sandbox::TmpfsMount;

BindMount same_path(const std::string& path, Presence presence) {
  return BindMount{.source = HostPath(path), .target = EnvPath(path), .presence = presence};
}

/// The marker that programs and prompts look for. Name first: starship reads the first lines.
std::string container_marker(const PlanInput& input) {
  return format(
      "engine=\"devenv\"\nname=\"{}\"\nid=\"{}\"\nimage=\"{}\"\nimageid=\"{}\"\nrootless={}\n",
      input.environment_name, input.session_id, input.image_reference, input.image_digest,
      input.user.uid == HostUid(0) ? 0 : 1);
}

/// /run is new at each start, as after a boot; it may hold setuid programs because it was made in
/// the environment's own namespace.
void add_run(const PlanInput& input, MountPlan& plan) {
  // In some images it is a link to /tmp, which the host shares.
  plan.emplace_back(MakeDirectory{.path = EnvPath("/run"), .replace_link = true});
  plan.emplace_back(TmpfsMount{.target = EnvPath("/run"), .mode = 0755});
  plan.emplace_back(MakeDirectory{.path = EnvPath("/run/lock"), .mode = 01777});
  plan.emplace_back(MakeDirectory{.path = EnvPath(kOursInside)});
  plan.emplace_back(MakeDirectory{.path = EnvPath(kProgramsInside)});
  plan.emplace_back(
      MakeFile{.path = EnvPath("/run/.containerenv"), .contents = container_marker(input)});
  plan.emplace_back(
      MakeFile{.path = EnvPath(kSessionFileInside), .contents = input.session_id + "\n"});
  // What is in the place of a device that is hidden.
  plan.emplace_back(MakeFile{.path = EnvPath(sandbox::kNothingInside), .contents = "", .mode = 0});
  // Who may become root: read by our sudo.
  plan.emplace_back(MakeFile{.path = EnvPath("/run/devenv/user"),
                             .contents = format("{}\n", input.user.uid.get())});
  plan.emplace_back(CopyProgram{.source = HostPath(input.guest_program),
                                .path = EnvPath(format("{}/devenv-guest", kProgramsInside)),
                                .mode = 04755});
  std::vector<std::string> names = {"sudo", "devenv", "host-exec"};
  names.insert(names.end(), input.host_programs.begin(), input.host_programs.end());
  for (const std::string& name : names) {
    plan.emplace_back(MakeSymlink{.path = EnvPath(format("{}/{}", kProgramsInside, name)),
                                  .target = "devenv-guest"});
  }
}

/// Rows of the table that are on.
std::vector<const host::Share*> shares_on(const PlanInput& input) {
  std::vector<const host::Share*> on;
  for (const host::ShareStatus& status : host::share_statuses(input.shares, input.facts)) {
    if (status.on) {
      on.push_back(status.share);
    }
  }
  return on;
}

/// Links to what there is now. What comes later gets its link by the next entry (shares_live.cpp).
void add_links(const PlanInput& input, MountPlan& plan) {
  for (const host::Share* share : shares_on(input)) {
    for (const std::string_view word : text::split(share->links, ' ')) {
      const std::string path(word);
      if (path.starts_with("/run/") && input.facts.present.contains(path)) {
        plan.emplace_back(MakeSymlink{.path = EnvPath(path),
                                      .target = kHostRootInside + path,
                                      .presence = Presence::optional});
      }
    }
  }
}

/// Looked for in XDG_DATA_DIRS by toolkits and by fontconfig (2.14 and newer). Links in memory:
/// nothing of them stays in the image.
void add_looks(const PlanInput& input, MountPlan& plan) {
  for (const host::Share* share : shares_on(input)) {
    if (share->name == "themes" || share->name == "icons" || share->name == "fonts") {
      plan.emplace_back(MakeSymlink{.path = EnvPath(format("{}/{}", kDataInside, share->name)),
                                    .target = format("/run/host/usr/share/{}", share->name)});
    }
  }
}

void add_prompt(MountPlan& plan) {
  plan.emplace_back(
      MakeFile{.path = EnvPath(kProfileInside), .contents = std::string(profile_script())});
  plan.emplace_back(MakeFile{.path = EnvPath(kFishProfileInside),
                             .contents = std::string(fish_profile_script())});
}

/// systemd-tmpfiles, run when a package is installed, would change what belongs to the host.
void add_tmpfiles_masks(MountPlan& plan) {
  for (const char* name :
       {"tmp", "x11", "systemd-tmp", "static-nodes-permissions", "tpm-udev", "tpm2-tss-fapi"}) {
    plan.emplace_back(MakeSymlink{.path = EnvPath(format("/run/tmpfiles.d/{}.conf", name)),
                                  .target = "/dev/null"});
  }
}

void add_devices(const PlanInput& input, MountPlan& plan) {
  for (const host::Share& share : host::all_shares()) {
    for (const std::string_view path : text::split(share.devices, ' ')) {
      if (!path.empty() && !input.shares.wants(share.name)) {
        plan.emplace_back(sandbox::Hide{EnvPath(std::string(path))});
      }
    }
  }
}

void add_system(const PlanInput& input, MountPlan& plan) {
  for (const char* path : {"/proc", "/sys", "/dev"}) {
    plan.emplace_back(same_path(path, Presence::required));
  }
  if (input.facts.selinux) {
    // Programs that find a policy here try to label files, which no user namespace may.
    plan.emplace_back(TmpfsMount{.target = EnvPath("/sys/fs/selinux")});
  }
  add_devices(input, plan);
  if (input.shares.wants("tmp")) {
    plan.emplace_back(same_path("/tmp", Presence::required));
    return;
  }
  plan.emplace_back(TmpfsMount{.target = EnvPath("/tmp"), .mode = 01777});
  if (input.shares.wants("display-x11")) {
    // A link: the display may be started later.
    plan.emplace_back(MakeSymlink{.path = EnvPath("/tmp/.X11-unix"),
                                  .target = "/run/host/tmp/.X11-unix",
                                  .presence = Presence::optional});
  }
}

void add_home(const PlanInput& input, MountPlan& plan) {
  const host::Facts& facts = input.facts;
  const bool shared = input.shares.wants("home");
  const std::string source = shared ? facts.home : input.private_home;
  plan.emplace_back(BindMount{
      .source = HostPath(source), .target = EnvPath(facts.home), .presence = Presence::required});
  if (facts.canonical_home != facts.home) {
    plan.emplace_back(BindMount{.source = HostPath(shared ? facts.canonical_home : source),
                                .target = EnvPath(facts.canonical_home)});
  }
}

/// Programs that an editor puts there fit one distribution only.
void add_editors(const PlanInput& input, MountPlan& plan) {
  if (!input.shares.wants("home")) {
    return;
  }
  std::vector<std::string> homes = {input.facts.home};
  if (input.facts.canonical_home != input.facts.home) {
    homes.push_back(input.facts.canonical_home);
  }
  for (const std::string& directory : input.facts.editor_directories) {
    for (const std::string& home : homes) {
      plan.emplace_back(
          BindMount{.source = HostPath(format("{}/{}", input.private_directories, directory)),
                    .target = EnvPath(format("{}/{}", home, directory))});
    }
  }
}

void add_run_user(const PlanInput& input, MountPlan& plan) {
  const host::Facts& facts = input.facts;
  if (has_private_runtime(input.shares)) {
    plan.emplace_back(MakeDirectory{.path = EnvPath(runtime_directory_inside(
                                        input.shares, facts.runtime_directory, input.user.uid)),
                                    .mode = 0700,
                                    .uid = EnvUid(input.user.uid.get()),
                                    .gid = EnvGid(input.user.gid.get())});
  } else if (facts.run_user) {
    // The whole directory: a login that comes later mounts its own below, and it arrives.
    plan.emplace_back(same_path("/run/user", Presence::optional));
  }
}

/// A runtime directory that no other mount brings along.
void add_other_runtime(const PlanInput& input, MountPlan& plan) {
  const host::Facts& facts = input.facts;
  const std::string& runtime = facts.runtime_directory;
  const bool covered = (is_below(runtime, "/run/user") && facts.run_user) ||
                       (is_below(runtime, "/tmp") && input.shares.wants("tmp")) ||
                       is_below(runtime, "/dev") ||
                       (is_below(runtime, facts.home) && input.shares.wants("home"));
  if (!runtime.empty() && !covered && !has_private_runtime(input.shares)) {
    plan.emplace_back(same_path(runtime, Presence::optional));
  }
}

void add_mounts(const PlanInput& input, MountPlan& plan) {
  for (const host::Share* share : shares_on(input)) {
    for (const std::string_view word : text::split(share->mounts, ' ')) {
      const std::string path(word);
      if (input.facts.present.contains(path)) {
        BindMount mount = same_path(path, Presence::optional);
        mount.through_links = sandbox::ThroughLinks::no;
        plan.emplace_back(std::move(mount));
      }
    }
  }
}

/// What the user wants to be inside: the last word, but for the host's root.
void add_extra_mounts(const PlanInput& input, MountPlan& plan) {
  for (const instance::ExtraMount& mount : input.mounts) {
    plan.emplace_back(
        BindMount{.source = HostPath(mount.source),
                  .target = EnvPath(mount.target),
                  .presence = Presence::required,
                  .access = mount.read_only ? Access::read_only : Access::read_write});
  }
}

/// Links, not mounts: a mount on a single file goes stale when the host replaces the file, and
/// makes the package that owns it impossible to upgrade.
void add_etc(const PlanInput& input, MountPlan& plan) {
  for (const host::Share* share : shares_on(input)) {
    for (const host::SharedFile& file : input.facts.etc_files) {
      const auto links = text::split(share->links, ' ');
      if (std::find(links.begin(), links.end(), file.path) != links.end()) {
        plan.emplace_back(MakeSymlink{.path = EnvPath(file.path),
                                      .target = file.link_target,
                                      .presence = Presence::optional});
      }
    }
  }
}

/// The host's root, which links lead into; or, where that is not to be seen, only the files that
/// they name.
void add_host_root(const PlanInput& input, MountPlan& plan) {
  if (input.host_root) {
    plan.emplace_back(BindMount{.source = HostPath("/"),
                                .target = EnvPath(kHostRootInside),
                                .presence = Presence::required});
    return;
  }
  for (const host::Share* share : shares_on(input)) {
    const auto links = text::split(share->links, ' ');
    for (const host::SharedFile& file : input.facts.etc_files) {
      if (std::find(links.begin(), links.end(), file.path) != links.end()) {
        plan.emplace_back(BindMount{.source = HostPath(file.path),
                                    .target = EnvPath(file.link_target),
                                    .access = Access::read_only});
      }
    }
  }
}

}  // namespace

std::string runtime_directory_inside(const host::ShareChoice& shares,
                                     const std::string& runtime_directory,
                                     HostUid uid) {
  return has_private_runtime(shares) ? format("/run/user/{}", uid.get()) : runtime_directory;
}

/// The home comes after whatever could cover it. The host's root comes last, and its files in /etc
/// first: a link of the image could otherwise lead there. /tmp comes before the home: in some
/// images /var/tmp, where a home may be, is a link to it.
MountPlan plan_mounts(const PlanInput& input) {
  MountPlan plan;
  add_etc(input, plan);
  add_run(input, plan);
  add_links(input, plan);
  add_tmpfiles_masks(plan);
  add_prompt(plan);
  add_system(input, plan);
  add_mounts(input, plan);
  add_run_user(input, plan);
  add_home(input, plan);
  add_editors(input, plan);
  add_other_runtime(input, plan);
  add_extra_mounts(input, plan);
  add_looks(input, plan);
  for (sandbox::MountOp& op : plan_nvidia(input.nvidia)) {
    plan.push_back(std::move(op));
  }
  add_host_root(input, plan);
  return plan;
}

}  // namespace devenv::session
