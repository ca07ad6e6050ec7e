// SPDX-License-Identifier: MIT
#include "profiles/guess.hpp"

#include <doctest/doctest.h>

#include "env/base/format.hpp"
#include "profiles/project.hpp"

namespace devenv::profiles {
namespace {

/// "tools; packages; task=line; ..."
std::string guessed(const std::set<std::string>& files) {
  const ProjectGuess guess = guess_project(files);
  CHECK(check_project(project_text("", "debian", guess), "x").empty());
  std::string text = join(guess.tools, " ") + "; " + join(guess.packages, " ");
  for (const auto& [name, line] : guess.tasks) {
    text += format("; {}={}", name, line);
  }
  return text;
}

}  // namespace

TEST_CASE("guess: what the files of a project want") {
  CHECK_EQ(guessed({}), "; ");
  CHECK_EQ(guessed({"README.md", ".git"}), "git; ");
  CHECK_EQ(guessed({"Cargo.toml", ".git"}),
           "compiler git rust; ; build=cargo build; test=cargo test");
  CHECK_EQ(guessed({"go.mod", "Makefile"}), "go make; ; build=go build ./...; test=go test ./...");
  CHECK_EQ(guessed({"CMakeLists.txt", "Makefile"}),
           "cmake compiler ninja; ; build=cmake -S . -B build -G Ninja && cmake --build build; "
           "test=ctest --test-dir build --output-on-failure");
  CHECK_EQ(guessed({"Makefile"}), "compiler make; ; build=make; test=make test");
  CHECK_EQ(guessed({"pom.xml", "mvnw"}), "java; ; build=./mvnw package; test=./mvnw test");
  CHECK_EQ(guessed({"pom.xml"}), "java; maven; build=mvn package; test=mvn test");
  // Two languages: the tasks of the second one say so.
  CHECK_EQ(guessed({"requirements.txt", "package.json"}),
           "node python; ; setup=npm install; build=npm run build --if-present; test=npm test; "
           "setup-python=python3 -m venv .venv && .venv/bin/pip install -r requirements.txt; "
           "test-python=.venv/bin/python -m unittest");
}

TEST_CASE("guess: the file that is written") {
  ProjectGuess guess = guess_project({"go.mod"});
  guess.packages.push_back("ripgrep");
  CHECK_EQ(project_text("web", "alpine:3.24", guess), R"([env]
base = "alpine:3.24"
name = "web"

[packages]
tools = ["go"]
install = ["ripgrep"]

[tasks]
build = "go build ./..."
test = "go test ./..."
)");
}

}  // namespace devenv::profiles
