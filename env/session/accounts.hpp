// SPDX-License-Identifier: MIT
// The user inside: edits of an image's account files. Pure text in, text out: no program of the
// image runs, and none has to be there.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "env/base/result.hpp"
#include "env/base/strong.hpp"

namespace devenv::session {

/// Contents of the files in /etc; nullopt where the image has no such file.
struct AccountFiles {
  std::optional<std::string> passwd;   ///< passwd(5)
  std::optional<std::string> group;    ///< group(5)
  std::optional<std::string> shadow;   ///< shadow(5)
  std::optional<std::string> gshadow;  ///< gshadow(5)

  bool operator==(const AccountFiles&) const = default;
};

/// The caller as they shall appear inside. Name and ids are those of the host.
struct AccountUser {
  std::string name;
  EnvUid uid;
  EnvGid gid;
  std::string group_name;  ///< empty: the user's name
  std::string home;
  std::string shell;  ///< from choose_shell
  std::string gecos;  ///< what passwd(5) cannot hold in it becomes a space
};

/// The files with the user in them. Idempotent; a line that needs no change keeps its bytes, and so
/// do comments, malformed lines, NIS "+" lines and a missing newline at the end.
///
/// - One passwd entry has the uid and the name in the end. An image's own user with the uid
///   ("ubuntu", 1000) is renamed and re-homed, also in member lists, shadow and gshadow; an image's
///   own user with the name gets the ids.
/// - The group with the gid keeps the name the image gave it. Without one it is added; where its
///   name is taken by another gid, the image's group stays and ours is called after the user, and
///   if that is taken too, "<group>-<gid>".
/// - The user is a member of the admin group: the first there is of `sudo` and `wheel`.
/// - passwd and group are created where missing, and get a root entry if they have none. shadow and
///   gshadow are only edited where they exist; a new shadow entry has the password "*".
/// - uid 0: only the home and the shell of root change.
///
/// Errors: usage when the name, group name, home or shell cannot be written to these files
/// (':' ',' control characters, a leading '+' '-' '#'), or when a user other than 0 is called root.
Result<AccountFiles> edit_accounts(const AccountFiles& files, const AccountUser& user);

/// Content of a file (mode 0440) in /etc/sudoers.d: the user may do everything without a password.
/// The file's name should sort last, since the last rule that matches a user counts.
///
/// The user is named by uid: a name could be taken for an alias, or need quoting that differs
/// between versions of sudo. Source: sudoers(5), "User_List".
std::string sudoers_entry(EnvUid uid);

/// /etc/sudoers with a last line that reads /etc/sudoers.d, unless a line of it does already. The
/// spelling is the older one, which every version knows.
std::string include_sudoers_directory(std::string_view sudoers);

/// The login shell inside: `host_shell` if the image has it, else a program of that name in /bin,
/// /usr/bin or /usr/local/bin, else bash, else /bin/sh. `nologin`, `false` and the like are no
/// shell. `exists_inside` is asked for absolute paths inside and says whether one can be executed.
std::string choose_shell(std::string_view host_shell,
                         const std::function<bool(const std::string&)>& exists_inside);

}  // namespace devenv::session
