// SPDX-License-Identifier: MIT
// What an environment sees of the host, as a list made before the first mount.
//
// plan (pure) -> open_sources (opens the host's side, as the user) -> apply (in the new root).
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "env/base/result.hpp"
#include "env/base/strong.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::sandbox {

enum class Presence { required, optional };
enum class Access { read_write, read_only };
/// Whether links of the image on the way to a target are followed, or are a reason not to mount.
enum class ThroughLinks { yes, no };

/// An empty file that nobody may open, made by the plan: what Hide puts in the place of files.
constexpr const char* kNothingInside = "/run/devenv/nothing";

/// A host directory or file, with all mounts below it, at a path inside. Changes of mounts on the
/// host arrive inside (rslave); nothing goes the other way.
struct BindMount {
  HostPath source;
  EnvPath target;
  Presence presence = Presence::optional;
  Access access = Access::read_write;
  ThroughLinks through_links = ThroughLinks::yes;
};

/// A new, empty file system in memory; may hold setuid programs.
struct TmpfsMount {
  EnvPath target;
  unsigned mode = 0755;
};

/// A directory in the root or in what was mounted before; one that exists is left as it is.
struct MakeDirectory {
  EnvPath path;
  unsigned mode = 0755;
  EnvUid uid{0};
  EnvGid gid{0};
  bool replace_link = false;  ///< a link that is there is removed, not followed
};

/// A symbolic link, replacing a file or link.
struct MakeSymlink {
  EnvPath path;
  std::string target;
  bool only_if_absent = false;  ///< leave alone whatever is there
  Presence presence = Presence::required;
};

/// A small file with fixed contents, owned by root inside, replacing a file or link.
struct MakeFile {
  EnvPath path;
  std::string contents;
  unsigned mode = 0644;
};

/// A copy of a host program, owned by root inside, replacing a file or link. Mode may have the
/// setuid bit.
struct CopyProgram {
  HostPath source;
  EnvPath path;
  unsigned mode = 0755;
};

/// Something of the host that must not be used: an empty directory, or a file that nobody may open,
/// is in its place. A '*' at the end of the path stands for any text. No error when there is
/// nothing.
struct Hide {
  EnvPath path;
};

using MountOp =
    std::variant<BindMount, TmpfsMount, MakeDirectory, MakeSymlink, MakeFile, CopyProgram, Hide>;
/// Applied in order.
using MountPlan = std::vector<MountOp>;

/// One line per operation, for --dry-run and golden tests:
/// "bind /home/a -> /home/a", "bind? /run/user/1 -> ... (read-only)", "tmpfs /run mode=755",
/// "dir /x mode=755 owner=0:0", "link /etc/hosts -> /run/host/etc/hosts" ("link?": only if absent),
/// "file /x mode=644 (3 bytes)", "program /x -> /y mode=4755", "hide /dev/kvm".
std::string to_string(const MountPlan& plan);
/// One of these lines.
std::string to_string(const MountOp& op);

/// A plan whose host side is open: nothing on the host is resolved again after this.
class OpenedPlan {
 public:
  struct Source {
    std::size_t index;  ///< of the operation in the plan
    sys::UniqueFd fd;   ///< detached mount (bind) or open file (program)
    bool is_directory;
  };
  MountPlan plan;
  std::vector<Source> sources;       ///< missing optional ones are left out
  std::vector<std::string> skipped;  ///< optional operations that failed otherwise, and why
};

/// Opens all sources, as the user. Called in the new mount namespace before the root is mounted, so
/// that a recursive copy of "/" does not contain it.
/// Errors: a required source that cannot be opened.
Result<OpenedPlan> open_sources(MountPlan plan);

/// Carries out the operations beneath `root`, as the user with all capabilities. Missing targets
/// and directories on the way are made (a directory or an empty file as the source is; owned by
/// root inside). All paths inside are resolved with sys::open_in_root. A target that is a file
/// where the source is a directory, or the reverse, is a conflict. An optional bind mount that
/// fails is skipped: the lines returned say which and why. The operation that failed is in the
/// error.
Result<std::vector<std::string>> apply(OpenedPlan plan, int root);

}  // namespace devenv::sandbox
