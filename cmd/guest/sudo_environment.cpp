// SPDX-License-Identifier: MIT
#include "cmd/guest/output.hpp"
#include "cmd/guest/sudo.hpp"

namespace devenv::guest {
namespace {

// A name that ends in '*' stands for all that begin so, one that begins with '*' for all that end
// so.

/// What crosses by itself: sudo's own list as Debian has it, the proxies (there is no sudoers file
/// here to add them to), and what devenv tells its processes about the environment.
constexpr std::string_view kKept[] = {
    "TERM",
    "COLORTERM",
    "DISPLAY",
    "XAUTHORITY",
    "XAUTHORIZATION",
    "XDG_CURRENT_DESKTOP",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "LINGUAS",
    "TZ",
    "LS_COLORS",
    "COLORS",
    "PS1",
    "PS2",
    "KRB5CCNAME",
    "HOSTNAME",
    "*_proxy",
    "*_PROXY",
    "container",
    "DEVENV_NAME",
    "TERMINFO_DIRS",
};

/// What does not cross even with -E: loaders and interpreters would run code named here as root.
constexpr std::string_view kDangerous[] = {
    "LD_*",
    "_RLD*",
    "IFS",
    "CDPATH",
    "LOCALDOMAIN",
    "RES_OPTIONS",
    "HOSTALIASES",
    "NLSPATH",
    "PATH_LOCALE",
    "GCONV_PATH",
    "GETCONF_DIR",
    "LOCPATH",
    "MALLOC_TRACE",
    "GLIBC_TUNABLES",
    "ENV",
    "BASH_ENV",
    "BASH_FUNC_*",
    "BASHOPTS",
    "SHELLOPTS",
    "PS4",
    "GLOBIGNORE",
    "PERLLIB",
    "PERL5LIB",
    "PERL5OPT",
    "PERL5DB",
    "FPATH",
    "NULLCMD",
    "READNULLCMD",
    "ZDOTDIR",
    "TMPPREFIX",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONINSPECT",
    "PYTHONUSERBASE",
    "RUBYLIB",
    "RUBYOPT",
    "JAVA_TOOL_OPTIONS",
};

bool matches(std::string_view name, std::string_view pattern) {
  if (pattern.back() == '*') {
    pattern.remove_suffix(1);
    return name.starts_with(pattern);
  }
  if (pattern.front() == '*') {
    pattern.remove_prefix(1);
    return name.ends_with(pattern);
  }
  return name == pattern;
}

template <typename Patterns>
bool matches_any(std::string_view name, const Patterns& patterns) {
  for (const std::string_view pattern : patterns) {
    if (matches(name, pattern)) {
      return true;
    }
  }
  return false;
}

std::string_view name_of(const char* entry) {
  std::string_view rest = entry;
  return take_field(rest, '=');
}

class Environment {
 public:
  const char* find(std::string_view name) const {
    for (const char* const entry : entries_) {
      if (name_of(entry) == name) {
        return entry;
      }
    }
    return nullptr;
  }

  void put(char* entry) {
    const std::string_view name = name_of(entry);
    for (char*& old : entries_) {
      if (name_of(old) == name) {
        old = entry;
        return;
      }
    }
    entries_.add(entry);
  }

  void set(std::string_view name, std::string_view value) { put(concatenate({name, "=", value})); }

  void add_if_new(char* entry) {
    if (find(name_of(entry)) == nullptr) {
      entries_.add(entry);
    }
  }

  char** finish() {
    entries_.add(nullptr);
    return entries_.data();
  }

 private:
  List<char*> entries_;
};

bool named(const List<std::string_view>& names, std::string_view name) {
  for (const std::string_view wanted : names) {
    if (wanted == name) {
      return true;
    }
  }
  return false;
}

bool crosses(const SudoOptions& options, std::string_view name) {
  if (name.empty() || name == "MAIL") {
    return false;
  }
  return named(options.keep_names, name) || matches_any(name, kKept) ||
         (options.keep_environment && !matches_any(name, kDangerous));
}

}  // namespace

char** sudo_environment(char* const* environment, const SudoSession& session) {
  const SudoOptions& options = *session.options;
  Environment result;
  for (; *environment != nullptr; ++environment) {
    const bool has_value = std::string_view(*environment).find('=') != std::string_view::npos;
    if (has_value && crosses(options, name_of(*environment))) {
      result.add_if_new(*environment);
    }
  }
  const auto keeps = [&](std::string_view name) {
    return !options.login && result.find(name) != nullptr;
  };
  result.set("PATH", kSecurePath);
  if (options.set_home || !keeps("HOME")) {
    result.set("HOME", session.target.home);
  }
  if (!keeps("SHELL")) {
    result.set("SHELL", session.target.shell);
  }
  result.set("USER", session.target.name);
  result.set("LOGNAME", session.target.name);
  if (result.find("TERM") == nullptr) {
    result.set("TERM", "unknown");
  }
  const Digits uid(session.caller.uid);
  const Digits gid(session.caller.gid);
  result.set("SUDO_COMMAND", session.command_line);
  result.set("SUDO_USER", session.caller.name);
  result.set("SUDO_UID", uid.text());
  result.set("SUDO_GID", gid.text());
  for (char* const assignment : options.assignments) {
    result.put(assignment);
  }
  return result.finish();
}

}  // namespace devenv::guest
