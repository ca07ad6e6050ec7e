// SPDX-License-Identifier: MIT
#include "env/session/plan.hpp"

#include "env/base/format.hpp"

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

bool is_below(const std::string& path, const std::string& directory) {
  return path == directory || path.starts_with(directory + "/");
}

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
  plan.emplace_back(MakeDirectory{.path = EnvPath("/run/devenv/bin")});
  plan.emplace_back(
      MakeFile{.path = EnvPath("/run/.containerenv"), .contents = container_marker(input)});
  plan.emplace_back(
      MakeFile{.path = EnvPath(kSessionFileInside), .contents = input.session_id + "\n"});
  // Who may become root: read by our sudo.
  plan.emplace_back(MakeFile{.path = EnvPath("/run/devenv/user"),
                             .contents = format("{}\n", input.user.uid.get())});
  plan.emplace_back(CopyProgram{.source = HostPath(input.guest_program),
                                .path = EnvPath("/run/devenv/bin/devenv-guest"),
                                .mode = 04755});
  plan.emplace_back(MakeSymlink{.path = EnvPath("/run/devenv/bin/sudo"), .target = "devenv-guest"});
}

void add_system(const PlanInput& input, MountPlan& plan) {
  for (const char* path : {"/proc", "/sys", "/dev"}) {
    plan.emplace_back(same_path(path, Presence::required));
  }
  if (input.facts.selinux) {
    // Programs that find a policy here try to label files, which no user namespace may.
    plan.emplace_back(TmpfsMount{.target = EnvPath("/sys/fs/selinux")});
  }
  plan.emplace_back(same_path("/tmp", Presence::required));
}

void add_user(const PlanInput& input, MountPlan& plan) {
  const host::Facts& facts = input.facts;
  plan.emplace_back(same_path(facts.home, Presence::required));
  if (facts.canonical_home != facts.home) {
    plan.emplace_back(same_path(facts.canonical_home, Presence::optional));
  }
  // The whole directory: a login that comes later mounts its own below, and it arrives.
  if (facts.run_user) {
    plan.emplace_back(same_path("/run/user", Presence::optional));
  }
  const std::string& runtime = facts.runtime_directory;
  const bool covered = is_below(runtime, "/run/user") || is_below(runtime, "/tmp") ||
                       is_below(runtime, "/dev") || is_below(runtime, facts.home);
  if (!runtime.empty() && !covered) {
    plan.emplace_back(same_path(runtime, Presence::optional));
  }
}

/// Links, not mounts: a mount on a single file goes stale when the host replaces the file, and
/// makes the package that owns it impossible to upgrade.
void add_etc(const PlanInput& input, MountPlan& plan) {
  for (const host::SharedFile& file : input.facts.etc_files) {
    plan.emplace_back(MakeSymlink{
        .path = EnvPath(file.path), .target = file.link_target, .presence = Presence::optional});
  }
}

}  // namespace

/// The host's root comes last, and its files in /etc first: a link of the image could otherwise
/// lead there. /tmp comes before the home: in some images /var/tmp, where a home may be, is a link
/// to it.
MountPlan plan_mounts(const PlanInput& input) {
  MountPlan plan;
  add_etc(input, plan);
  add_run(input, plan);
  add_system(input, plan);
  add_user(input, plan);
  plan.emplace_back(BindMount{
      .source = HostPath("/"), .target = EnvPath("/run/host"), .presence = Presence::required});
  return plan;
}

}  // namespace devenv::session
