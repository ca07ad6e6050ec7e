// SPDX-License-Identifier: MIT
// Who is calling. Asked before any namespace is entered: name services do not work inside.
#pragma once

#include <string>

#include "env/base/result.hpp"
#include "env/base/strong.hpp"

namespace devenv::sys {

struct User {
  std::string name;
  HostUid uid;
  HostGid gid;  ///< primary group of the passwd entry
  std::string home;
  std::string shell;
  std::string gecos;
};

/// The real user of this process, from the name services (LDAP and the like included).
///
/// With no passwd entry, USER, HOME and SHELL are used. HOME, when absolute, wins over the entry:
/// that is where the caller's files are.
Result<User> current_user();

/// The name of the user's primary group; the user's own when that has none. Not a field of User: it
/// is another question to the name services, which an entry need not wait for.
std::string group_name(const User& user);

/// The home of the passwd entry of the real user, whatever HOME says: programs like ssh(1) look for
/// their files there. "" when there is no entry.
std::string passwd_home();

}  // namespace devenv::sys
