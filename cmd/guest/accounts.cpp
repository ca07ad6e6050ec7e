// SPDX-License-Identifier: MIT
#include "cmd/guest/accounts.hpp"

#include "cmd/guest/output.hpp"

namespace devenv::guest {
namespace {

/// The largest uid_t means "no change" to the kernel.
constexpr std::uint32_t kLargestId = UINT32_MAX - 1;

bool is_entry(std::string_view line) {
  return !line.empty() && line.front() != '#' && line.front() != '+' && line.front() != '-' &&
         line.front() != ':';
}

std::optional<User> parse_user(std::string_view line) {
  if (!is_entry(line)) {
    return std::nullopt;
  }
  User user = {};
  user.name = take_field(line, ':');
  take_field(line, ':');  // password
  const auto uid = parse_number(take_field(line, ':'), kLargestId);
  const auto gid = parse_number(take_field(line, ':'), kLargestId);
  take_field(line, ':');  // full name
  user.home = take_field(line, ':');
  user.shell = take_field(line, ':');
  if (!uid || !gid) {
    return std::nullopt;
  }
  user.uid = *uid;
  user.gid = *gid;
  if (user.shell.empty()) {
    user.shell = "/bin/sh";
  }
  return user;
}

struct GroupEntry {
  Group group;
  std::string_view members;
};

std::optional<GroupEntry> parse_group(std::string_view line) {
  if (!is_entry(line)) {
    return std::nullopt;
  }
  GroupEntry entry = {};
  entry.group.name = take_field(line, ':');
  take_field(line, ':');  // password
  const auto gid = parse_number(take_field(line, ':'), kLargestId);
  if (!gid) {
    return std::nullopt;
  }
  entry.group.gid = *gid;
  entry.members = take_field(line, ':');
  return entry;
}

template <typename Matches>
std::optional<User> find_user(std::string_view passwd, Matches matches) {
  while (!passwd.empty()) {
    const std::optional<User> user = parse_user(take_field(passwd, '\n'));
    if (user && matches(*user)) {
      return user;
    }
  }
  return std::nullopt;
}

template <typename Matches>
std::optional<Group> find_group(std::string_view text, Matches matches) {
  while (!text.empty()) {
    const std::optional<GroupEntry> entry = parse_group(take_field(text, '\n'));
    if (entry && matches(entry->group)) {
      return entry->group;
    }
  }
  return std::nullopt;
}

bool lists(std::string_view members, std::string_view name) {
  while (!members.empty()) {
    if (take_field(members, ',') == name) {
      return true;
    }
  }
  return false;
}

}  // namespace

Accounts Accounts::load() {
  Accounts accounts;
  accounts.passwd_ = read_file("/etc/passwd", Trust::any).value_or(std::string_view());
  accounts.group_ = read_file("/etc/group", Trust::any).value_or(std::string_view());
  return accounts;
}

std::optional<User> Accounts::user_named(std::string_view name) const {
  return find_user(passwd_, [&](const User& user) { return user.name == name; });
}

std::optional<User> Accounts::user_with(uid_t uid) const {
  return find_user(passwd_, [&](const User& user) { return user.uid == uid; });
}

std::optional<Group> Accounts::group_named(std::string_view name) const {
  return find_group(group_, [&](const Group& group) { return group.name == name; });
}

std::optional<Group> Accounts::group_with(gid_t gid) const {
  return find_group(group_, [&](const Group& group) { return group.gid == gid; });
}

List<gid_t> Accounts::groups_of(std::string_view user, gid_t primary) const {
  List<gid_t> groups;
  groups.add(primary);
  std::string_view rest = group_;
  while (!rest.empty()) {
    const std::optional<GroupEntry> entry = parse_group(take_field(rest, '\n'));
    if (entry && entry->group.gid != primary && lists(entry->members, user)) {
      groups.add(entry->group.gid);
    }
  }
  return groups;
}

}  // namespace devenv::guest
