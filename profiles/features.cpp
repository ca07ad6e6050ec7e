// SPDX-License-Identifier: MIT
#include "profiles/features.hpp"

#include <algorithm>

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::profiles {
namespace {

constexpr std::string_view kSearchPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

/// "ghcr.io/devcontainers/features/node"
std::string place_of(const image::Reference& reference) {
  return format("{}/{}", reference.registry(), reference.repository());
}

/// What is called `name` (a reference, its tag does not count), also by a name it had before.
bool is_called(const ChosenFeature& feature, const std::string& name) {
  const auto wanted = image::Reference::parse(name);
  if (!wanted) {
    return false;
  }
  const std::string place = place_of(feature.reference);
  const std::string folder = place.substr(0, place.rfind('/') + 1);
  const std::vector<std::string>& old = feature.stored.feature.legacy_ids;
  return place_of(*wanted) == place ||
         std::any_of(old.begin(), old.end(),
                     [&](const std::string& id) { return place_of(*wanted) == folder + id; });
}

/// Whether `feature` has to wait for `other`.
bool waits_for(const ChosenFeature& feature, const ChosenFeature& other) {
  const image::Feature& says = feature.stored.feature;
  const auto names = [&](const std::string& name) { return is_called(other, name); };
  return std::any_of(says.installs_after.begin(), says.installs_after.end(), names) ||
         std::any_of(says.depends_on.begin(), says.depends_on.end(),
                     [&](const auto& dependency) { return names(dependency.reference); });
}

/// A piece of a value: the text itself, or the name of a variable.
struct Piece {
  std::string text;
  bool is_variable = false;
};

std::vector<Piece> pieces_of(std::string_view value) {
  std::vector<Piece> pieces;
  std::string text;
  for (std::size_t at = 0; at < value.size(); ++at) {
    if (value[at] == '\\' && at + 1 < value.size() && value[at + 1] == '$') {
      text += value[++at];
      continue;
    }
    const bool braces = value.compare(at, 2, "${") == 0;
    const std::size_t begin = at + (braces ? 2 : 1);
    std::size_t end = begin;
    while (value[at] == '$' && end < value.size() && is_word(value[end])) {
      ++end;
    }
    const bool is_name = end > begin && value[at] == '$' && !is_digit(value[begin]) &&
                         (!braces || (end < value.size() && value[end] == '}'));
    if (!is_name) {
      text += value[at];
      continue;
    }
    pieces.push_back({std::move(text), false});
    pieces.push_back({std::string(value.substr(begin, end - begin)), true});
    text.clear();
    at = braces ? end : end - 1;
  }
  pieces.push_back({std::move(text), false});
  return pieces;
}

std::string value_in(const std::vector<std::string>& list, const std::string& name) {
  for (const std::string& entry : list) {
    if (entry.starts_with(name + "=")) {
      return entry.substr(name.size() + 1);
    }
  }
  return name == "PATH" ? std::string(kSearchPath) : std::string();
}

/// A word for sh in which only the variables are expanded.
std::string quoted_value(std::string_view value) {
  std::string quoted;
  for (const Piece& piece : pieces_of(value)) {
    if (piece.is_variable) {
      quoted += format("\"${{{}}}\"", piece.text);
    } else if (!piece.text.empty()) {
      quoted += text::shell_quote(piece.text);
    }
  }
  return quoted.empty() ? "''" : quoted;
}

}  // namespace

bool is_same(const ChosenFeature& one, const ChosenFeature& other) {
  return one.stored.manifest == other.stored.manifest && one.options == other.options;
}

Result<std::vector<ChosenFeature>> in_order(std::vector<ChosenFeature> features) {
  std::vector<ChosenFeature> ordered;
  while (!features.empty()) {
    const auto next =
        std::find_if(features.begin(), features.end(), [&](const ChosenFeature& candidate) {
          return std::none_of(features.begin(), features.end(), [&](const ChosenFeature& other) {
            // Twice the same with different options: in the order of the list.
            return place_of(other.reference) != place_of(candidate.reference) &&
                   waits_for(candidate, other);
          });
        });
    if (next == features.end()) {
      std::vector<std::string> names;
      for (const ChosenFeature& feature : features) {
        names.push_back(feature.reference.string());
      }
      return fail(ErrorCode::usage,
                  format("these features wait for each other: {}", join(names, ", ")));
    }
    ordered.push_back(std::move(*next));
    features.erase(next);
  }
  return ordered;
}

std::string option_variable(std::string_view option) {
  // The specification's three substitutions, in their order.
  std::string name;
  for (const char c : option) {
    name += is_word(c) ? c : '_';
  }
  const std::size_t first = name.find_first_not_of("0123456789_");
  if (first != 0) {
    name = "_" + (first == std::string::npos ? std::string() : name.substr(first));
  }
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return name;
}

Result<std::vector<std::string>> option_variables(const ChosenFeature& feature) {
  std::vector<std::string> variables;
  for (const image::FeatureOption& option : feature.stored.feature.options) {
    const auto chosen = feature.options.find(option.name);
    const std::string& value =
        chosen == feature.options.end() ? option.default_value : chosen->second;
    const bool is_chosen = chosen != feature.options.end();
    if (is_chosen && !option.allowed.empty() &&
        std::find(option.allowed.begin(), option.allowed.end(), value) == option.allowed.end()) {
      return fail(
          Error(ErrorCode::usage,
                format("option '{}' of feature '{}' cannot be '{}'", text::sanitize(option.name),
                       feature.reference.string(), text::sanitize(value)))
              .with_hint(format("it is one of: {}", text::sanitize(join(option.allowed, ", ")))));
    }
    variables.push_back(format("{}={}", option_variable(option.name), value));
  }
  return variables;
}

std::vector<std::string> unknown_options(const ChosenFeature& feature) {
  std::vector<std::string> unknown;
  const auto& known = feature.stored.feature.options;
  for (const auto& [name, value] : feature.options) {
    if (std::none_of(known.begin(), known.end(),
                     [&name = name](const auto& option) { return option.name == name; })) {
      unknown.push_back(name);
    }
  }
  return unknown;
}

void set_variables(const Variables& variables, std::vector<std::string>& list) {
  const std::vector<std::string> before = list;  // a line ENV sees none of its own variables
  for (const auto& [name, value] : variables) {
    std::string text;
    for (const Piece& piece : pieces_of(value)) {
      text += piece.is_variable ? value_in(before, piece.text) : piece.text;
    }
    std::string entry = format("{}={}", name, text);
    const auto old = std::find_if(list.begin(), list.end(), [&name = name](const auto& each) {
      return each.starts_with(name + "=");
    });
    old == list.end() ? list.push_back(std::move(entry)) : void(*old = std::move(entry));
  }
}

std::vector<std::string> added_directories(const std::vector<std::string>& before,
                                           const std::vector<std::string>& after) {
  const std::string old_path = value_in(before, "PATH");
  const std::string new_path = value_in(after, "PATH");
  const auto old = text::split(old_path, ':');
  std::vector<std::string> added;
  for (const std::string_view directory : text::split(new_path, ':')) {
    if (directory.starts_with('/') && std::find(old.begin(), old.end(), directory) == old.end()) {
      added.emplace_back(directory);
    }
  }
  return added;
}

std::string exporting_line(const std::vector<Variables>& all) {
  std::string line;
  for (const Variables& variables : all) {
    line += variables.empty() ? "" : "export";
    for (const auto& [name, value] : variables) {
      line += format(" {}={}", name, quoted_value(value));
    }
    line += variables.empty() ? "" : "; ";
  }
  return line.empty() ? line : line + "exec \"$@\"";
}

}  // namespace devenv::profiles
