// SPDX-License-Identifier: MIT
#include "env/session/plan.hpp"

#include <doctest/doctest.h>

#include "env/base/format.hpp"
#include "env/session/prompt.hpp"

namespace devenv::session {
namespace {

PlanInput sample_input() {
  return PlanInput{.environment_name = "fedora",
                   .image_reference = "registry.fedoraproject.org/fedora:43",
                   .image_digest = "sha256:0123",
                   .session_id = "feed",
                   .user = sys::User{.name = "alice",
                                     .uid = HostUid(1000),
                                     .gid = HostGid(1000),
                                     .home = "/home/alice",
                                     .shell = "/bin/bash",
                                     .gecos = ""},
                   .facts = host::Facts{.home = "/home/alice",
                                        .canonical_home = "/home/alice",
                                        .runtime_directory = "/run/user/1000",
                                        .run_user = true,
                                        .selinux = false,
                                        .etc_files = {{"/etc/hosts", "/run/host/etc/hosts"}},
                                        .present = {"/etc/hosts", "/tmp", "/run/dbus", "/media",
                                                    "/usr/share/fonts", "/usr/share/icons",
                                                    "/run/user/1000/bus"}},
                   .shares = {},
                   .private_home = "/data/envs/fedora/home",
                   .private_directories = "/data/envs/fedora/private",
                   .guest_program = "/usr/libexec/devenv/devenv-guest"};
}

/// The lines of the plan that concern a path inside.
bool has_line(const sandbox::MountPlan& plan, const std::string& line) {
  return ("\n" + sandbox::to_string(plan)).find("\n" + line) != std::string::npos;
}

}  // namespace

TEST_CASE("mount plan: an ordinary desktop session") {
  const std::string text = sandbox::to_string(plan_mounts(sample_input()));
  CHECK(text ==
        "link /etc/hosts -> /run/host/etc/hosts\n"
        "dir /run mode=755 owner=0:0\n"
        "tmpfs /run mode=755\n"
        "dir /run/lock mode=1777 owner=0:0\n"
        "dir /run/devenv mode=755 owner=0:0\n"
        "dir /run/devenv/bin mode=755 owner=0:0\n"
        "file /run/.containerenv mode=644 (118 bytes)\n"
        "file /run/devenv/session mode=644 (5 bytes)\n"
        "file /run/devenv/nothing mode=0 (0 bytes)\n"
        "file /run/devenv/user mode=644 (5 bytes)\n"
        "program /usr/libexec/devenv/devenv-guest -> /run/devenv/bin/devenv-guest mode=4755\n"
        "link /run/devenv/bin/sudo -> devenv-guest\n"
        "link /run/devenv/bin/devenv -> devenv-guest\n"
        "link /run/devenv/bin/host-exec -> devenv-guest\n"
        "link /run/dbus -> /run/host/run/dbus\n"
        "link /run/tmpfiles.d/tmp.conf -> /dev/null\n"
        "link /run/tmpfiles.d/x11.conf -> /dev/null\n"
        "link /run/tmpfiles.d/systemd-tmp.conf -> /dev/null\n"
        "link /run/tmpfiles.d/static-nodes-permissions.conf -> /dev/null\n"
        "link /run/tmpfiles.d/tpm-udev.conf -> /dev/null\n"
        "link /run/tmpfiles.d/tpm2-tss-fapi.conf -> /dev/null\n" +
            format("file /run/devenv/profile.sh mode=644 ({} bytes)\n", profile_script().size()) +
            format("file /run/devenv/share/fish/vendor_conf.d/devenv.fish mode=644 ({} bytes)\n",
                   fish_profile_script().size()) +
            "bind /proc -> /proc\n"
            "bind /sys -> /sys\n"
            "bind /dev -> /dev\n"
            "bind /tmp -> /tmp\n"
            "bind? /media -> /media\n"
            "bind? /run/user -> /run/user\n"
            "bind /home/alice -> /home/alice\n"
            "link /run/devenv/share/fonts -> /run/host/usr/share/fonts\n"
            "link /run/devenv/share/icons -> /run/host/usr/share/icons\n"
            "bind / -> /run/host\n");
}

TEST_CASE("mount plan: what is switched off is not there") {
  PlanInput input = sample_input();
  input.shares.off = {"home", "tmp", "dbus-system", "kvm", "serial", "hosts", "fonts", "media"};
  const auto plan = plan_mounts(input);
  CHECK(has_line(plan, "bind /data/envs/fedora/home -> /home/alice"));
  CHECK(has_line(plan, "tmpfs /tmp mode=1777\nlink /tmp/.X11-unix -> /run/host/tmp/.X11-unix"));
  CHECK(has_line(plan, "hide /dev/ttyUSB*"));
  CHECK(has_line(plan, "hide /dev/kvm"));
  CHECK_FALSE(has_line(plan, "link /run/dbus"));
  CHECK_FALSE(has_line(plan, "link /etc/hosts"));
  CHECK_FALSE(has_line(plan, "bind? /media"));
  CHECK_FALSE(has_line(plan, "link /run/devenv/share/fonts"));
  // Nothing in the runtime directory is off: it is shared as a whole.
  CHECK(has_line(plan, "bind? /run/user -> /run/user"));
}

TEST_CASE("mount plan: a runtime directory of its own when something in the host's is off") {
  PlanInput input = sample_input();
  input.shares.off = {"audio-pulse"};
  const auto plan = plan_mounts(input);
  CHECK(has_line(plan, "dir /run/user/1000 mode=700 owner=1000:1000"));
  CHECK_FALSE(has_line(plan, "bind? /run/user"));
  CHECK(runtime_directory_inside(input.shares, "/var/run-alice", HostUid(1000)) ==
        "/run/user/1000");
  CHECK(runtime_directory_inside({}, "/var/run-alice", HostUid(1000)) == "/var/run-alice");
}

TEST_CASE("mount plan: what editors put into the home is private to the environment") {
  PlanInput input = sample_input();
  input.facts.editor_directories = {".vscode-server", ".cache/JetBrains/RemoteDev"};
  input.facts.canonical_home = "/var/home/alice";
  CHECK(has_line(plan_mounts(input),
                 "bind? /var/home/alice -> /var/home/alice\n"
                 "bind? /data/envs/fedora/private/.vscode-server -> /home/alice/.vscode-server\n"
                 "bind? /data/envs/fedora/private/.vscode-server -> "
                 "/var/home/alice/.vscode-server\n"
                 "bind? /data/envs/fedora/private/.cache/JetBrains/RemoteDev -> "
                 "/home/alice/.cache/JetBrains/RemoteDev\n"));
  input.shares.off = {"home"};
  CHECK_FALSE(has_line(plan_mounts(input), "bind? /data/envs/fedora/private"));
}

TEST_CASE("mount plan: a home behind a link is there under both names") {
  PlanInput input = sample_input();
  input.facts.canonical_home = "/var/home/alice";
  const auto plan = plan_mounts(input);
  CHECK(has_line(plan, "bind /home/alice -> /home/alice"));
  CHECK(has_line(plan, "bind? /var/home/alice -> /var/home/alice"));
}

TEST_CASE("mount plan: a runtime directory elsewhere is mounted once") {
  PlanInput input = sample_input();
  input.facts.runtime_directory = "/var/run-alice";
  CHECK(has_line(plan_mounts(input), "bind? /var/run-alice -> /var/run-alice"));
  input.facts.runtime_directory = "/tmp/run-alice";
  CHECK_FALSE(has_line(plan_mounts(input), "bind? /tmp/run-alice"));
}

TEST_CASE("mount plan: the policy of an SELinux host is hidden") {
  PlanInput input = sample_input();
  CHECK_FALSE(has_line(plan_mounts(input), "tmpfs /sys/fs/selinux"));
  input.facts.selinux = true;
  CHECK(has_line(plan_mounts(input), "tmpfs /sys/fs/selinux"));
}

}  // namespace devenv::session
