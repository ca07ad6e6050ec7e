// SPDX-License-Identifier: MIT
#include "env/build/step.hpp"

#include <algorithm>
#include <map>

#include "env/base/format.hpp"
#include "env/base/sha256.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"

namespace devenv::build {
namespace {

constexpr std::string_view kVersion = "devenv step 1";
constexpr std::size_t kInputLimit = 64U * 1024 * 1024;  // bytes of one file
constexpr std::size_t kMostInputs = 10'000;

/// '*' stands for any text, also several times.
bool matches(std::string_view name, std::string_view pattern) {
  std::size_t n = 0;
  std::size_t p = 0;
  std::size_t star = std::string_view::npos;
  std::size_t retry = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++retry;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

/// Files below a project that fit one pattern.
class InputFinder {
 public:
  explicit InputFinder(const std::string& project) : project_(project) {}

  Result<void> find(std::string_view pattern) {
    std::vector<std::string> parts;
    for (const std::string_view part : text::split(pattern, '/')) {
      if (part == ".." || pattern.starts_with('/')) {
        return fail(Error(ErrorCode::usage,
                          format("input '{}' is not in the project", text::sanitize(pattern))));
      }
      if (!part.empty() && part != ".") {
        parts.emplace_back(part);
      }
    }
    count_ = 0;
    TRY(descend("", parts, 0));
    if (count_ == 0) {
      return fail(
          Error(ErrorCode::not_found, format("input '{}' names no file", text::sanitize(pattern)))
              .with_hint(format("it is looked for below {}", project_)));
    }
    return {};
  }

  Inputs take() {
    Inputs inputs{.files = {}, .directories = std::move(directories_)};
    for (auto& [path, file] : found_) {
      inputs.files.push_back(std::move(file));
    }
    return inputs;
  }

 private:
  std::string absolute(const std::string& path) const {
    return path.empty() ? project_ : project_ + "/" + path;
  }

  Result<void> add(const std::string& path, const struct stat& info) {
    ++count_;
    if (found_.contains(path)) {
      return {};
    }
    if (found_.size() >= kMostInputs) {
      return fail(ErrorCode::usage, format("there are more than {} inputs", kMostInputs));
    }
    TRY_ASSIGN(const std::string contents, sys::read_regular_file(absolute(path), kInputLimit));
    found_.emplace(path, InputFile{.path = path,
                                   .source = absolute(path),
                                   .digest = sha256_of(contents),
                                   .executable = (info.st_mode & S_IXUSR) != 0});
    return {};
  }

  /// A link to a file of the project is that file, under the link's name.
  Result<void> add_link(const std::string& path) {
    const auto real = sys::canonical_path(absolute(path));
    const auto info =
        real ? sys::stat_path(*real) : Result<std::optional<struct stat>>(std::nullopt);
    TRY_ASSIGN(const std::string root, sys::canonical_path(project_));
    if (!real || !info || !*info || !S_ISREG((*info)->st_mode) || !real->starts_with(root + "/")) {
      return fail(Error(
          ErrorCode::usage,
          format("input '{}' is a link that names no file of the project", text::sanitize(path))));
    }
    return add(path, **info);
  }

  /// `path` is there; what is in it fits from parts[next] on.
  Result<void> descend(const std::string& path,
                       const std::vector<std::string>& parts,
                       std::size_t next) {
    TRY_ASSIGN(const auto info, sys::stat_at(AT_FDCWD, absolute(path)));
    if (!info) {
      return {};
    }
    if (S_ISREG(info->st_mode)) {
      const bool over = next >= parts.size() || (next + 1 == parts.size() && parts[next] == "**");
      return over ? add(path, *info) : Result<void>();
    }
    if (S_ISLNK(info->st_mode)) {
      return add_link(path);
    }
    if (!S_ISDIR(info->st_mode)) {
      return {};
    }
    const auto below = [&](const std::string& name) {
      return path.empty() ? name : path + "/" + name;
    };
    const bool everything = next >= parts.size();
    if (!everything && parts[next].find('*') == std::string::npos) {
      return descend(below(parts[next]), parts, next + 1);
    }
    const bool deep = !everything && parts[next] == "**";
    if (deep) {
      TRY(descend_matching(path, parts, next + 1));
    }
    directories_.push_back(absolute(path));
    TRY_ASSIGN(const auto names, sys::list_directory(absolute(path)));
    for (const std::string& name : names) {
      if (everything || deep) {
        TRY(descend(below(name), parts, next));
      } else if (matches(name, parts[next])) {
        TRY(descend(below(name), parts, next + 1));
      }
    }
    return {};
  }

  /// "**" stood for no directory at all.
  Result<void> descend_matching(const std::string& path,
                                const std::vector<std::string>& parts,
                                std::size_t next) {
    return next < parts.size() ? descend(path, parts, next) : Result<void>();
  }

  const std::string& project_;
  std::map<std::string, InputFile> found_;
  std::vector<std::string> directories_;
  std::size_t count_ = 0;
};

}  // namespace

Digest step_key(const Digest& below,
                const std::vector<std::string>& environment,
                const Step& step) {
  std::string commands;
  const auto add = [](std::string& list, std::string_view item) {
    list += std::to_string(item.size()) + ":";
    list += item;
  };
  for (const instance::CommandWords& command : step.commands) {
    std::string words;
    for (const std::string& word : command) {
      add(words, word);
    }
    add(commands, words);
  }
  std::string variables;
  for (const std::string& variable : environment) {
    add(variables, variable);
  }
  std::string inputs;
  for (const InputFile& input : step.inputs) {
    add(inputs, input.path);
    add(inputs, input.digest.string());
    add(inputs, input.executable ? "x" : "");
  }
  return sha256_of_list(
      {kVersion, below.string(), variables, commands, step.as_user ? "user" : "root", inputs});
}

Result<Inputs> find_inputs(const std::string& project, const std::vector<std::string>& patterns) {
  InputFinder finder(project);
  for (const std::string& pattern : patterns) {
    TRY(finder.find(pattern));
  }
  return finder.take();
}

}  // namespace devenv::build
