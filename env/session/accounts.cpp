// SPDX-License-Identifier: MIT
#include "env/session/accounts.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/session/account_file.hpp"

namespace devenv::session {
namespace {

/// No password fits, and nothing ever expires: PAM refuses sudo to an expired account.
constexpr std::string_view kShadowRest = ":*:::::::";

constexpr std::string_view kSudoersDirectory = "/etc/sudoers.d";
constexpr std::size_t kIncludeSize = std::string_view("#includedir").size();

bool contains(const std::vector<std::string>& list, std::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// ---- checks -------------------------------------------------------------------------------------

Result<void> check_field(std::string_view what, std::string_view value) {
  if (std::any_of(value.begin(), value.end(), breaks_field)) {
    return fail(ErrorCode::usage,
                format("{} '{}' cannot be written to /etc/passwd: it contains a colon or a control "
                       "character",
                       what, text::sanitize(value)));
  }
  return {};
}

Result<void> check_name(std::string_view what, std::string_view name) {
  TRY(check_field(what, name));
  if (breaks_entry(name) || name.find(',') != std::string_view::npos) {
    return fail(ErrorCode::usage, format("{} '{}' cannot be written to /etc/passwd and /etc/group",
                                         what, text::sanitize(name)));
  }
  return {};
}

Result<void> check_user(const AccountUser& user) {
  TRY(check_name("user name", user.name));
  if (!user.group_name.empty()) {
    TRY(check_name("group name", user.group_name));
  }
  TRY(check_field("home directory", user.home));
  TRY(check_field("shell", user.shell));
  if (user.uid.get() != 0 && user.name == "root") {
    return fail(
        ErrorCode::usage,
        format("user 'root' has uid {}: inside it could not be told from root", user.uid.get()));
  }
  return {};
}

// ---- passwd -------------------------------------------------------------------------------------

/// Without a shadow file "x" would promise a password that cannot be looked up: PAM refuses then.
std::string no_password(const AccountFiles& files) {
  return files.shadow ? "x" : "*";
}

/// The user's entry, made from `fields` of an entry there was (empty: a new one).
std::string user_entry(AccountFields fields, const AccountUser& user, const std::string& password) {
  const bool own = !fields.empty() && fields[PasswdField::name] == user.name;
  fields.resize(PasswdField::count);
  if (!own) {
    fields[PasswdField::password] = password;
  }
  fields[PasswdField::name] = user.name;
  fields[PasswdField::uid] = std::to_string(user.uid.get());
  fields[PasswdField::gid] = std::to_string(user.gid.get());
  if (!own || !user.gecos.empty()) {
    std::string& gecos = fields[PasswdField::gecos];
    gecos = user.gecos;
    std::replace_if(gecos.begin(), gecos.end(), breaks_field, ' ');
  }
  fields[PasswdField::home] = user.home;
  fields[PasswdField::shell] = user.shell;
  return join(fields, ":");
}

/// Puts the user in; returns the names that entries with their uid had before.
std::vector<std::string> put_user(AccountLines& passwd,
                                  const AccountUser& user,
                                  const std::string& password) {
  std::vector<std::string> former_names;
  std::vector<std::string> kept;
  bool placed = false;
  for (std::string& line : passwd.all()) {
    std::optional<PasswdEntry> entry = parse_passwd_entry(line);
    const bool own = entry && entry->fields[PasswdField::name] == user.name;
    if (!entry || (!own && entry->uid != user.uid.get())) {
      kept.push_back(std::move(line));
      continue;
    }
    if (!own) {
      former_names.push_back(entry->fields[PasswdField::name]);
    }
    if (!std::exchange(placed, true)) {
      kept.push_back(user_entry(std::move(entry->fields), user, password));
    }
  }
  passwd.all() = std::move(kept);
  if (!placed) {
    passwd.append(user_entry({}, user, password));
  }
  return former_names;
}

/// The first entry with uid 0: the one name lookups give.
std::string* find_root(AccountLines& passwd) {
  for (std::string& line : passwd.all()) {
    const std::optional<PasswdEntry> entry = parse_passwd_entry(line);
    if (entry && entry->uid == 0) {
      return &line;
    }
  }
  return nullptr;
}

void rehome_root(AccountLines& passwd, const AccountUser& user) {
  std::string& line = *find_root(passwd);
  AccountFields fields = std::move(parse_passwd_entry(line)->fields);
  fields[PasswdField::home] = user.home;
  fields[PasswdField::shell] = user.shell;
  line = join(fields, ":");
}

// ---- group and gshadow --------------------------------------------------------------------------

bool has_group_named(const AccountLines& group, std::string_view name) {
  return std::any_of(group.all().begin(), group.all().end(), [&](const std::string& line) {
    const std::optional<GroupEntry> entry = parse_group_entry(line);
    return entry && entry->fields[GroupField::name] == name;
  });
}

bool has_gid(const AccountLines& group, std::uint64_t gid) {
  return std::any_of(group.all().begin(), group.all().end(), [&](const std::string& line) {
    const std::optional<GroupEntry> entry = parse_group_entry(line);
    return entry && entry->gid == gid;
  });
}

/// Adds a group for the user's gid unless there is one; its name if it was added.
std::optional<std::string> ensure_user_group(AccountLines& group, const AccountUser& user) {
  const std::uint32_t gid = user.gid.get();
  if (has_gid(group, gid)) {
    return std::nullopt;
  }
  std::string name = user.group_name.empty() ? user.name : user.group_name;
  if (has_group_named(group, name)) {
    const std::string numbered = format("{}-{}", name, gid);
    name = has_group_named(group, user.name) ? numbered : user.name;
  }
  group.append(format("{}:x:{}:", name, gid));
  return name;
}

std::string admin_group(const AccountLines& group) {
  for (const char* const name : {"sudo", "wheel"}) {
    if (has_group_named(group, name)) {
      return name;
    }
  }
  return "";
}

/// Who is called what in lists of members.
struct Renaming {
  std::vector<std::string> former_names;
  std::string name;
  std::string admin_group;  ///< to be a member of; empty: there is none
};

/// A comma-separated list with the former names replaced, and with the user in it if `add`.
/// The list itself, byte by byte, when nothing is to be changed.
std::string edit_list(const std::string& list, const Renaming& renaming, bool add) {
  const std::vector<std::string_view> members = text::split(list, ',');
  const bool renamed = std::any_of(members.begin(), members.end(), [&](std::string_view member) {
    return contains(renaming.former_names, member);
  });
  const bool listed = std::find(members.begin(), members.end(), renaming.name) != members.end();
  if (!renamed && (listed || !add)) {
    return list;
  }
  std::vector<std::string> edited;
  for (const std::string_view member : members) {
    const bool own = member == renaming.name || contains(renaming.former_names, member);
    const std::string_view name = own ? std::string_view(renaming.name) : member;
    if (!name.empty() && !(own && contains(edited, name))) {
      edited.emplace_back(name);
    }
  }
  if (add && !contains(edited, renaming.name)) {
    edited.push_back(renaming.name);
  }
  return join(edited, ",");
}

void edit_members(AccountFields& fields, const Renaming& renaming) {
  std::string& members = fields[GroupField::members];
  members = edit_list(members, renaming, fields[GroupField::name] == renaming.admin_group);
}

void edit_group(AccountLines& group, const Renaming& renaming) {
  for (std::string& line : group.all()) {
    if (std::optional<GroupEntry> entry = parse_group_entry(line)) {
      edit_members(entry->fields, renaming);
      line = join(entry->fields, ":");
    }
  }
}

void edit_gshadow(AccountLines& gshadow,
                  const Renaming& renaming,
                  const std::optional<std::string>& added_group) {
  bool listed = !added_group;
  for (std::string& line : gshadow.all()) {
    if (std::optional<AccountFields> fields = parse_gshadow_entry(line)) {
      listed = listed || (*fields)[GroupField::name] == *added_group;
      std::string& administrators = (*fields)[GroupField::administrators];
      administrators = edit_list(administrators, renaming, false);
      edit_members(*fields, renaming);
      line = join(*fields, ":");
    }
  }
  if (!listed) {
    gshadow.append(*added_group + ":!::");
  }
}

// ---- shadow -------------------------------------------------------------------------------------

/// An entry of the user's own name is kept: its password may have been set inside. The entry of a
/// renamed user is not: it may be expired, or have a password that everybody knows.
void edit_shadow(AccountLines& shadow,
                 const std::vector<std::string>& former_names,
                 const std::string& name) {
  bool placed = std::any_of(shadow.all().begin(), shadow.all().end(),
                            [&](const std::string& line) { return shadow_name(line) == name; });
  std::vector<std::string> kept;
  for (std::string& line : shadow.all()) {
    const std::optional<std::string_view> account = shadow_name(line);
    if (!account || !contains(former_names, *account)) {
      kept.push_back(std::move(line));
    } else if (!std::exchange(placed, true)) {
      kept.push_back(name + std::string(kShadowRest));
    }
  }
  shadow.all() = std::move(kept);
  if (!placed) {
    shadow.append(name + std::string(kShadowRest));
  }
}

}  // namespace

Result<AccountFiles> edit_accounts(const AccountFiles& files, const AccountUser& user) {
  TRY(check_user(user));
  const bool root = user.uid.get() == 0;
  const std::string password = no_password(files);
  AccountLines passwd(files.passwd.value_or(""));
  AccountLines group(files.group.value_or(""));
  AccountLines shadow(files.shadow.value_or(""));
  AccountLines gshadow(files.gshadow.value_or(""));

  // The user first: an image may call its root like the user, and then needs a new root.
  Renaming renaming;
  if (!root) {
    renaming.former_names = put_user(passwd, user, password);
    renaming.name = user.name;
  }
  if (find_root(passwd) == nullptr) {
    passwd.prepend(format("root:{}:0:0:root:/root:/bin/sh", password));
    edit_shadow(shadow, {}, "root");
  }
  if (!has_gid(group, 0)) {
    group.prepend("root:x:0:");
  }
  if (root) {
    rehome_root(passwd, user);
  } else {
    const std::optional<std::string> added_group = ensure_user_group(group, user);
    renaming.admin_group = admin_group(group);
    edit_group(group, renaming);
    edit_gshadow(gshadow, renaming, added_group);
    edit_shadow(shadow, renaming.former_names, user.name);
  }

  AccountFiles edited{passwd.to_string(), group.to_string(), std::nullopt, std::nullopt};
  if (files.shadow) {
    edited.shadow = shadow.to_string();
  }
  if (files.gshadow) {
    edited.gshadow = gshadow.to_string();
  }
  return edited;
}

std::string sudoers_entry(EnvUid uid) {
  return format(
      "# Written by devenv. The user may become anybody: root in here is root of this environment\n"
      "# only. !fqdn: sudo shall not ask the network for the name of the host.\n"
      "Defaults !fqdn\n"
      "Defaults env_keep += \"TERMINFO_DIRS http_proxy https_proxy ftp_proxy all_proxy no_proxy "
      "\"\n"
      "Defaults env_keep += \"HTTP_PROXY HTTPS_PROXY FTP_PROXY ALL_PROXY NO_PROXY SSL_CERT_FILE\"\n"
      "#{} ALL=(ALL:ALL) NOPASSWD: ALL\n",
      uid.get());
}

std::string include_sudoers_directory(std::string_view sudoers) {
  AccountLines lines(sudoers);
  for (const std::string_view line : lines.all()) {
    const std::string_view directive = text::trim(line);
    const std::string_view path =
        text::trim(directive.substr(std::min(kIncludeSize, directive.size())));
    if ((directive.starts_with("#includedir") || directive.starts_with("@includedir")) &&
        (path == kSudoersDirectory || path == "\"/etc/sudoers.d\"" || path == "/etc/sudoers.d/")) {
      return std::string(sudoers);
    }
  }
  lines.append(std::string("#includedir ").append(kSudoersDirectory));
  return lines.to_string();
}

std::string choose_shell(std::string_view host_shell,
                         const std::function<bool(const std::string&)>& exists_inside) {
  constexpr std::array<const char*, 3> kDirectories{"/bin/", "/usr/bin/", "/usr/local/bin/"};
  constexpr std::array<std::string_view, 7> kNoShells{"",     "nologin", "false",   "true",
                                                      "sync", "halt",    "shutdown"};
  const std::string basename(host_shell.substr(host_shell.rfind('/') + 1));
  std::vector<std::string> candidates;
  if (std::find(kNoShells.begin(), kNoShells.end(), basename) == kNoShells.end()) {
    if (host_shell.front() == '/') {
      candidates.emplace_back(host_shell);
    }
    for (const char* const directory : kDirectories) {
      candidates.push_back(directory + basename);
    }
  }
  for (const char* const directory : kDirectories) {
    candidates.push_back(std::string(directory) + "bash");
  }
  const auto found = std::find_if(candidates.begin(), candidates.end(), exists_inside);
  return found == candidates.end() ? "/bin/sh" : *found;
}

}  // namespace devenv::session
