// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/guest/broker.hpp"
#include "cmd/guest/memory.hpp"

namespace devenv::guest {
namespace {

constexpr std::string_view kDefaultPath = "/usr/local/bin:/usr/bin:/bin";

std::string_view name_of(std::string_view variable) {
  return take_field(variable, '=');
}

/// Whether this is the very directory that the caller stands in. One of the same name may be
/// another: `rm` would find other files there.
bool is_here(const Request& request) {
  struct stat here = {};
  return stat(".", &here) == 0 && here.st_dev == request.device && here.st_ino == request.inode;
}

/// XDG_RUNTIME_DIR of the environment's own is none here.
bool is_of_use(std::string_view variable) {
  std::string_view value = variable;
  if (take_field(value, '=') != "XDG_RUNTIME_DIR") {
    return true;
  }
  struct stat directory = {};
  return stat(value.data(), &directory) == 0 && S_ISDIR(directory.st_mode) &&
         directory.st_uid == getuid();
}

bool is_replaced(std::string_view name, const Request& request) {
  if (name == "PWD" || name == "OLDPWD" || name == "DEVENV_CALLER") {
    return true;
  }
  for (const std::string_view variable : request.variables) {
    if (name_of(variable) == name && is_of_use(variable)) {
      return true;
    }
  }
  return false;
}

std::string_view value_of(char** environment, std::string_view name) {
  for (; *environment != nullptr; ++environment) {
    std::string_view value = *environment;
    if (take_field(value, '=') == name) {
      return value;
    }
  }
  return {};
}

/// execve, and a script without "#!" is given to the shell (POSIX, execvp).
int execute_file(const char* file, char** arguments, char** environment) {
  execve(file, arguments, environment);
  if (errno != ENOEXEC) {
    return errno;
  }
  List<char*> script;
  script.add(const_cast<char*>("sh"));
  script.add(const_cast<char*>(file));
  do {
    ++arguments;
    script.add(*arguments);
  } while (*arguments != nullptr);
  execve("/bin/sh", script.data(), environment);
  return errno;
}

}  // namespace

const char* enter_directory(const Request& request) {
  const char* const directory = path_on_host(request.directory.data());
  if (!request.directory.empty() && chdir(directory) == 0 && is_here(request)) {
    return directory;
  }
  if (!request.anywhere) {
    return nullptr;
  }
  const char* const home = getenv("HOME");
  if (home != nullptr && *home == '/' && chdir(home) == 0) {
    return home;
  }
  return chdir("/") == 0 ? "/" : nullptr;
}

char** command_environment(const Request& request, const char* directory, const char* caller) {
  List<char*> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!is_replaced(name_of(*variable), request)) {
      variables.add(*variable);
    }
  }
  for (char* const variable : request.variables) {
    if (is_of_use(variable)) {
      variables.add(variable);
    }
  }
  variables.add(concatenate({"PWD=", directory}));
  variables.add(concatenate({"DEVENV_CALLER=", caller}));
  variables.add(nullptr);
  return variables.data();
}

int execute(char** arguments, char** environment, const char* devenv) {
  const std::string_view name = arguments[0];
  if (name.empty()) {
    return ENOENT;
  }
  if (name.find('/') != std::string_view::npos) {
    return execute_file(arguments[0], arguments, environment);
  }
  std::string_view path = value_of(environment, "PATH");
  if (path.empty()) {
    path = kDefaultPath;
  }
  int error = ENOENT;
  while (!path.empty()) {
    const std::string_view directory = take_field(path, ':');
    const char* const file = directory.empty() ? arguments[0] : concatenate({directory, "/", name});
    const int failure = execute_file(file, arguments, environment);
    // A file that may not be executed counts only when no later directory has a better one.
    if (failure != ENOENT && failure != ENOTDIR) {
      error = failure;
    }
    if (failure == E2BIG) {
      return failure;
    }
  }
  if (error == ENOENT && devenv != nullptr && name == "devenv") {
    return execute_file(devenv, arguments, environment);
  }
  return error;
}

}  // namespace devenv::guest
