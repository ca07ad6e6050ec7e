// SPDX-License-Identifier: MIT
#include "env/session/environ.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/session/plan.hpp"
#include "env/sys/process.hpp"

namespace devenv::session {
namespace {

constexpr std::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Where ncurses keeps descriptions, in any distribution. Named so that the image's come first: an
/// old ncurses may not read the host's.
constexpr std::string_view kImageTerminfo = "/etc/terminfo:/lib/terminfo:/usr/share/terminfo";
constexpr std::array<std::string_view, 3> kHostTerminfo{"/usr/share/terminfo", "/lib/terminfo",
                                                        "/etc/terminfo"};

// In these lists a '*' stands for any text; there is at most one in a pattern.
// clang-format off

/// The host's own: files of its libraries and interpreters, its processes, its name.
constexpr std::string_view kStayOutside[] = {
    // libraries and plugins
    "LD_*", "LIBRARY_PATH", "GCONV_PATH", "LOCPATH", "LOCALE_ARCHIVE*", "NLSPATH", "TZDIR",
    "GIO_*", "GI_TYPELIB_PATH", "GTK_PATH", "GTK_EXE_PREFIX", "GTK_DATA_PREFIX",
    "GTK_IM_MODULE_FILE", "GDK_PIXBUF_*", "GSETTINGS_SCHEMA_DIR", "GST_*", "QT_PLUGIN_PATH",
    "QT_QPA_PLATFORM_PLUGIN_PATH", "QML2_IMPORT_PATH", "LIBGL_DRIVERS_PATH", "LIBVA_DRIVERS_PATH",
    "VK_ICD_FILENAMES", "VK_DRIVER_FILES", "OCL_ICD_VENDORS", "__EGL_*", "FONTCONFIG_*",
    // interpreters and compilers
    "PYTHONHOME", "PYTHONPATH", "PERL5LIB", "PERL5OPT", "PERLLIB", "RUBYLIB", "RUBYOPT",
    "NODE_PATH", "LUA_PATH*", "LUA_CPATH*", "CPATH", "*_INCLUDE_PATH", "PKG_CONFIG_*",
    "ACLOCAL_PATH", "CMAKE_PREFIX_PATH", "BASH_ENV", "ENV", "BASH_FUNC_*", "FPATH", "LESSOPEN",
    "LESSCLOSE", "MANPATH", "INFOPATH",
    // packagings that leak into their terminals
    "NIX_*", "GUIX_*", "SNAP", "SNAP_*", "APPIMAGE", "APPDIR", "FLATPAK_ID", "ARGV0", "OWD",
    // directories of its file tree, which are lists of another kind inside
    "XDG_*_DIRS",
    // where and what this process is
    "HOST", "HOSTNAME", "PWD", "OLDPWD", "SHLVL", "_", "PROFILEREAD", "XDG_SEAT", "XDG_VTNR",
    "SUDO_*", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_*",
    "JOURNAL_STREAM", "PROMPT_COMMAND", "INVOCATION_ID", "MANAGERPID", "SYSTEMD_EXEC_PID",
    // markers of other environments; terminals act on them
    "container", "CONTAINER_ID", "DEVENV_CALLER", "TOOLBOX_*", "DISTROBOX_*", "DBX_*",
};

/// Single paths: of use inside only below the home, which both sides share.
constexpr std::string_view kOnlyInHome[] = {
    "TERMINFO", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "JAVA_HOME",
    "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "GOROOT", "GOTOOLDIR",
};

/// Directories to work in: of use only where they are the same inside. Every image has /var/tmp.
constexpr std::string_view kTemporary[] = {"TMPDIR", "TMP", "TEMP", "TEMPDIR"};

/// The user's session: the image's value only stands in when the host has none.
constexpr std::string_view kSession[] = {
    "TERM", "TERM_*", "COLORTERM", "VTE_VERSION", "KONSOLE_*", "XTERM_VERSION", "LS_COLORS",
    "LANG", "LANGUAGE", "LC_*", "DISPLAY", "WAYLAND_*", "XAUTHORITY", "DESKTOP_SESSION", "XDG_*",
    "KDE_*", "GNOME_*", "DBUS_*", "PULSE_*", "PIPEWIRE_*", "SSH_*", "GPG_*", "EDITOR", "VISUAL",
    "PAGER", "BROWSER", "HIST*", "*_proxy", "*_PROXY", "NO_COLOR",
};

/// Of an image never used: set anew, or the user's alone. TZ: /etc/localtime is the host's.
constexpr std::string_view kNotOfImage[] = {
    "HOME", "USER", "LOGNAME", "SHELL", "PATH", "TERMINFO_DIRS", "XDG_RUNTIME_DIR", "TZ", "HOST",
    "HOSTNAME", "PWD", "OLDPWD", "SHLVL", "_", "container", "CONTAINER_ID",
};

/// Read by OpenSSL, curl, Python's requests, git and Node.
constexpr std::string_view kCertificateVariables[] = {
    "SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS",
};

// clang-format on

template <std::size_t kSize>
bool matches_any(std::string_view name, const std::string_view (&patterns)[kSize]) {
  return std::any_of(std::begin(patterns), std::end(patterns),
                     [&](std::string_view pattern) { return text::fits(name, pattern); });
}

/// Variables in the order in which they came first.
class Variables {
 public:
  std::optional<std::string_view> find(std::string_view name) const {
    const auto found = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const Entry& entry) { return entry.name() == name; });
    return found == entries_.end() ? std::nullopt : std::optional(found->value());
  }

