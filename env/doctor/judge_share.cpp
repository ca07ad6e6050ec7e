// SPDX-License-Identifier: MIT
#include <array>
#include <cctype>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/doctor/facts.hpp"

namespace devenv::doctor {
namespace {

/// Where the server of a share is when no variable says otherwise; "@/x" as in the table of shares.
struct Place {
  std::string_view share;
  const char* variable = nullptr;
  std::string_view usual;  ///< "": only the variable tells
  std::string (*read)(const std::string& value, const std::string& runtime_directory) = nullptr;
};

/// ":1.0" is the server's file X1; a name before the colon, another machine's.
std::string read_display(const std::string& value, const std::string& /*runtime_directory*/) {
  const std::size_t colon = value.rfind(':');
  const std::string host = value.substr(0, std::min(colon, value.size()));
  if (host.starts_with('/')) {
    return value;  // as launchd and some servers of X11 name it
  }
  if (colon == std::string::npos || (!host.empty() && host != "unix")) {
    return "";
  }
  const std::string rest = value.substr(colon + 1);
  const std::string number = rest.substr(0, rest.find('.'));
  const bool is_number =
      !number.empty() && number.find_first_not_of("0123456789") == std::string::npos;
  return is_number ? "/tmp/.X11-unix/X" + number : "";
}

/// A name in the runtime directory, or a path.
std::string read_name(const std::string& value, const std::string& runtime_directory) {
  if (value.starts_with('/') || runtime_directory.empty()) {
    return value;
  }
  return format("{}/{}", runtime_directory, value);
}

/// "%20" and the like. Source: D-Bus Specification, "Server Addresses".
std::string without_percent(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t at) {
      const auto place =
          at < text.size()
              ? std::string_view("0123456789abcdef")
                    .find(static_cast<char>(std::tolower(static_cast<unsigned char>(text[at]))))
              : std::string_view::npos;
      return place == std::string_view::npos ? -1 : static_cast<int>(place);
    };
    if (text[i] == '%' && digit(i + 1) >= 0 && digit(i + 2) >= 0) {
      plain += static_cast<char>(digit(i + 1) * 16 + digit(i + 2));
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

/// "{machine}unix:/run/..." or a path; the first of several.
std::string read_pulse(const std::string& value, const std::string& /*runtime_directory*/) {
  std::string first = value.substr(0, value.find(' '));
  if (const std::size_t brace = first.find('}'); first.starts_with('{') && brace < first.size()) {
    first.erase(0, brace + 1);
  }
  if (first.starts_with("unix:")) {
    first.erase(0, 5);
  }
  return first.starts_with('/') ? first : "";
}

/// "unix:path=/run/user/1000/bus,guid=..." or "unix:abstract=/tmp/x"; the first of several.
std::string read_bus(const std::string& value, const std::string& /*runtime_directory*/) {
  constexpr std::string_view kUnix = "unix:";
  const std::string first = value.substr(0, value.find(';'));
  if (!first.starts_with(kUnix)) {
    return "";
  }
  for (const std::string_view part :
       text::split(std::string_view(first).substr(kUnix.size()), ',')) {
    if (part.starts_with("path=")) {
      return without_percent(part.substr(5));
    }
    if (part.starts_with("abstract=")) {
      return "@" + without_percent(part.substr(9));
    }
  }
  return "";
}

constexpr std::array<Place, 10> kPlaces = {{
    {"display-x11", "DISPLAY", "", read_display},
    {"display-wayland", "WAYLAND_DISPLAY", "@/wayland-0", read_name},
    {"audio-pipewire", "PIPEWIRE_REMOTE", "@/pipewire-0", read_name},
    {"audio-pulse", "PULSE_SERVER", "@/pulse/native", read_pulse},
    {"dbus-session", "DBUS_SESSION_BUS_ADDRESS", "@/bus", read_bus},
    {"dbus-system", "DBUS_SYSTEM_BUS_ADDRESS", "/run/dbus/system_bus_socket", read_bus},
    {"ssh-agent", "SSH_AUTH_SOCK", "", read_name},
    {"gpg-agent", nullptr, "@/gnupg/S.gpg-agent", nullptr},
    {"printing", "CUPS_SERVER", "/run/cups/cups.sock", read_name},
    {"smartcards", "PCSCLITE_CSOCK_NAME", "/run/pcscd/pcscd.comm", read_name},
}};

}  // namespace

std::optional<ServerFacts> find_server(std::string_view share,
                                       const std::string& runtime_directory,
                                       std::string (*variable)(const char* name)) {
  for (const Place& place : kPlaces) {
    if (place.share != share) {
      continue;
    }
    ServerFacts server;
    server.value = place.variable != nullptr ? variable(place.variable) : "";
    if (!server.value.empty()) {
      server.variable = place.variable;
      server.socket = place.read(server.value, runtime_directory);
    } else if (place.usual.empty()) {
      server.variable = place.variable;
    } else {
      server.socket = host::expand_path(place.usual, runtime_directory).value_or("");
    }
    return server;
  }
  return std::nullopt;
}

Verdict judge_share(const host::ShareStatus& share, const std::optional<ServerFacts>& server) {
  const bool named = server && !server->variable.empty() && !server->value.empty();
  if (!share.on && !(named && share.is_wanted)) {
    return {.status = Status::off, .detail = share.reason};
  }
  if (!server) {
    return {.detail = std::string(share.share->summary)};
  }
  const std::string socket = text::sanitize(server->socket);
  const std::string source =
      named ? format("{} is '{}'", server->variable, text::sanitize(server->value)) : "";
  if (server->socket.empty()) {
    return named ? Verdict{.detail = source}
                 : Verdict{.status = Status::off,
                           .detail = format("{} is not set", server->variable)};
  }
  if (server->state == sys::SocketState::answers) {
    return {.detail = socket};
  }
  const bool is_missing = server->state == sys::SocketState::missing;
  std::string problem =
      is_missing ? format("there is no '{}'", socket) : format("nobody answers at '{}'", socket);
  if (!named) {
    return is_missing ? Verdict{.status = Status::off, .detail = std::move(problem)}
                      : Verdict{.status = Status::warn,
                                .detail = std::move(problem),
                                .hint = "its server has ended: start it again"};
  }
  return {.status = Status::warn,
          .detail = format("{}, but {}", source, problem),
          .hint = format("open a new terminal in the session of today, or: unset {}",
                         server->variable)};
}

Verdict judge_layers(std::size_t missing, std::size_t all, const std::string& reference) {
  const std::string image = text::sanitize(reference);
  if (missing == 0) {
    return {.detail = format("{}, layers: {}", image, all)};
  }
  // Made from a file or bootstrapped: no registry has it.
  const bool is_local = reference.starts_with("localhost/");
  return {.status = Status::fail,
          .detail = format("{} of the {} layers of {} are missing", missing, all, image),
          .hint = is_local ? "make it anew: devenv rm, then devenv create"
                           : format("devenv image pull {}", text::shell_quote(reference))};
}

}  // namespace devenv::doctor
