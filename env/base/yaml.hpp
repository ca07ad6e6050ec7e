// SPDX-License-Identifier: MIT
// YAML that other programs write for us, as JSON. The one user of libyaml, which is linked in
// statically: it costs nothing until a document is parsed.
#pragma once

#include <string_view>

#include "env/base/json.hpp"

namespace devenv::yaml {

/// One document of maps, lists and scalars. Of YAML's many ways to be surprising none is taken:
/// aliases, tags, merge keys, keys that are no scalars or there twice, and a second document are
/// errors. A plain scalar is null ("", "~", "null"), true, false, a decimal number or a string; a
/// quoted one is always a string. Source: YAML 1.2, chapter 10.
/// Errors: integrity, with the line.
Result<Json> parse(std::string_view text, const json::Limits& limits = {});

}  // namespace devenv::yaml
