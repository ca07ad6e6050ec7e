// SPDX-License-Identifier: MIT
#include "profiles/project.hpp"

#include <doctest/doctest.h>

#include "env/base/format.hpp"
#include "env/sys/file.hpp"
#include "profiles/project_merge.hpp"
#include "profiles/schema.hpp"
#include "tests/support/scratch.hpp"

namespace devenv::profiles {
namespace {

using Texts = std::vector<std::string>;

class Directory {
 public:
  Directory& file(const std::string& name, std::string_view contents) {
    REQUIRE(sys::make_directories(sys::parent_of(scratch_ / name)));
    REQUIRE(sys::write_file_atomic(scratch_ / name, contents));
    return *this;
  }
  std::string path() const { return *sys::canonical_path(scratch_.path()); }
  std::string operator/(const std::string& name) const { return path() + "/" + name; }

  Project load(const std::string& variant = "") const {
    LoadedProject loaded = load_project(path(), variant);
    CAPTURE(loaded.diagnostics.empty() ? "" : loaded.diagnostics.front().to_string());
    REQUIRE(loaded.project);
    return *std::move(loaded.project);
  }
  /// "devenv.toml:1:2: message" of each.
  Texts problems(const std::string& variant = "") const {
    Texts lines;
    const LoadedProject loaded = load_project(path(), variant);
    CHECK(loaded.project.has_value() == loaded.diagnostics.empty());
    for (const Diagnostic& diagnostic : loaded.diagnostics) {
      std::string line = diagnostic.to_string();
      for (std::size_t at = line.find(path() + "/"); at != std::string::npos;
           at = line.find(path() + "/")) {
        line.erase(at, path().size() + 1);
      }
      lines.push_back(line + (diagnostic.hint.empty() ? "" : " [" + diagnostic.hint + "]"));
    }
    return lines;
  }

