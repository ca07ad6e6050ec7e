// SPDX-License-Identifier: MIT
#include "env/export/unit_specifiers.hpp"

#include <algorithm>

#include "env/sys/file.hpp"

namespace devenv::exporting {

SpecifierValue specifiers_of(const ServiceInput& input) {
  const UnitName name = UnitName::parse(input.unit);
  UnitName full = name;
  if (name.is_template()) {
    full.instance = "%i";
  }
  const UnitName bare{full.prefix, full.instance, ""};
  std::vector<std::pair<char, std::string>> values = {
      {'n', full.string()},
      {'N', bare.string()},
      {'p', name.prefix},
      {'P', without_specifiers(unescape_unit_name(name.prefix))},
      {'y', without_specifiers(input.source)},
      {'Y', without_specifiers(sys::parent_of(input.source))}};
  if (!name.instance) {
    values.emplace_back('f', without_specifiers("/" + unescape_unit_name(name.prefix)));
  }
  if (input.of_system) {
    values.insert(values.end(), {{'h', "/root"},
                                 {'t', "/run"},
                                 {'S', "/var/lib"},
                                 {'C', "/var/cache"},
                                 {'L', "/var/log"},
                                 {'E', "/etc"},
                                 {'u', "root"},
                                 {'U', "0"},
                                 {'g', "root"},
                                 {'G', "0"},
                                 {'s', "/bin/sh"}});
  }
  return [values = std::move(values)](char specifier) -> std::optional<std::string> {
    const auto found = std::find_if(values.begin(), values.end(),
                                    [&](const auto& entry) { return entry.first == specifier; });
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

}  // namespace devenv::exporting
