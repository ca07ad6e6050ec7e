// SPDX-License-Identifier: MIT
// A made-up environment with units, and what becomes of them on the host.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "env/export/service_unit.hpp"
#include "env/export/unit_file.hpp"

namespace devenv::exporting::test {

using Strings = std::vector<std::string>;

inline ServiceInput input() {
  ServiceInput how{.environment_name = "box",
                   .unit = "app.service",
                   .source = "/usr/lib/systemd/user/app.service",
                   .program = "/usr/bin/devenv",
                   .home = "/home/ann"};
  how.read = [](const std::string& path) -> std::optional<std::string> {
    if (path == "/etc/passwd") {
      return "root:x:0:0::/root:/bin/sh\nwww:x:33:34::/var/www:/bin/false\n"
             "nobody:x:65534:65534::/:/bin/false\n";
    }
    if (path == "/etc/default/app") {
      return "# what it is for\nONE=1\nTWO='a b'\nPATH=/opt/bin\n";
    }
    if (path == "/home/ann/.config/app.env") {
      return "SECRET=x\n";
    }
    return std::nullopt;
  };
  how.is_directory = [](const std::string& path) { return path == "/srv"; };
  how.host_name = [](const std::string& unit) -> std::optional<std::string> {
    return unit == "other.service" || unit == "app@x.service"
               ? std::optional(host_unit_name("box", unit))
               : std::nullopt;
  };
  return how;
}

inline ServiceInput system_input() {
  ServiceInput how = input();
  how.of_system = true;
  how.source = "/usr/lib/systemd/system/app.service";
  return how;
}

inline ServiceUnit rewritten(const std::string& text, const ServiceInput& how) {
  auto unit = rewrite_service(text, how);
  REQUIRE_MESSAGE(unit, text);
  return *std::move(unit);
}

/// The values of a key in the rewritten unit, whatever its section.
inline Strings values(const ServiceUnit& unit, std::string_view key) {
  Strings found;
  for (const Assignment& each : parse_unit(unit.text)) {
    if (each.key == key) {
      found.push_back(each.value);
    }
  }
  return found;
}

/// The values of a key, for lines of [Service] beside an ExecStart=.
inline Strings of_service(const std::string& lines, std::string_view key, const ServiceInput& how) {
  return values(rewritten("[Service]\nExecStart=/bin/app\n" + lines, how), key);
}

/// What ExecStart= becomes, without what every command begins with.
inline Strings starts(const std::string& value, const ServiceInput& how) {
  Strings found = values(rewritten("[Service]\nExecStart=" + value + "\n", how), "ExecStart");
  for (std::string& line : found) {
    constexpr std::string_view kOpening = "\"/usr/bin/devenv\" run box ";
    if (const std::size_t at = line.find(kOpening); at != std::string::npos) {
      line.erase(at, kOpening.size());
    }
  }
  return found;
}

inline Strings one(const std::string& value) {
  return {value};
}

}  // namespace devenv::exporting::test
