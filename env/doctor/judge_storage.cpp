// SPDX-License-Identifier: MIT
#include <array>

#include "env/base/byte_size.hpp"
#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/doctor/facts.hpp"
#include "env/sys/mounts.hpp"

namespace devenv::doctor {
namespace {

constexpr ByteSize kWantedSpace{2ULL * 1024 * 1024 * 1024};

constexpr std::string_view kMoveStore = "keep the store on a local disk: export XDG_DATA_HOME=";
constexpr std::string_view kLocalExample = "/var/tmp/$USER";

std::string move_store_hint() {
  return format("{}{}", kMoveStore, kLocalExample);
}

/// File systems that are no place for a store. Source: the kernel's magic.h; what each cannot do is
/// from its own documentation and the overlay one ("upper layer file system").
struct Unfit {
  std::int64_t type;
  std::string_view name;
  std::string_view why;
};
constexpr std::string_view kNoOwners = "files cannot belong to other ids there";
constexpr std::string_view kNoUpper = "no overlay can write there";
constexpr std::array<Unfit, 16> kUnfit = {{
    {0x6969, "NFS", "the server refuses files of other ids, and no overlay can write there"},
    {0xff534d42, "CIFS", kNoOwners},
    {0xfe534d42, "SMB", kNoOwners},
    {0x01021997, "9p", kNoOwners},
    {0x4d44, "FAT", kNoOwners},
    {0x2011bab0, "exFAT", kNoOwners},
    {0x7366746e, "NTFS", kNoOwners},
    {0x786f4256, "a VirtualBox shared folder", kNoOwners},
    {0x65735546, "FUSE", kNoUpper},
    {0xf15f, "eCryptfs", kNoUpper},
    {0x00c36400, "Ceph", kNoUpper},
    {0x0bd00bd0, "Lustre", kNoUpper},
    {0x47504653, "GPFS", kNoUpper},
    {0x5346414f, "AFS", kNoOwners},
    {0x794c7630, "an overlay (this is a container)", kNoUpper},
    {0x61756673, "aufs", kNoUpper},
}};

std::string fuse_problem(const FuseFacts& fuse) {
  if (!fuse.installed) {
    return "fuse-overlayfs is not installed";
  }
  switch (fuse.device) {
    case FuseFacts::Device::missing:
      return "there is no /dev/fuse";
    case FuseFacts::Device::denied:
      return "/dev/fuse may not be opened";
    case FuseFacts::Device::usable:
      break;
  }
  return fuse.attempt.reason;
}

std::string fuse_hint(const FuseFacts& fuse, const Distribution& distribution) {
  if (!fuse.installed) {
    return install_hint(distribution, Package::fuse_overlayfs);
  }
  switch (fuse.device) {
    case FuseFacts::Device::missing:
      return "sudo modprobe fuse; in a container, start it with: --device /dev/fuse";
    case FuseFacts::Device::denied:
      return "sudo chmod a+rw /dev/fuse";
    case FuseFacts::Device::usable:
      break;
  }
  return fuse.attempt.hint.empty() ? "put right what the findings above name" : fuse.attempt.hint;
}

}  // namespace

Verdict judge_overlay(const Attempt& overlay, const FuseFacts& fuse) {
  if (overlay.works()) {
    return {.detail = "the kernel's overlay works on the store's file system"};
  }
  if (overlay.outcome == Attempt::Outcome::not_tried) {
    return {.status = Status::warn,
            .detail = format("not tried: {}", overlay.reason),
            .hint = "put right what the findings above name"};
  }
  if (fuse.attempt.works()) {
    return {.status = Status::warn,
            .detail = format("{}; fuse-overlayfs is used instead", overlay.reason),
            .hint = overlay.hint.empty() ? "nothing has to be done" : overlay.hint};
  }
  return {.status = Status::warn,
          .detail = format("{}; each environment is a full copy of its image", overlay.reason),
          .hint = overlay.hint.empty() ? move_store_hint() : overlay.hint};
}

Verdict judge_fuse(const FuseFacts& fuse,
                   const Attempt& overlay,
                   const Distribution& distribution) {
  if (fuse.attempt.works()) {
    return {.detail = "works"};
  }
  const std::string problem = fuse_problem(fuse);
  if (overlay.works() && (!fuse.installed || fuse.device != FuseFacts::Device::usable)) {
    return {.detail = format("{}, and not needed", problem)};
  }
  if (fuse.installed && fuse.device == FuseFacts::Device::usable &&
      fuse.attempt.outcome == Attempt::Outcome::not_tried) {
    return {.status = Status::warn,
            .detail = format("not tried: {}", fuse.attempt.reason),
            .hint = "put right what the findings above name"};
  }
  return {.status = Status::warn, .detail = problem, .hint = fuse_hint(fuse, distribution)};
}

Verdict judge_store_file_system(const StoreFacts& facts) {
  const std::string where = text::sanitize(facts.directory);
  for (const Unfit& unfit : kUnfit) {
    if (facts.type != unfit.type) {
      continue;
    }
    // What was tried and works counts for more than what is known of a kind of file system.
    return {.status = facts.overlay_works ? Status::warn : Status::fail,
            .detail = format("{} is on {}: {}", where, unfit.name, unfit.why),
            .hint = move_store_hint()};
  }
  if (facts.ignores_case) {
    return {.status = Status::warn,
            .detail = format("{} ignores the case of names: images with names that differ only by "
                             "case are damaged there",
                             where),
            .hint = move_store_hint()};
  }
  return {.detail = where};
}

Verdict judge_store_mount(const StoreFacts& facts) {
  const std::string where = text::sanitize(facts.mount_point);
  const std::string mount = text::shell_quote(facts.mount_point);
  if (facts.read_only) {
    return {.status = Status::fail,
            .detail = format("{} is mounted read-only", where),
            .hint = format("sudo mount -o remount,rw {}", mount)};
  }
  if (!facts.writable) {
    return {.status = Status::fail,
            .detail = format("you may not write to {}", text::sanitize(facts.directory)),
            .hint = format("sudo chown \"$USER\" {}", text::shell_quote(facts.directory))};
  }
  std::vector<std::string> flags;
  std::vector<std::string> remedies;
  if (facts.nosuid) {
    flags.emplace_back("nosuid");
    remedies.emplace_back("suid");
  }
  if (facts.noexec) {
    flags.emplace_back("noexec");
    remedies.emplace_back("exec");
  }
  if (flags.empty()) {
    return {.detail = format("{} is writable", where)};
  }
  // Both flags belong to the mount that a program is started from, and that is the overlay.
  if (facts.overlay_works) {
    return {.detail = format("{} is writable; {} has no effect through an overlay", where,
                             join(flags, ", "))};
  }
  return {.status = facts.noexec ? Status::fail : Status::warn,
          .detail = format("{} is mounted {}: {}", where, join(flags, ","),
                           facts.noexec ? "no program of an environment can be started"
                                        : "sudo of an image has no effect"),
          .hint = format("sudo mount -o remount,{} {}", join(remedies, ","), mount)};
}

Verdict judge_store_space(const StoreFacts& facts) {
  const ByteSize available{facts.available_bytes};
  const std::string detail =
      format("{} free on {}", available.to_string(), text::sanitize(facts.mount_point));
  if (available < kWantedSpace) {
    return {.status = Status::warn,
            .detail = detail + "; an image takes up to 2 GiB",
            .hint = "devenv image prune"};
  }
  return {.detail = detail};
}

std::string mount_point_of(std::string_view mountinfo, const std::string& path) {
  std::string longest = "/";
  for (const sys::MountInfo& mount : sys::parse_mountinfo(mountinfo)) {
    const std::string& point = mount.mount_point;
    const bool holds = path == point || path.starts_with(point + "/");
    if (holds && point.size() >= longest.size()) {
      longest = point;
    }
  }
  return longest;
}

}  // namespace devenv::doctor
