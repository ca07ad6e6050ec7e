// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cmd/guest/applets.hpp"
#include "cmd/guest/host_client.hpp"
#include "cmd/guest/memory.hpp"
#include "cmd/guest/output.hpp"

namespace devenv::guest {
namespace {

constexpr int kNobodyThere = 125;
constexpr int kNotExecutable = 126;
constexpr int kNotFound = 127;
/// What an entry puts in the place of a language that the image does not have.
constexpr std::string_view kStandIn = "C.UTF-8";

/// Files of ours must not become a standard stream.
void fill_streams() {
  int fd = open("/dev/null", O_RDWR | O_NOCTTY);
  while (fd >= 0 && fd <= STDERR_FILENO) {
    fd = open("/dev/null", O_RDWR | O_NOCTTY);
  }
  if (fd >= 0) {
    close(fd);
  }
}

int fail(int status, std::initializer_list<std::string_view> message, std::string_view hint) {
  complain("error", message);
  if (!hint.empty()) {
    complain("hint", {hint});
  }
  return status;
}

int usage() {
  return fail(kNobodyThere, {"'devenv host' needs a command"},
              "devenv host COMMAND [ARGUMENT...] runs it on the host");
}

/// The same, called without the path of the link to us.
Arguments called_by_name(Arguments arguments) {
  char** const copy = allocate_array<char*>(arguments.size());
  memcpy(copy, arguments.data(), arguments.size_bytes());
  copy[0] = const_cast<char*>(basename(arguments.front()).data());
  return {copy, arguments.size()};
}

/// The command that the arguments mean: see host_main.
Arguments command_of(Arguments arguments) {
  std::string_view name = basename(arguments.front());
  if (name == "devenv" && arguments.size() > 1 && std::string_view(arguments[1]) == "host") {
    arguments = arguments.subspan(1);
    name = "host";
  }
  if (name != "host" && name != "host-exec") {
    return called_by_name(arguments);
  }
  arguments = arguments.subspan(1);
  if (!arguments.empty() && std::string_view(arguments.front()) == "--") {
    arguments = arguments.subspan(1);
  }
  return arguments;
}

/// Where the caller stands, under the name the caller knows it by; "" when it is gone.
const char* current_directory() {
  struct stat here = {};
  struct stat named = {};
  const char* const logical = getenv("PWD");
  if (logical != nullptr && *logical == '/' && stat(".", &here) == 0 &&
      stat(logical, &named) == 0 && here.st_ino == named.st_ino && here.st_dev == named.st_dev) {
    return logical;
  }
  char* const path = allocate_array<char>(PATH_MAX);
  return getcwd(path, PATH_MAX) != nullptr && *path == '/' ? path : "";
}

/// A variable as the host shall see it; nullptr when it stays here.
const char* exported(std::string_view variable) {
  if (!crosses(variable)) {
    return nullptr;
  }
  std::string_view value = variable;
  const std::string_view name = take_field(value, '=');
  if ((name.starts_with("LC_") || name.starts_with("LANG")) && value == kStandIn) {
    return nullptr;
  }
  char* const copy = concatenate({variable});
  copy[strip_host_root({copy, variable.size()})] = '\0';
  return copy;
}

struct Encoded {
  RequestHead head;
  const char* text = nullptr;  ///< null: too much
};

Encoded encode(Arguments command) {
  List<const char*> parts;
  parts.add(current_directory());
  for (const char* const argument : command) {
    parts.add(argument);
  }
  Encoded encoded;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (const char* const value = exported(*variable)) {
      parts.add(value);
      ++encoded.head.variables;
    }
  }
  std::size_t size = 0;
  for (const char* const part : parts) {
    size += strlen(part) + 1;
  }
  if (size > kLargestRequest) {
    return encoded;
  }
  char* const text = allocate_array<char>(size);
  char* end = text;
  for (const char* const part : parts) {
    end = stpcpy(end, part) + 1;
  }
  struct stat here = {};
  if (stat(".", &here) == 0) {
    encoded.head.device = here.st_dev;
    encoded.head.inode = here.st_ino;
  }
  // What these do has nothing to do with where they are called.
  const std::string_view name = basename(command.front());
  encoded.head.anywhere = name == "xdg-open" || name == "flatpak" ? 1 : 0;
  encoded.head.size = static_cast<std::uint32_t>(size);
  encoded.head.arguments = static_cast<std::uint32_t>(command.size());
  encoded.head.mask = umask(0);
  umask(static_cast<mode_t>(encoded.head.mask));
  encoded.text = text;
  return encoded;
}

/// -1 with errno when it cannot be reached.
int connect_to_host() {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, kHostSocket, sizeof kHostSocket);
  if (socket < 0 || connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return -1;
  }
  return socket;
}

