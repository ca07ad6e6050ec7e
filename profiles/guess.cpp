// SPDX-License-Identifier: MIT
#include "profiles/guess.hpp"

#include <algorithm>
#include <array>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "profiles/toml_writer.hpp"

namespace devenv::profiles {
namespace {

struct Hint {
  std::string_view file;
  std::string_view language;  ///< only the first hint of a language says what its tasks are
  std::string_view tools;
  std::string_view packages;
  std::string_view setup;  ///< tasks; "" for none
  std::string_view build;
  std::string_view test;
};

// clang-format off
/// The more a file says of how a project is built, the further up it stands.
constexpr std::array kHints = {
    Hint{"Cargo.toml", "rust", "rust compiler", "", "", "cargo build", "cargo test"},
    Hint{"go.mod", "go", "go", "", "", "go build ./...", "go test ./..."},
    Hint{"CMakeLists.txt", "c", "compiler cmake ninja", "", "",
         "cmake -S . -B build -G Ninja && cmake --build build", "ctest --test-dir build --output-on-failure"},
    Hint{"meson.build", "c", "compiler meson ninja pkg-config", "", "",
         "test -d build || meson setup build; meson compile -C build", "meson test -C build"},
    Hint{"gradlew", "java", "java", "", "", "./gradlew build", "./gradlew test"},
    Hint{"build.gradle", "java", "java", "gradle", "", "gradle build", "gradle test"},
    Hint{"build.gradle.kts", "java", "java", "gradle", "", "gradle build", "gradle test"},
    Hint{"mvnw", "java", "java", "", "", "./mvnw package", "./mvnw test"},
    Hint{"pom.xml", "java", "java", "maven", "", "mvn package", "mvn test"},
    Hint{"package-lock.json", "node", "node", "", "npm ci", "npm run build --if-present", "npm test"},
    Hint{"package.json", "node", "node", "", "npm install", "npm run build --if-present", "npm test"},
    Hint{"requirements.txt", "python", "python", "",
         "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt", "", ".venv/bin/python -m unittest"},
    Hint{"pyproject.toml", "python", "python", "",
         "python3 -m venv .venv && .venv/bin/pip install -e .", "", ".venv/bin/python -m unittest"},
    Hint{"setup.py", "python", "python", "",
         "python3 -m venv .venv && .venv/bin/pip install -e .", "", ".venv/bin/python -m unittest"},
    Hint{"Gemfile", "ruby", "ruby compiler", "", "bundle install", "", "bundle exec rake test"},
    Hint{"composer.json", "php", "php", "composer", "composer install", "", "composer test"},
    Hint{"configure.ac", "c", "compiler make", "autoconf automake libtool", "", "autoreconf -i && ./configure && make", "make check"},
    Hint{"configure", "c", "compiler make", "", "", "./configure && make", "make check"},
    Hint{"Makefile", "c", "compiler make", "", "", "make", "make test"},
    Hint{"GNUmakefile", "c", "compiler make", "", "", "make", "make test"},
    Hint{"Makefile.PL", "perl", "perl make", "", "", "perl Makefile.PL && make", "make test"},
    Hint{".git", "", "git", "", "", "", ""},
};
// clang-format on

void add_words(std::vector<std::string>& onto, std::string_view words) {
  for (const std::string_view word : text::split(words, ' ')) {
    if (!word.empty() && std::find(onto.begin(), onto.end(), word) == onto.end()) {
      onto.emplace_back(word);
    }
  }
}

/// "build"; "build-node" when there is one already.
void add_task(ProjectGuess& guess, std::string_view name, const Hint& hint, std::string_view line) {
  if (line.empty()) {
    return;
  }
  const bool is_taken = std::any_of(guess.tasks.begin(), guess.tasks.end(),
                                    [&](const auto& task) { return task.first == name; });
  guess.tasks.emplace_back(is_taken ? format("{}-{}", name, hint.language) : std::string(name),
                           line);
}

}  // namespace

ProjectGuess guess_project(const std::set<std::string>& files) {
  ProjectGuess guess;
  std::set<std::string_view> languages;
  for (const Hint& hint : kHints) {
    if (files.count(std::string(hint.file)) == 0) {
      continue;
    }
    if (!hint.language.empty() && !languages.insert(hint.language).second) {
      continue;
    }
    // A Makefile beside a package.json is a list of shortcuts more often than a program in C.
    if (hint.file.ends_with("akefile") && !guess.seen.empty()) {
      add_words(guess.tools, "make");
      continue;
    }
    if (hint.file != ".git") {
      guess.seen.emplace_back(hint.file);
    }
    add_words(guess.tools, hint.tools);
    add_words(guess.packages, hint.packages);
    add_task(guess, "setup", hint, hint.setup);
    add_task(guess, "build", hint, hint.build);
    add_task(guess, "test", hint, hint.test);
  }
  std::sort(guess.tools.begin(), guess.tools.end());
  return guess;
}

std::string project_text(const std::string& name,
                         const std::string& base,
                         const ProjectGuess& guess) {
  TomlWriter toml;
  toml.table("env");
  toml.text("base", base);
  toml.text("name", name);
  toml.table("packages");
  toml.list("tools", guess.tools);
  toml.list("install", guess.packages);
  toml.table("tasks");
  for (const auto& [task, line] : guess.tasks) {
    toml.text(task, line);
  }
  return toml.take();
}

}  // namespace devenv::profiles
