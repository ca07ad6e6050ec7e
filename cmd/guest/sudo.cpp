// SPDX-License-Identifier: MIT
// sudo for images that have none, so that nothing must be installed to become root inside.
//
// It serves root and the user of the environment, who is root of the user namespace anyway; for
// anybody else (the users of services inside) it refuses before it reads anything of theirs. There
// is no password and no policy file. The command takes the place of this process: its terminal,
// signals and exit code are its own.
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/guest/output.hpp"
#include "cmd/guest/sudo.hpp"

namespace devenv::guest {
namespace {

/// Written by devenv when the environment starts: the uid of its user on the first line.
constexpr const char* kUserFile = "/run/devenv/user";
constexpr std::uint32_t kLargestId = UINT32_MAX - 1;

bool may_use(uid_t uid) {
  if (uid == 0) {
    return true;
  }
  std::optional<std::string_view> content = read_file(kUserFile, Trust::root_only);
  return content && parse_number(take_field(*content, '\n'), kLargestId) == uid;
}

// ---- whom to become -----------------------------------------------------------------------------

struct Identity {
  User user;
  gid_t gid;
};

std::optional<User> find_user(const Accounts& accounts, std::string_view name) {
  if (!name.starts_with('#')) {
    return accounts.user_named(name);
  }
  name.remove_prefix(1);
  const auto uid = parse_number(name, kLargestId);
  return uid ? accounts.user_with(*uid) : std::nullopt;
}

std::optional<Group> find_group(const Accounts& accounts, std::string_view name) {
  if (!name.starts_with('#')) {
    return accounts.group_named(name);
  }
  name.remove_prefix(1);
  const auto gid = parse_number(name, kLargestId);
  return gid ? accounts.group_with(*gid) : std::nullopt;
}

/// An image may have lost the entry of its caller or of root.
User calling_user(const Accounts& accounts) {
  const uid_t uid = getuid();
  if (const std::optional<User> user = accounts.user_with(uid)) {
    User caller = *user;
    caller.gid = getgid();
    return caller;
  }
  if (uid == 0) {
    return {"root", 0, getgid(), "/root", "/bin/sh"};
  }
  return {concatenate({"#", Digits(uid).text()}), uid, getgid(), "/", "/bin/sh"};
}

std::optional<Identity> find_identity(const Accounts& accounts,
                                      const SudoOptions& options,
                                      const User& caller) {
  User user = {"root", 0, 0, "/root", "/bin/sh"};
  if (options.user != nullptr) {
    const std::optional<User> found = find_user(accounts, options.user);
    if (!found) {
      complain("sudo", {"unknown user ", options.user});
      return std::nullopt;
    }
    user = *found;
  } else if (options.group != nullptr) {
    user = caller;
  } else if (const std::optional<User> root = accounts.user_with(0)) {
    user = *root;
  }
  gid_t gid = user.gid;
  if (options.group != nullptr) {
    const std::optional<Group> found = find_group(accounts, options.group);
    if (!found) {
      complain("sudo", {"unknown group ", options.group});
      return std::nullopt;
    }
    gid = found->gid;
  }
  return Identity{user, gid};
}

bool become(const Accounts& accounts, const SudoOptions& options, const Identity& identity) {
  if (!options.keep_groups) {
    List<gid_t> groups = accounts.groups_of(identity.user.name, identity.user.gid);
    if (identity.gid != identity.user.gid) {
      groups.add(identity.gid);
    }
    // Denied where the map of the namespace was written by an ordinary user: the groups then stay
    // the caller's, which the command may do without.
    if (setgroups(groups.size(), groups.data()) != 0 && errno != EPERM) {
      complain("sudo", {"cannot set the groups of ", identity.user.name, ": ", error_text(errno)});
      return false;
    }
  }
  const uid_t uid = identity.user.uid;
  if (setresgid(identity.gid, identity.gid, identity.gid) != 0 || setresuid(uid, uid, uid) != 0) {
    complain("sudo", {"cannot become ", identity.user.name, ": ", error_text(errno)});
    return false;
  }
  return true;
}

// ---- what to run --------------------------------------------------------------------------------

bool is_program(const char* path) {
  struct stat status = {};
  return stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
         (status.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0;
}

/// The file to execute; nullptr when there is none.
char* find_command(char* name) {
  if (strchr(name, '/') != nullptr) {
    return is_program(name) ? name : nullptr;
  }
  std::string_view rest = kSecurePath;
  while (*name != '\0' && !rest.empty()) {
    char* const path = concatenate({take_field(rest, ':'), "/", name});
    if (is_program(path)) {
      return path;
    }
  }
  return nullptr;
}

struct Program {
  char* file;
  List<char*> arguments;  ///< ends with a null pointer
};

/// The command as one word for `sh -c`: quoted but for '$', so that variables of the target's shell
/// can be used. That is sudo's rule for -i and -s.
char* quote_for_shell(Arguments command) {
  List<char> text;
  for (const char* const word : command) {
    if (text.size() > 0) {
      text.add(' ');
    }
    for (const char* c = word; *c != '\0'; ++c) {
      const bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                         (*c >= '0' && *c <= '9') || *c == '_' || *c == '-' || *c == '$' ||
                         static_cast<unsigned char>(*c) >= 0x80;
      if (!plain) {
        text.add('\\');
      }
      text.add(*c);
    }
  }
  text.add('\0');
  return text.data();
}

Program shell_program(const SudoOptions& options, const Identity& identity, const User& caller) {
  Program program = {};
  const char* const own = getenv("SHELL");
  const std::string_view shell = options.login                   ? identity.user.shell
                                 : own != nullptr && *own == '/' ? std::string_view(own)
                                                                 : caller.shell;
  program.file = concatenate({shell});
  program.arguments.add(options.login ? concatenate({"-", basename(shell)}) : program.file);
  if (!options.command.empty()) {
    program.arguments.add(concatenate({"-c"}));
    program.arguments.add(quote_for_shell(options.command));
  }
  program.arguments.add(nullptr);
  return program;
}

std::optional<Program> command_program(Arguments command) {
  char* const file = find_command(command.front());
  if (file == nullptr) {
    complain("sudo", {command.front(), ": command not found"});
    return std::nullopt;
  }
  Program program = {};
  program.file = file;
  for (char* const argument : command) {
    program.arguments.add(argument);
  }
  program.arguments.add(nullptr);
  return program;
}

std::string_view command_line(const Program& program) {
  List<char> text;
  const auto add = [&](const char* word) {
    for (; *word != '\0'; ++word) {
      text.add(*word);
    }
  };
  add(program.file);
  for (std::size_t index = 1; program.arguments[index] != nullptr; ++index) {
    text.add(' ');
    add(program.arguments[index]);
  }
  return {text.data(), text.size()};
}

// ---- the modes ----------------------------------------------------------------------------------

int list(const SudoOptions& options, const User& caller) {
  if (!options.command.empty()) {
    char* const file = find_command(options.command.front());
    if (file == nullptr) {
      complain("sudo", {options.command.front(), ": command not found"});
      return 1;
    }
    print(STDOUT_FILENO, {file});
    for (const char* const argument : options.command.subspan(1)) {
      print(STDOUT_FILENO, {" ", argument});
    }
    print(STDOUT_FILENO, {"\n"});
    return 0;
  }
  print(STDOUT_FILENO, {"User ", caller.name,
                        " may run the following commands in this environment:\n"
                        "    (ALL : ALL) NOPASSWD: ALL\n"});
  return 0;
}

/// Changes to -D's directory, or the home for -i; as the target, who may see other directories.
bool change_directory(const SudoOptions& options, const Identity& identity) {
  const char* const directory =
      options.directory != nullptr ? options.directory : concatenate({identity.user.home});
  if ((options.directory == nullptr && !options.login) || chdir(directory) == 0) {
    return true;
  }
  complain("sudo", {"unable to change directory to ", directory, ": ", error_text(errno)});
  return options.directory == nullptr;  // a missing home is no reason not to run
}

/// Never returns but on failure.
void execute(Program& program, char** environment) {
  execve(program.file, program.arguments.data(), environment);
  if (errno == ENOEXEC) {
    // A script without a first line that says what it is for.
    List<char*> arguments;
    arguments.add(concatenate({"sh"}));
    arguments.add(program.file);
    for (std::size_t index = 1; index < program.arguments.size(); ++index) {
      arguments.add(program.arguments[index]);
    }
    execve("/bin/sh", arguments.data(), environment);
  }
  complain("sudo", {"unable to execute ", program.file, ": ", error_text(errno)});
}

int run(const SudoOptions& options, const Accounts& accounts, const User& caller) {
  const std::optional<Identity> identity = find_identity(accounts, options, caller);
  if (!identity) {
    return 1;
  }
  std::optional<Program> program = options.login || options.shell
                                       ? shell_program(options, *identity, caller)
                                       : command_program(options.command);
  if (!program) {
    return 1;
  }
  char** const environment =
      sudo_environment(environ, {&options, identity->user, caller, command_line(*program)});
  if (!become(accounts, options, *identity) || !change_directory(options, *identity)) {
    return 1;
  }
  umask(umask(0) | 022);
  if (options.background) {
    const pid_t child = fork();
    if (child != 0) {
      if (child < 0) {
        complain("sudo", {"cannot run in the background: ", error_text(errno)});
      }
      return child < 0 ? 1 : 0;
    }
  }
  close_files(options.close_from, UINT_MAX);
  execute(*program, environment);
  return 1;
}

}  // namespace

int sudo_main(Arguments arguments) {
  if (!may_use(getuid())) {
    const Digits uid(getuid());
    complain("sudo", {"user ", uid.text(), " may not become another user in this environment"});
    return 1;
  }
  if (geteuid() != 0) {
    complain("sudo", {"no rights of root: this process must not gain privileges (no_new_privs), or "
                      "/run/devenv is mounted nosuid"});
    return 1;
  }
  become_real_sudo(arguments);
  const std::optional<SudoOptions> options = parse_sudo_options(arguments);
  if (!options) {
    return 1;
  }
  const Accounts accounts = Accounts::load();
  const User caller = calling_user(accounts);
  switch (options->mode) {
    case SudoMode::help:
      print(STDOUT_FILENO, {"sudo - execute a command as another user\n\n"});
      print_sudo_usage(STDOUT_FILENO);
      return 0;
    case SudoMode::version:
      print(STDOUT_FILENO, {"sudo of devenv-guest " DEVENV_VERSION "\n"});
      return 0;
    case SudoMode::validate:
    case SudoMode::forget:
      return 0;
    case SudoMode::list:
      return list(*options, caller);
    case SudoMode::run:
      break;
  }
  return run(*options, accounts, caller);
}

}  // namespace devenv::guest
