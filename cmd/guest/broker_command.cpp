// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/guest/broker.hpp"
#include "cmd/guest/memory.hpp"

namespace devenv::guest {
namespace {

constexpr std::string_view kHostRoot = "/run/host/";
constexpr std::string_view kDefaultPath = "/usr/local/bin:/usr/bin:/bin";

std::string_view name_of(std::string_view variable) {
  return take_field(variable, '=');
}

bool is_replaced(std::string_view name, const Request& request) {
  if (name == "PWD" || name == "OLDPWD") {
    return true;
  }
  for (const std::string_view variable : request.variables) {
    if (name_of(variable) == name) {
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

const char* enter_directory(const Request& request, bool& fell_back) {
  const char* directory = request.directory.data();
  if (!request.directory.empty() && chdir(directory) == 0) {
    return directory;
  }
  if (request.directory.starts_with(kHostRoot)) {
    directory += kHostRoot.size() - 1;
    if (chdir(directory) == 0) {
      return directory;
    }
  }
  fell_back = true;
  const char* const home = getenv("HOME");
  if (home != nullptr && *home == '/' && chdir(home) == 0) {
    return home;
  }
  return "/";  // where the broker is
}

char** command_environment(const Request& request, const char* directory) {
  List<char*> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!is_replaced(name_of(*variable), request)) {
      variables.add(*variable);
    }
  }
  for (char* const variable : request.variables) {
    variables.add(variable);
  }
  variables.add(concatenate({"PWD=", directory}));
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
