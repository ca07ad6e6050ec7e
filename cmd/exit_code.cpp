// SPDX-License-Identifier: MIT
#include "cmd/exit_code.hpp"

#include <cerrno>

namespace devenv::cmd {

ExitCode exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::failed:
      return ExitCode::failed;
    case ErrorCode::usage:
      return ExitCode::usage;
    case ErrorCode::not_found:
      return ExitCode::not_found;
    case ErrorCode::conflict:
      return ExitCode::conflict;
    case ErrorCode::unsupported:
      return ExitCode::unsupported;
    case ErrorCode::network:
      return ExitCode::network;
    case ErrorCode::integrity:
      return ExitCode::integrity;
    case ErrorCode::interrupted:
      return ExitCode::interrupted;
  }
  return ExitCode::failed;
}

ExitCode exit_code_of_command(const Error& error) {
  // A cause means that something before the exec failed, which has nothing to do with the command.
  if (error.cause() != nullptr) {
    return ExitCode::devenv_failed;
  }
  switch (error.sys_errno()) {
    case ENOENT:
    case ENOTDIR:
      return ExitCode::command_not_found;
    case EACCES:
    case EPERM:
    case ENOEXEC:
    case EISDIR:
    case ELOOP:
    case ETXTBSY:
      return ExitCode::command_not_executable;
    default:
      return error.code() == ErrorCode::not_found ? ExitCode::command_not_found
                                                  : ExitCode::devenv_failed;
  }
}

const std::vector<ExitCodeRow>& exit_code_table() {
  static const std::vector<ExitCodeRow> rows = {
      {"0", "done"},
      {"1", "failed, without a better code"},
      {"2", "wrong usage: an unknown flag, a bad value"},
      {"3", "there is no such environment, image or profile"},
      {"4", "conflict: it exists already, is in use or locked"},
      {"5", "this host cannot; see devenv doctor"},
      {"6", "network or registry"},
      {"7", "integrity: a wrong digest or size, damaged or hostile input"},
      {"125", "enter, run: devenv itself failed before the command was started"},
      {"126", "enter, run: the command cannot be executed"},
      {"127", "enter, run: there is no such command"},
      {"128+n", "enter, run: the command was killed by signal n"},
      {"n", "enter, run: the command's own exit status"},
      {"130", "interrupted"},
  };
  return rows;
}

}  // namespace devenv::cmd