  void set(std::string_view name, std::string_view value) {
    Entry entry{std::string(name), name.size()};
    entry.text += '=';
    entry.text += value;
    const auto found = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const Entry& old) { return old.name() == name; });
    if (found == entries_.end()) {
      entries_.push_back(std::move(entry));
    } else {
      *found = std::move(entry);
    }
  }

  std::vector<std::string> release() {
    std::vector<std::string> texts;
    texts.reserve(entries_.size());
    for (Entry& entry : entries_) {
      texts.push_back(std::move(entry.text));
    }
    return texts;
  }

 private:
  struct Entry {
    std::string text;  ///< NAME=value
    std::size_t name_size;

    std::string_view name() const { return std::string_view(text).substr(0, name_size); }
    std::string_view value() const { return std::string_view(text).substr(name_size + 1); }
  };
  std::vector<Entry> entries_;
};

struct Variable {
  std::string_view name;
  std::string_view value;
};

std::optional<Variable> parse_variable(std::string_view entry) {
  const std::size_t equals = entry.find('=');
  if (equals == 0 || equals == std::string_view::npos) {
    return std::nullopt;
  }
  return Variable{entry.substr(0, equals), entry.substr(equals + 1)};
}

/// The value that counts when a list names a variable twice: getenv finds the first in an environ,
/// Docker takes the last of an image.
enum class Counts { first, last };

/// "" when there is no such variable.
std::string_view find_in(const std::vector<std::string>& entries,
                         std::string_view name,
                         Counts counts) {
  std::string_view value;
  for (const std::string& entry : entries) {
    const std::optional<Variable> variable = parse_variable(entry);
    if (variable && variable->name == name) {
      value = variable->value;
      if (counts == Counts::first) {
        break;
      }
    }
  }
  return value;
}

/// A list of paths separated by colons, each path once.
class PathList {
 public:
  explicit PathList(std::string_view initial) : text_(initial) {}