int only_user_may(std::string_view command) {
  return fail(kNobodyThere, {"cannot run '", command, "' on the host: only the user and root may"},
              "");
}

int not_reachable(int error, std::string_view command) {
  const char* const name = getenv("DEVENV_NAME");
  const char* const environment = name == nullptr ? "NAME" : name;
  const std::string_view what = basename(command);
  if (error == ENOENT && access("/run/devenv/session", F_OK) != 0) {
    return fail(kNobodyThere, {"cannot run '", what, "' on the host: this is no environment"},
                "it works inside: devenv enter NAME");
  }
  if (error == ENOENT) {
    return fail(
        kNobodyThere,
        {"cannot run '", what, "' on the host: '", environment, "' may not run host commands"},
        concatenate({"type on the host: devenv edit ", environment, " --host-commands allow"}));
  }
  if (error == EACCES) {
    return only_user_may(what);
  }
  return fail(
      kNobodyThere,
      {"cannot run '", what, "' on the host: nobody there answers: ",
       error == ECONNREFUSED ? "Connection refused" : error_text(error)},
      concatenate({"enter the environment once more, from the host: devenv enter ", environment}));
}

int refused(std::int32_t refusal, std::string_view command) {
  switch (static_cast<Refusal>(refusal)) {
    case Refusal::declined:
      return fail(kNobodyThere, {"cannot run '", command, "' on the host: you said no"}, "");
    case Refusal::cannot_ask:
      return fail(
          kNobodyThere,
          {"cannot run '", command,
           "' on the host: you have to be asked, which needs a display, and zenity, kdialog "
           "or xmessage on the host"},
          "to be asked no more, on the host: devenv edit NAME --host-commands allow");
    case Refusal::stranger:
      return only_user_may(command);
    case Refusal::elsewhere:
      return fail(kNobodyThere,
                  {"cannot run '", command, "' on the host: this directory is not the host's"},
                  "cd to one that both have, your home say; the host's root is /run/host here");
    case Refusal::malformed:
      break;
  }
  return fail(kNobodyThere, {"cannot run '", command, "' on the host: it did not understand"},
              "start the environment anew, on the host: devenv stop NAME");
}

int conclude(const Outcome& outcome, std::string_view command) {
  if (outcome.broken_off) {
    return fail(kNobodyThere, {"lost the host while '", command, "' was running there"}, "");
  }
  switch (outcome.kind) {
    case ReplyKind::exited:
      return outcome.value;
    case ReplyKind::killed:
      die_by_signal(outcome.value);
    case ReplyKind::refused:
      return refused(outcome.value, command);
    default:
      break;
  }
  const bool missing = outcome.value == ENOENT || outcome.value == ENOTDIR;
  return fail(missing ? kNotFound : kNotExecutable,
              {"cannot run '", command, "' on the host: ", error_text(outcome.value)}, "");
}

}  // namespace

int host_main(Arguments arguments) {
  fill_streams();
  const Arguments command = command_of(arguments);
  if (command.empty()) {
    return usage();
  }
  const std::string_view name = command.front();
  const Encoded encoded = encode(command);
  if (encoded.text == nullptr) {
    return fail(kNotExecutable, {"cannot run '", name, "' on the host: ", error_text(E2BIG)}, "");
  }
  const int socket = connect_to_host();
  if (socket < 0) {
    return not_reachable(errno, name);
  }
  // What xdg-open starts stays behind, and must not lose its terminal.
  const bool opens = basename(name) == "xdg-open";
  return conclude(
      converse(socket, encoded.head, encoded.text, opens ? Terminal::shared : Terminal::own), name);
}

}  // namespace devenv::guest
