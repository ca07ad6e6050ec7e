// SPDX-License-Identifier: MIT
// passwd(5) and group(5), read by ourselves: a static program that asks name services would load
// plugins of a C library that is not its own.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string_view>

#include "cmd/guest/memory.hpp"

namespace devenv::guest {

struct User {
  std::string_view name;
  uid_t uid;
  gid_t gid;
  std::string_view home;
  std::string_view shell;  ///< /bin/sh where the entry has none
};

struct Group {
  std::string_view name;
  gid_t gid;
};

class Accounts {
 public:
  /// Reads /etc/passwd and /etc/group; a file that is missing is an empty one.
  static Accounts load();

  std::optional<User> user_named(std::string_view name) const;
  std::optional<User> user_with(uid_t uid) const;
  std::optional<Group> group_named(std::string_view name) const;
  std::optional<Group> group_with(gid_t gid) const;

  /// `primary` and every group that lists the user: what initgroups(3) sets.
  List<gid_t> groups_of(std::string_view user, gid_t primary) const;

 private:
  std::string_view passwd_;
  std::string_view group_;
};

}  // namespace devenv::guest