 private:
  devenv::test::Scratch scratch_;
};

}  // namespace

TEST_CASE("project: everything that can be said") {
  Directory directory;
  directory.file("devenv.toml", R"(
schema = 1
[env]
base = "debian:trixie"
name = "web"
share = ["home"]
no-share = ["network"]
host-commands = "ask"
storage = "overlay"
mounts = ["data:/data", "/srv:/srv:ro"]
workdir = "src"
shell = "/bin/zsh"
path = ["bin"]
dotenv = ".env"
[packages]
install = ["git", "cmake"]
apt = ["libssl-dev"]
tools = ["compiler"]
repositories = ["deb http://example.org stable main"]
keys = ["keys/a.asc", "https://example.org/b.gpg"]
snapshot = "2026-11-22"
[[setup]]
run = "make deps"
inputs = ["Makefile", "deps/*"]
[[setup]]
name = "tools"
run = ["pip", "install", "-r", "requirements.txt"]
user = true
[environment]
EDITOR = "vim"
[hooks]
enter = "echo hello"
leave = ["true"]
[exports]
auto = true
bins = ["rg"]
[limits]
memory = "4G"
cpus = 2
processes = 100
[tasks]
build = "cmake --build build"
[tasks.test]
run = ["ctest", "--test-dir", "build"]
description = "all tests"
depends = ["build"]
workdir = "build"
[services.db]
run = "postgres -D data"
)");
  const Project project = directory.load();
  CHECK(project.directory == directory.path());
  CHECK(project.name == "web");
  CHECK(project.base == "debian:trixie");
  CHECK(project.shares.on == Texts{"home"});
  CHECK(project.shares.off == Texts{"network"});
  CHECK(project.host_commands == instance::HostCommands::ask);
  CHECK(project.storage == "overlay");
  CHECK(project.mounts == Texts{"data:/data", "/srv:/srv:ro"});
  CHECK(project.workdir == "src");
  CHECK(project.shell == "/bin/zsh");
  CHECK(project.path == Texts{"bin"});
  CHECK(project.dotenv == Texts{".env"});
  CHECK(project.packages.at("") == Texts{"git", "cmake"});
  CHECK(project.packages.at("apt") == Texts{"libssl-dev"});
  CHECK(project.packages.size() == 2);
  CHECK(project.tools == Texts{"compiler"});
  CHECK(project.repositories == Texts{"deb http://example.org stable main"});
  CHECK(project.keys == Texts{"keys/a.asc", "https://example.org/b.gpg"});
  CHECK(project.snapshot == "2026-11-22");
  REQUIRE(project.setup.size() == 2);
  CHECK(project.setup[0].name == "make deps");
  CHECK(project.setup[0].run == Texts{"sh", "-c", "make deps"});
  CHECK_FALSE(project.setup[0].as_user);
  CHECK(project.setup[0].inputs == Texts{"Makefile", "deps/*"});
  CHECK(project.setup[1].name == "tools");
  CHECK(project.setup[1].run == Texts{"pip", "install", "-r", "requirements.txt"});
  CHECK(project.setup[1].as_user);
  CHECK(project.variables.at("EDITOR") == "vim");
  CHECK(project.hooks.at("enter") == Texts{"sh", "-c", "echo hello"});
  CHECK(project.hooks.at("leave") == Texts{"true"});
  CHECK(project.exports.automatic);
  CHECK(project.exports.binaries == Texts{"rg"});
  CHECK(project.limits.memory == 4ULL * 1024 * 1024 * 1024);
  CHECK(project.limits.cpus == 2U);
  CHECK(project.limits.processes == 100U);
  REQUIRE(project.tasks.size() == 2);
  CHECK(project.tasks[0].name == "build");
  CHECK(project.tasks[0].run == Texts{"sh", "-c", "cmake --build build"});
  CHECK(project.tasks[1].description == "all tests");
  CHECK(project.tasks[1].depends == Texts{"build"});
  CHECK(project.tasks[1].workdir == "build");
  CHECK(project.services.at(0).name == "db");
}

TEST_CASE("project: an empty file says nothing") {
  Directory directory;
  directory.file("devenv.toml", "");
  const Project project = directory.load();
  CHECK(project.base.empty());
  CHECK(project.tasks.empty());
}

TEST_CASE("project: what is wrong, and where") {
  struct Case {
    const char* text;
    Texts expected;
  };
  for (const auto& [text, expected] : std::initializer_list<Case>{
           {"[env]\nbase = 3\n", {"devenv.toml:2:8: 'base' must be a string, not an integer"}},
           {"[envv]\n", {"devenv.toml:1:2: unknown key 'envv' [did you mean 'env'?]"}},
           {"schema = 2\n",
            {"devenv.toml:1:10: this is format 2, and this devenv reads format 1 [a newer devenv "
             "reads it]"}},
           {"[environment]\n\"A B\" = \"x\"\n",
            {"devenv.toml:2:1: bad name of a variable 'A B' [use letters, digits and '_', with no "
             "digit first]"}},
           {"[environment]\nA = 1\n", {"devenv.toml:2:5: 'A' must be a string, not an integer"}},
           {"[tasks.a]\ndescription = \"x\"\n",
            {"devenv.toml:1:1: missing key 'run' [run: a line for sh, or a program with its "
             "arguments]"}},
           {"[[setup]]\nrun = []\n", {"devenv.toml:2:7: 'run' is empty"}},
           {"[tasks]\na = 1\n", {"devenv.toml:2:5: 'a' must be a table, not an integer"}},
           {"[packages]\ninstall = [\"--purge\"]\n",
            {"devenv.toml:2:12: bad name of a package '--purge'"}},
           {"[env]\nmounts = [\"a:b\"]\n",
            {"devenv.toml:2:11: bad mount 'a:b' [HOST:INSIDE or HOST:INSIDE:ro, with an absolute "
             "path INSIDE]"}},
           {"[packages]\ntools = [\"gti\"]\nkeys = [\"../x\", \"http://x/y\"]\n",
            {"devenv.toml:2:10: unknown tool 'gti' [did you mean 'git'?]",
             "devenv.toml:3:9: bad key '../x' [a file below the project, or a URL with https]",
             "devenv.toml:3:17: bad key 'http://x/y' [a file below the project, or a URL with "
             "https]"}},
           {"[limits]\nmemory = \"4X\"\n",
            {"devenv.toml:2:10: bad size '4X' [a number of bytes, with K, M, G or T, from 1M on: "
             "4G]"}},
           {"[limits]\ncpus = 0\nprocesses = -1\n",
            {"devenv.toml:2:8: 'cpus' must be 1 or more",
             "devenv.toml:3:13: 'processes' must be 1 or more"}},
           {"[env]\nshell = \"fish -l\"\n",
            {"devenv.toml:2:9: bad shell 'fish -l' [the name of a program, or its path inside: "
             "fish]"}},
           {"[[setup]]\nrun = \" \"\n", {"devenv.toml:2:7: 'run' is empty"}},
           {"[profiles.ci.env]\nbase = 1\n",
            {"devenv.toml:2:8: 'base' must be a string, not an integer"}},
           {"extends = \"none.toml\"\n", {"devenv.toml:1:11: 'none.toml' does not exist"}},
       }) {
    CAPTURE(text);
    Directory directory;
    directory.file("devenv.toml", text);
    const Texts found = directory.problems();
    if (std::string_view(text).starts_with("extends")) {
      CHECK(found.size() == 1);
      continue;
    }
    CHECK_EQ(join(found, "; "), join(expected, "; "));
  }
}

TEST_CASE("project: what it extends, its variant and the local file are merged in that order") {
  Directory directory;
  directory
      .file("base/common.toml",
            "[env]\nbase = \"debian\"\nshell = \"/bin/sh\"\n[packages]\ninstall = [\"git\"]\n"
            "[environment]\nA = \"base\"\nB = \"base\"\n[hooks]\nenter = [\"base\"]\n"
            "[tasks.test]\nrun = \"old\"\ndescription = \"kept\"\n")
      .file("devenv.toml",
            "extends = [\"base/common.toml\"]\n[env]\nbase = \"fedora\"\n[packages]\n"
            "install = [\"cmake\"]\n[environment]\nB = \"file\"\nC = \"file\"\n"
            "[hooks]\nenter = [\"file\", \"x\"]\n[tasks.test]\nrun = \"new\"\n"
            "[profiles.ci.environment]\nC = \"ci\"\nD = \"ci\"\n"
            "[profiles.ci.packages]\ninstall = [\"gdb\"]\n")
      .file("devenv.local.toml", "[environment]\nD = \"local\"\n");
  const Project plain = directory.load();
  CHECK(plain.base == "fedora");
  CHECK(plain.shell == "/bin/sh");
  CHECK(plain.packages.at("") == Texts{"git", "cmake"});
  CHECK(plain.variables == std::map<std::string, std::string>{
                               {"A", "base"}, {"B", "file"}, {"C", "file"}, {"D", "local"}});
  CHECK(plain.hooks.at("enter") == Texts{"file", "x"});
  CHECK(plain.tasks.at(0).run == Texts{"sh", "-c", "new"});
  CHECK(plain.tasks.at(0).description == "kept");
  const Project ci = directory.load("ci");
  CHECK(ci.packages.at("") == Texts{"git", "cmake", "gdb"});
  CHECK(ci.variables.at("C") == "ci");
  CHECK(ci.variables.at("D") == "local");
  CHECK(directory.problems("none") ==
        Texts{"devenv.toml:1:1: there is no variant 'none' [add [profiles.none]]"});
  const LoadedProject loaded = load_project(directory.path(), "");
  Texts files;
  for (const ProjectSource& source : loaded.sources) {
    files.push_back(source.path);
  }
  CHECK(files == Texts{directory / "devenv.toml", directory / "base/common.toml",
                       directory / "devenv.local.toml"});
}

TEST_CASE("project: files that extend each other") {
  Directory directory;
  directory.file("devenv.toml", "extends = \"other.toml\"\n")
      .file("other.toml", "extends = \"devenv.toml\"\n");
  CHECK(directory.problems().size() == 1);
}

TEST_CASE("project: found from below") {
  Directory directory;
  directory.file("devenv.toml", "").file("src/deep/x", "").file("dir/devenv.toml/x", "");
  CHECK(find_project(directory / "src/deep") == directory.path());
  CHECK(find_project(directory.path()) == directory.path());
  CHECK(find_project(directory / "dir") == directory.path());
}

TEST_CASE("project: sizes of memory") {
  CHECK(parse_memory("1048576") == 1048576U);
  CHECK(parse_memory("2048K") == 2097152U);
  CHECK(parse_memory("1T") == 1ULL << 40);
  for (const char* text :
       {"", "0", "1", "1023K", "G", "4g", "-1", "1.5G", "99999999999999999999", "99999999T"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_memory(text));
  }
}

TEST_CASE("project: the schema for editors says what the check says") {
  const Json schema = schema_json(project_schema(), "devenv.toml");
  CHECK(schema["properties"]["env"]["properties"]["base"]["type"] == "string");
  CHECK(schema["properties"]["environment"]["additionalProperties"]["type"] == "string");
  CHECK(schema["properties"]["tasks"]["additionalProperties"]["anyOf"].size() == 2);
  CHECK_FALSE(
      schema["properties"]["profiles"]["additionalProperties"]["properties"].contains("profiles"));
  for (const SchemaKey& row : project_schema()) {
    if (row.table.empty()) {
      CAPTURE(row.name);
      CHECK(schema["properties"].contains(std::string(row.name)));
    }
  }
}

}  // namespace devenv::profiles
