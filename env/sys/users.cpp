// SPDX-License-Identifier: MIT
#include "env/sys/users.hpp"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>

#include "env/base/format.hpp"
#include "env/sys/process.hpp"

namespace devenv::sys {

Result<User> current_user() {
  const uid_t uid = ::getuid();
  User user{.uid = HostUid(uid), .gid = HostGid(::getgid())};
  // One thread only, so the static result of getpwuid is safe and needs no buffer sizes.
  if (const struct passwd* entry = ::getpwuid(uid)) {  // NOLINT(concurrency-mt-unsafe)
    user.name = entry->pw_name;
    user.gid = HostGid(entry->pw_gid);
    user.home = entry->pw_dir;
    user.shell = entry->pw_shell;
    user.gecos = entry->pw_gecos == nullptr ? "" : entry->pw_gecos;
  } else {
    user.name = get_variable("USER");
    user.shell = get_variable("SHELL");
  }
  if (const std::string home = get_variable("HOME"); home.starts_with('/')) {
    user.home = home;
  }
  if (user.name.empty()) {
    user.name = format("user{}", uid);
  }
  if (user.shell.empty()) {
    user.shell = "/bin/sh";
  }
  if (!user.home.starts_with('/')) {
    return fail(Error(ErrorCode::unsupported, format("user '{}' has no home directory", user.name))
                    .with_hint("set HOME to an absolute path"));
  }
  return user;
}

std::string group_name(const User& user) {
  const struct group* group = ::getgrgid(user.gid.get());  // NOLINT(concurrency-mt-unsafe)
  return group != nullptr ? group->gr_name : user.name;
}

std::string passwd_home() {
  const struct passwd* entry = ::getpwuid(::getuid());  // NOLINT(concurrency-mt-unsafe)
  return entry != nullptr && entry->pw_dir != nullptr ? entry->pw_dir : "";
}

}  // namespace devenv::sys