  void add(std::string_view path) {
    const std::vector<std::string_view> present = text::split(text_, ':');
    if (std::find(present.begin(), present.end(), path) == present.end()) {
      text_.append(text_.empty() ? "" : ":").append(path);
    }
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string search_path(const EnvironmentInput& input, std::string_view home) {
  const std::string_view image_path = find_in(input.image, "PATH", Counts::last);
  PathList path(image_path.empty() ? kDefaultPath : image_path);
  path.add(kProgramsInside);
  for (const std::string_view directory :
       text::split(find_in(input.host, "PATH", Counts::first), ':')) {
    if (is_below(directory, home)) {
      path.add(directory);
    }
  }
  return path.text();
}

/// Terminals that bring their own description (kitty, ghostty...) name its directory on the host.
std::string terminfo_directories(const EnvironmentInput& input, std::string_view home) {
  const std::string_view image_directories = find_in(input.image, "TERMINFO_DIRS", Counts::last);
  PathList directories(image_directories.empty() ? kImageTerminfo : image_directories);
  const auto add_of_host = [&](std::string_view directory) {
    if (is_below(directory, home)) {
      directories.add(directory);
    } else if (directory.starts_with('/')) {
      directories.add(std::string(kHostRootInside).append(directory));
    }
  };
  add_of_host(find_in(input.host, "TERMINFO", Counts::first));
  for (const std::string_view directory :
       text::split(find_in(input.host, "TERMINFO_DIRS", Counts::first), ':')) {
    add_of_host(directory);
  }
  for (const std::string_view directory : kHostTerminfo) {
    add_of_host(directory);
  }
  return directories.text();
}

/// Themes and icons of the host come after the image's own. Xcursor does not look into
/// XDG_DATA_DIRS; its own default comes first (Xcursor(3), "LIBRARY PATH").
void set_looks(const EnvironmentInput& input, Variables& variables) {
  const std::string_view of_image = find_in(input.image, "XDG_DATA_DIRS", Counts::last);
  const std::string_view of_driver = find_in(input.driver, "XDG_DATA_DIRS", Counts::last);
  PathList directories(of_image.empty() ? "/usr/local/share:/usr/share" : of_image);
  directories.add(kDataInside);
  if (!of_driver.empty()) {
    directories.add(of_driver);
  }
  variables.set("XDG_DATA_DIRS", directories.text());
  if (input.shares.wants("cursor")) {
    variables.set("XCURSOR_PATH",
                  "~/.local/share/icons:~/.icons:/usr/share/icons:/usr/share/pixmaps:"
                  "/run/host/usr/share/icons");
  }
}

/// Whether the variable belongs to a share that is off.
bool is_off(std::string_view name, const host::ShareChoice& shares) {
  const auto all = host::all_shares();
  return std::any_of(all.begin(), all.end(), [&](const host::Share& share) {
    const auto patterns = text::split(share.variables, ' ');
    return !shares.wants(share.name) &&
           std::any_of(patterns.begin(), patterns.end(),
                       [&](std::string_view pattern) { return text::fits(name, pattern); });
  });
}

/// Whether a variable of the host means anything inside.
bool crosses(const Variable& variable, const EnvironmentInput& input, std::string_view home) {
  if (input.clean) {
    return variable.name == "TERM" || variable.name == "COLORTERM";
  }
  if (matches_any(variable.name, kStayOutside) ||
      (!input.shares.off.empty() && is_off(variable.name, input.shares))) {
    return false;
  }
  const bool path = variable.value.starts_with('/');
  if (path && matches_any(variable.name, kTemporary)) {
    return variable.value == "/var/tmp" || input.same_paths.contains(variable.value);
  }
  return !path || !matches_any(variable.name, kOnlyInHome) || is_below(variable.value, home);
}

}  // namespace

std::vector<std::string> build_environment(const EnvironmentInput& input) {
  std::string_view home = input.home;
  while (home.size() > 1 && home.ends_with('/')) {
    home.remove_suffix(1);
  }
  // PATH and what else is set below keeps the host's place in the order; one not set is left out.
  Variables variables;
  for (const std::string& entry : input.host) {
    const std::optional<Variable> variable = parse_variable(entry);
    // The first entry of a name is the one getenv finds.
    if (variable && crosses(*variable, input, home) && !variables.find(variable->name) &&
        (variable->name != "XDG_RUNTIME_DIR" || !input.runtime_directory.empty())) {
      variables.set(variable->name, names_host_path(variable->name)
                                        ? reach_host(variable->value, input.same_paths)
                                        : std::string(variable->value));
    }
  }
  const Variables of_host = variables;
  for (const std::string& entry : input.image) {
    const std::optional<Variable> variable = parse_variable(entry);
    if (variable && !matches_any(variable->name, kNotOfImage) &&
        (!matches_any(variable->name, kSession) || !of_host.find(variable->name))) {
      variables.set(variable->name, variable->value);
    }
  }
  variables.set("HOME", input.home);
  variables.set("USER", input.user);
  variables.set("LOGNAME", input.user);
  variables.set("SHELL", input.shell);
  variables.set("PATH", search_path(input, home));
  variables.set("TERMINFO_DIRS", terminfo_directories(input, home));
  if (!input.runtime_directory.empty()) {
    variables.set("XDG_RUNTIME_DIR", input.runtime_directory);
  }
  set_looks(input, variables);
  for (const std::string& entry : input.driver) {
    const auto variable = parse_variable(entry);
    if (variable && variable->name != "XDG_DATA_DIRS") {
      variables.set(variable->name, variable->value);
    }
  }
  if (!input.ca_bundle.empty()) {
    for (const std::string_view name : kCertificateVariables) {
      variables.set(name, input.ca_bundle);
    }
  }
  if (input.ticket_server && !variables.find("KRB5CCNAME")) {
    variables.set("KRB5CCNAME", "KCM:");
  }
  variables.set("container", "devenv");
  variables.set("DEVENV_NAME", input.environment_name);
  return variables.release();
}

void add_surroundings(const instance::Surroundings& surroundings,
                      const std::string& project,
                      std::vector<std::string>& variables) {
  override_variables(variables, surroundings.variables);
  if (!project.empty()) {
    override_variables(variables, {"DEVENV_PROJECT=" + project});
  }
  if (!surroundings.path.empty()) {
    const std::string front = join(surroundings.path, ":");
    std::string path = front;
    const std::string old_path = sys::variable_in(variables, "PATH");
    for (const std::string_view directory : text::split(old_path, ':')) {
      if (std::find(surroundings.path.begin(), surroundings.path.end(), directory) ==
          surroundings.path.end()) {
        path += format(":{}", directory);
      }
    }
    override_variables(variables, {"DEVENV_PATH=" + front, "PATH=" + path});
  }
}

void override_variables(std::vector<std::string>& variables,
                        const std::vector<std::string>& replacements) {
  for (const std::string& replacement : replacements) {
    const std::string_view name =
        std::string_view(replacement).substr(0, replacement.find('=') + 1);
    if (name == "PWD=") {
      continue;
    }
    const auto old =
        std::find_if(variables.begin(), variables.end(),
                     [&](const std::string& entry) { return entry.starts_with(name); });
    if (old == variables.end()) {
      variables.push_back(replacement);
    } else {
      *old = replacement;
    }
  }
}

}  // namespace devenv::session
