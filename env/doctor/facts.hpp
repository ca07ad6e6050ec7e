// SPDX-License-Identifier: MIT
// What the checks find out, and what follows from it.
//
// The probes (check_*.cpp) look at the host and fill in facts; the judges (judge_*.cpp) are pure,
// so that hosts we do not have are a row in a test's table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "env/doctor/distribution.hpp"
#include "env/doctor/doctor.hpp"
#include "env/sys/kernel_calls.hpp"
#include "env/sys/local_socket.hpp"

namespace devenv::doctor {

/// A Finding before it is given the name of its check.
struct Verdict {
  Status status = Status::pass;
  std::string detail;
  std::string hint;
  bool operator==(const Verdict&) const = default;
};

/// An attempt that other checks build upon.
struct Attempt {
  enum class Outcome { works, fails, not_tried };
  Outcome outcome = Outcome::not_tried;
  std::string reason;  ///< why it fails or was not tried
  std::string hint;    ///< of the Error, if it has one
  bool works() const { return outcome == Outcome::works; }
};

// ---- kernel -------------------------------------------------------------------------------------

struct KernelFacts {
  std::string release;
  std::vector<sys::KernelCall> calls;
};
Verdict judge_kernel(const KernelFacts& facts);

/// What stands between this process and the host, if anything.
enum class Surroundings { host, container, flatpak, snap };

struct UserNamespaceFacts {
  enum class Step { done, create, mount };  ///< the one that failed
  Step step = Step::done;
  int error = 0;  ///< errno of that step
  Surroundings surroundings = Surroundings::host;
  bool kernel_has_them = true;                        ///< /proc/self/ns/user
  std::optional<std::uint64_t> max_user_namespaces;   ///< user.max_user_namespaces
  std::optional<std::uint64_t> max_mount_namespaces;  ///< user.max_mnt_namespaces
  bool clone_disabled = false;        ///< kernel.unprivileged_userns_clone = 0 (Debian, hardened)
  bool apparmor_restricts = false;    ///< kernel.apparmor_restrict_unprivileged_userns = 1
  bool seccomp_filtered = false;      ///< /proc/self/status, Seccomp: 2
  std::vector<std::string> programs;  ///< ours that make namespaces: what a profile must name
};
Verdict judge_user_namespaces(const UserNamespaceFacts& facts);

/// One command that installs an AppArmor profile for these programs and loads it.
std::string apparmor_command(const std::vector<std::string>& programs);

// ---- ids ----------------------------------------------------------------------------------------

struct HelperFacts {
  std::string name;             ///< "newuidmap"
  std::string path;             ///< "" when it was not found
  bool setuid_root = false;     ///< the bit, and owned by root
  bool has_capability = false;  ///< a security.capability attribute instead
  bool on_nosuid = false;       ///< neither takes effect on a nosuid mount
};
/// `as_root`: root writes the maps itself.
Verdict judge_id_helpers(const std::vector<HelperFacts>& helpers,
                         bool as_root,
                         const Distribution& distribution);

struct IdRangeFacts {
  Attempt map;                 ///< whether a map could be put together
  bool direct = false;         ///< root without ranges: ids are those of the host
  std::uint64_t user_ids = 0;  ///< in the map, the user's own included
  std::uint64_t group_ids = 0;
  std::string user;        ///< for the hint
  std::string free_range;  ///< "165536-231071": ids that nobody has yet
};
Verdict judge_id_ranges(const IdRangeFacts& facts);

/// Whether a namespace with the whole map could be entered.
Verdict judge_id_map(const Attempt& attempt);

// ---- storage ------------------------------------------------------------------------------------

struct FuseFacts {
  bool installed = false;
  enum class Device { usable, missing, denied } device = Device::usable;  ///< /dev/fuse
  Attempt attempt;
};
Verdict judge_overlay(const Attempt& overlay, const FuseFacts& fuse);
Verdict judge_fuse(const FuseFacts& fuse, const Attempt& overlay, const Distribution& distribution);

struct StoreFacts {
  std::string directory;    ///< where the store is, or will be made
  std::string mount_point;  ///< of its file system
  std::int64_t type = 0;    ///< f_type of statfs(2)
  bool ignores_case = false;
  bool writable = true;
  bool read_only = false;
  bool nosuid = false;
  bool noexec = false;
  std::uint64_t available_bytes = 0;
  bool overlay_works = false;  ///< one of the two
};
/// The kind of file system: what it can hold.
Verdict judge_store_file_system(const StoreFacts& facts);
/// How it is mounted.
Verdict judge_store_mount(const StoreFacts& facts);
Verdict judge_store_space(const StoreFacts& facts);

/// The mount point that holds `path`, from the text of /proc/self/mountinfo; "/" when none is
/// found.
std::string mount_point_of(std::string_view mountinfo, const std::string& path);

// ---- runtime ------------------------------------------------------------------------------------

struct RuntimeDirectoryFacts {
  std::string value;  ///< of XDG_RUNTIME_DIR
  bool exists = false;
  bool is_directory = false;
  std::uint32_t owner = 0;
  std::uint32_t mode = 0;     ///< permission bits
  std::uint32_t uid = 0;      ///< the caller's
  bool usual_exists = false;  ///< /run/user/UID is there and the caller's
};
Verdict judge_runtime_directory(const RuntimeDirectoryFacts& facts);

struct ProgramFacts {
  std::string libexec;
  std::vector<std::string> missing;  ///< names
};
Verdict judge_programs(const ProgramFacts& facts);

Verdict judge_bootstrap(bool installed, const Distribution& distribution);

// ---- environments -------------------------------------------------------------------------------

/// Where programs look for the server of a share.
struct ServerFacts {
  std::string variable;  ///< that says so: "DISPLAY"; "" when it is the usual place
  std::string value;     ///< of the variable
  std::string socket;    ///< "" when it is none of this machine, or cannot be told
  sys::SocketState state = sys::SocketState::missing;
};

/// nullopt for shares without a server. Source: X(7), "DISPLAY NAMES"; wl_display_connect(3);
/// pulse-client.conf(5); D-Bus Specification, "Server Addresses"; ssh-agent(1).
std::optional<ServerFacts> find_server(std::string_view share,
                                       const std::string& runtime_directory,
                                       std::string (*variable)(const char* name));
Verdict judge_share(const host::ShareStatus& share, const std::optional<ServerFacts>& server);
Verdict judge_layers(std::size_t missing, std::size_t all, const std::string& reference);

}  // namespace devenv::doctor
