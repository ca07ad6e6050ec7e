// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/unit/doctor/verdict_text.hpp"

namespace devenv::doctor {
namespace {

using Device = FuseFacts::Device;

FuseFacts fuse(bool installed, Device device, Attempt attempt) {
  return {.installed = installed, .device = device, .attempt = std::move(attempt)};
}

StoreFacts store() {
  return {.directory = "/home/ann/.local/share/devenv",
          .mount_point = "/home",
          .type = 0xef53,  // ext4
          .available_bytes = 50ULL * 1024 * 1024 * 1024,
          .overlay_works = true};
}

}  // namespace

TEST_CASE("overlays: one that works is enough") {
  const Distribution debian{.id = "debian"};
  const FuseFacts good_fuse = fuse(true, Device::usable, works());
  struct Case {
    const char* subject;
    Attempt overlay;
    FuseFacts fuse_facts;
    const char* overlay_line;
    const char* fuse_line;
  };
  const std::vector<Case> cases = {
      {"both", works(), good_fuse, "pass: the kernel's overlay works on the store's file system",
       "pass: works"},
      {"no fuse, not needed", works(), fuse(false, Device::usable, {}),
       "pass: the kernel's overlay works on the store's file system",
       "pass: fuse-overlayfs is not installed, and not needed"},
      {"no device, not needed", works(), fuse(true, Device::missing, {}),
       "pass: the kernel's overlay works on the store's file system",
       "pass: there is no /dev/fuse, and not needed"},
      {"fuse instead", fails("no overlay here"), good_fuse,
       "warn: no overlay here; fuse-overlayfs is used instead [nothing has to be done]",
       "pass: works"},
      {"neither: not installed", fails("no overlay here"), fuse(false, Device::usable, {}),
       "warn: no overlay here; each environment is a full copy of its image [keep the store on a "
       "local disk: export XDG_DATA_HOME=/var/tmp/$USER]",
       "warn: fuse-overlayfs is not installed [sudo apt-get install fuse-overlayfs]"},
      {"neither: no device", fails("no overlay here", "do this"), fuse(true, Device::missing, {}),
       "warn: no overlay here; each environment is a full copy of its image [do this]",
       "warn: there is no /dev/fuse [sudo modprobe fuse; in a container, start it with: --device "
       "/dev/fuse]"},
      {"neither: device denied", fails("no overlay here", "do this"),
       fuse(true, Device::denied, {}),
       "warn: no overlay here; each environment is a full copy of its image [do this]",
       "warn: /dev/fuse may not be opened [sudo chmod a+rw /dev/fuse]"},
      {"installed and broken is said even when not needed", works(),
       fuse(true, Device::usable, fails("it crashed", "look there")),
       "pass: the kernel's overlay works on the store's file system",
       "warn: it crashed [look there]"},
      {"no id map", not_tried("ids cannot be mapped"),
       fuse(true, Device::usable, not_tried("ids cannot be mapped")),
       "warn: not tried: ids cannot be mapped [put right what the findings above name]",
       "warn: not tried: ids cannot be mapped [put right what the findings above name]"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.subject);
    CHECK(line(judge_overlay(each.overlay, each.fuse_facts)) == each.overlay_line);
    CHECK(line(judge_fuse(each.fuse_facts, each.overlay, debian)) == each.fuse_line);
  }
}

TEST_CASE("store: its file system must hold files of other ids, by their exact names") {
  struct Case {
    std::int64_t type;
    bool ignores_case;
    bool overlay_works;
    const char* expected;
  };
  for (const Case& each : {
           Case{0xef53, false, true, "pass: /home/ann/.local/share/devenv"},
           Case{0x6969, false, false,
                "fail: /home/ann/.local/share/devenv is on NFS: the server refuses files of other "
                "ids, and no overlay can write there [keep the store on a local disk: export "
                "XDG_DATA_HOME=/var/tmp/$USER]"},
           Case{0xf15f, false, false,
                "fail: /home/ann/.local/share/devenv is on eCryptfs: no overlay can write there "
                "[keep the store on a local disk: export XDG_DATA_HOME=/var/tmp/$USER]"},
           Case{0x65735546, false, true,
                "warn: /home/ann/.local/share/devenv is on FUSE: no overlay can write there [keep "
                "the store on a local disk: export XDG_DATA_HOME=/var/tmp/$USER]"},
           Case{0xef53, true, true,
                "warn: /home/ann/.local/share/devenv ignores the case of names: images with names "
                "that differ only by case are damaged there [keep the store on a local disk: "
                "export XDG_DATA_HOME=/var/tmp/$USER]"},
       }) {
    StoreFacts facts = store();
    facts.type = each.type;
    facts.ignores_case = each.ignores_case;
    facts.overlay_works = each.overlay_works;
    CHECK(line(judge_store_file_system(facts)) == each.expected);
  }
}

TEST_CASE("store: mount flags count where no overlay hides them") {
  struct Case {
    const char* subject;
    bool writable;
    bool read_only;
    bool nosuid;
    bool noexec;
    bool overlay_works;
    const char* expected;
  };
  for (const Case& each : {
           Case{"plain", true, false, false, false, true, "pass: /home is writable"},
           Case{"nosuid below an overlay", true, false, true, false, true,
                "pass: /home is writable; nosuid has no effect through an overlay"},
           Case{"nosuid", true, false, true, false, false,
                "warn: /home is mounted nosuid: sudo of an image has no effect [sudo mount -o "
                "remount,suid /home]"},
           Case{"noexec", true, false, true, true, false,
                "fail: /home is mounted nosuid,noexec: no program of an environment can be started "
                "[sudo mount -o remount,suid,exec /home]"},
           Case{"read-only", false, true, false, false, true,
                "fail: /home is mounted read-only [sudo mount -o remount,rw /home]"},
           Case{"somebody else's", false, false, false, false, true,
                "fail: you may not write to /home/ann/.local/share/devenv [sudo chown \"$USER\" "
                "/home/ann/.local/share/devenv]"},
       }) {
    CAPTURE(each.subject);
    StoreFacts facts = store();
    facts.writable = each.writable;
    facts.read_only = each.read_only;
    facts.nosuid = each.nosuid;
    facts.noexec = each.noexec;
    facts.overlay_works = each.overlay_works;
    CHECK(line(judge_store_mount(facts)) == each.expected);
  }
}

TEST_CASE("store: less than 2 GiB is worth a warning") {
  constexpr std::uint64_t kGiB = 1024ULL * 1024 * 1024;
  StoreFacts facts = store();
  CHECK(line(judge_store_space(facts)) == "pass: 50.0 GiB free on /home");
  facts.available_bytes = 2 * kGiB;
  CHECK(line(judge_store_space(facts)) == "pass: 2.0 GiB free on /home");
  facts.available_bytes = 2 * kGiB - kGiB / 2;
  CHECK(line(judge_store_space(facts)) ==
        "warn: 1.5 GiB free on /home; an image takes up to 2 GiB [devenv image prune]");
}

TEST_CASE("mount point: the deepest one that holds the path, the last one mounted there") {
  const char* const mountinfo =
      "1 0 8:1 / / rw - ext4 /dev/a rw\n"
      "2 1 8:2 / /home rw - ext4 /dev/b rw\n"
      "3 2 8:3 / /home/ann rw - ext4 /dev/c rw\n"
      "4 1 8:4 / /ho rw - ext4 /dev/d rw\n";
  struct Case {
    const char* path;
    const char* expected;
  };
  for (const Case& each :
       {Case{"/home/ann/.local", "/home/ann"}, Case{"/home/ann", "/home/ann"},
        Case{"/home/anna", "/home"}, Case{"/usr", "/"}, Case{"/", "/"}, Case{"/ho/x", "/ho"}}) {
    CAPTURE(each.path);
    CHECK(mount_point_of(mountinfo, each.path) == each.expected);
  }
  CHECK(mount_point_of("", "/home") == "/");
}

}  // namespace devenv::doctor
