// SPDX-License-Identifier: MIT
#include "env/session/provision.hpp"

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/session/accounts.hpp"
#include "env/session/prompt.hpp"
#include "env/session/subordinate_ids.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/tree.hpp"

namespace devenv::session {
namespace {

constexpr mode_t kAnyExecute = 0111;
constexpr mode_t kAnyRead = 0555;

bool is_program(int root, const std::string& path) {
  const auto fd = sys::open_in_root(root, path, O_PATH);
  if (!fd) {
    return false;
  }
  const auto info = sys::stat_fd(fd->get());
  return info && S_ISREG(info->st_mode) && (info->st_mode & kAnyExecute) != 0;
}

/// Writes a file only when its contents differ: nothing is copied up for an unchanged one.
Result<void> update(int root,
                    const std::string& path,
                    const std::optional<std::string>& old_contents,
                    const std::optional<std::string>& contents,
                    mode_t mode) {
  if (!contents || old_contents == contents) {
    return {};
  }
  return sys::write_file_in_root(root, path, *contents, mode);
}

AccountUser account_of(const sys::User& user,
                       const std::string& group_name,
                       const std::string& shell) {
  return {.name = user.name,
          .uid = EnvUid(user.uid.get()),
          .gid = EnvGid(user.gid.get()),
          .group_name = group_name,
          .home = user.home,
          .shell = shell,
          .gecos = user.gecos};
}

Result<void> update_accounts(int root,
                             const sys::User& user,
                             const std::string& group_name,
                             const std::string& shell) {
  AccountFiles files;
  TRY_ASSIGN(files.passwd, sys::read_file_in_root(root, "/etc/passwd"));
  TRY_ASSIGN(files.group, sys::read_file_in_root(root, "/etc/group"));
  TRY_ASSIGN(files.shadow, sys::read_file_in_root(root, "/etc/shadow"));
  TRY_ASSIGN(files.gshadow, sys::read_file_in_root(root, "/etc/gshadow"));
  TRY_ASSIGN(const AccountFiles edited, edit_accounts(files, account_of(user, group_name, shell)));
  TRY(update(root, "/etc/group", files.group, edited.group, 0644));
  TRY(update(root, "/etc/shadow", files.shadow, edited.shadow, 0640));
  TRY(update(root, "/etc/gshadow", files.gshadow, edited.gshadow, 0640));
  // Last: what has to be renamed in the others is found from it, also after an interruption.
  return update(root, "/etc/passwd", files.passwd, edited.passwd, 0644);
}

/// The user may run containers inside. Root may without: for it there is nothing to write.
bool gets_subordinate_ids(const sys::User& user, const sandbox::IdMap& map) {
  return map.kind == sandbox::IdMapKind::keep_id && user.uid.get() != 0;
}

Result<void> update_subordinate_ids(int root, const sys::User& user, const sandbox::IdMap& map) {
  if (!gets_subordinate_ids(user, map)) {
    return {};
  }
  const auto update_one = [&](const char* path, std::uint32_t own,
                              const std::vector<sandbox::IdExtent>& extents) -> Result<void> {
    TRY_ASSIGN(const auto old_contents, sys::read_file_in_root(root, path));
    const std::string contents =
        edit_subordinate_ids(old_contents.value_or(""), user, own, extents);
    return contents.empty() ? Result<void>() : update(root, path, old_contents, contents, 0644);
  };
  TRY(update_one("/etc/subuid", user.uid.get(), map.uids));
  return update_one("/etc/subgid", user.gid.get(), map.gids);
}

/// Also where the image has no sudo: the rule is there when the user installs it. The last matching
/// rule counts, so ours comes last (sudoers(5), "SUDOERS FILE FORMAT").
Result<void> update_sudoers(int root, const sys::User& user) {
  constexpr const char* kEntry = "/etc/sudoers.d/zz-devenv";
  TRY(sys::make_directories_in_root(root, "/etc/sudoers.d", 0750));
  TRY_ASSIGN(const auto old_entry, sys::read_file_in_root(root, kEntry));
  TRY(update(root, kEntry, old_entry, sudoers_entry(EnvUid(user.uid.get())), 0440));
  TRY_ASSIGN(const auto sudoers, sys::read_file_in_root(root, "/etc/sudoers"));
  return sudoers ? update(root, "/etc/sudoers", sudoers, include_sudoers_directory(*sudoers), 0440)
                 : Result<void>();
}

/// Some images are only made for root: "/" has mode 0700 (Alpine 2).
Result<void> open_root_to_users(int root) {
  TRY_ASSIGN(const struct stat info, sys::stat_fd(root));
  if ((info.st_mode & kAnyRead) == kAnyRead) {
    return {};
  }
  return sys::set_mode_at(root, ".", (info.st_mode & 07777U) | kAnyRead);
}

/// Login shells set PATH anew and forget /run/devenv/bin; /usr/local/bin is in everybody's. Also
/// where the image has a sudo: ours hands over to it, unless it cannot start.
Result<void> link_sudo(int root) {
  TRY_ASSIGN(const sys::UniqueFd directory, sys::make_directories_in_root(root, "/usr/local/bin"));
  TRY_ASSIGN(const auto there, sys::stat_at(directory.get(), "sudo"));
  if (there && !S_ISLNK(there->st_mode)) {
    return {};  // the user's own
  }
  return sys::make_symlink_in_root(root, "/usr/local/bin/sudo", "/run/devenv/bin/sudo");
}

/// The same for host commands, which sudo (secure_path) would not find either.
Result<void> link_host_commands(int root) {
  TRY_ASSIGN(const sys::UniqueFd directory, sys::make_directories_in_root(root, "/usr/local/bin"));
  for (const std::string name : {"devenv", "host-exec"}) {
    TRY_ASSIGN(const auto there, sys::stat_at(directory.get(), name));
    if (!there) {
      TRY(sys::make_symlink_in_root(root, "/usr/local/bin/" + name, "/run/devenv/bin/" + name));
    }
  }
  return {};
}

/// Image builders leave it to the engine: pacman refuses every installation without it, and df(1)
/// of some images lists nothing. Source: mount(8), "FILES".
Result<void> link_mount_table(int root) {
  TRY_ASSIGN(const auto etc, sys::make_directories_in_root(root, "/etc"));
  TRY_ASSIGN(const auto there, sys::stat_at(etc.get(), "mtab"));
  return there ? Result<void>()
               : sys::make_symlink_in_root(root, "/etc/mtab", "../proc/self/mounts");
}

bool is_directory(int root, const char* path) {
  return sys::open_in_root(root, path, O_PATH | O_DIRECTORY).has_value();
}

/// Login shells read what is in /etc/profile.d. Dangling while the environment is stopped, which
/// nobody sees.
Result<void> link_profile(int root) {
  return is_directory(root, "/etc/profile.d")
             ? sys::make_symlink_in_root(root, "/etc/profile.d/devenv.sh", kProfileInside)
             : Result<void>();
}

/// rpm would change the owner and the mode of directories that packages have and the host shares,
/// and fail. Source: rpm's macros file, "%_netsharedpath".
Result<void> tell_rpm(int root) {
  constexpr const char* kMacros = "/usr/lib/rpm/macros.d/macros.devenv";
  if (!is_directory(root, "/usr/lib/rpm")) {
    return {};
  }
  TRY(sys::make_directories_in_root(root, "/usr/lib/rpm/macros.d"));
  TRY_ASSIGN(const auto present, sys::read_file_in_root(root, kMacros));
  return update(root, kMacros, present,
                "# Written by devenv: what the host shares is not rpm's to change.\n"
                "%_netsharedpath /dev:/media:/mnt:/proc:/sys:/tmp:/run:/var/lib/libvirt:"
                "/var/log/journal\n",
                0644);
}

}  // namespace

Result<std::string> provision(int root,
                              const sys::User& user,
                              const std::string& group_name,
                              const sandbox::IdMap& map) {
  TRY(open_root_to_users(root));
  TRY(sys::make_directories_in_root(root, "/etc"));
  const std::string shell =
      choose_shell(user.shell, [root](const std::string& path) { return is_program(root, path); });
  TRY_CONTEXT(update_accounts(root, user, group_name, shell),
              "cannot enter the user in the account files");
  // Without these there is a shell all the same.
  for (const auto& done :
       {update_subordinate_ids(root, user, map), update_sudoers(root, user), link_sudo(root),
        link_host_commands(root), link_mount_table(root), link_profile(root), tell_rpm(root)}) {
    if (!done) {
      LOG_WARN("{}", done.error().to_line());
    }
  }
  return shell;
}

Result<NamedFiles> with_user(const NamedFiles& files,
                             const sys::User& user,
                             const std::string& group_name,
                             const std::string& shell,
                             const sandbox::IdMap& map) {
  const auto file = [&](const char* name) {
    const auto found = files.find(name);
    return found == files.end() ? std::nullopt : std::optional(found->second);
  };
  TRY_ASSIGN(const AccountFiles edited, edit_accounts({.passwd = file("passwd"),
                                                       .group = file("group"),
                                                       .shadow = file("shadow"),
                                                       .gshadow = file("gshadow")},
                                                      account_of(user, group_name, shell)));
  NamedFiles result;
  const auto put = [&](const char* name, const std::optional<std::string>& contents) {
    if (contents) {
      result[name] = *contents;
    }
  };
  put("passwd", edited.passwd);
  put("group", edited.group);
  put("shadow", edited.shadow);
  put("gshadow", edited.gshadow);
  if (gets_subordinate_ids(user, map)) {
    put("subuid",
        edit_subordinate_ids(file("subuid").value_or(""), user, user.uid.get(), map.uids));
    put("subgid",
        edit_subordinate_ids(file("subgid").value_or(""), user, user.gid.get(), map.gids));
  }
  return result;
}

}  // namespace devenv::session
