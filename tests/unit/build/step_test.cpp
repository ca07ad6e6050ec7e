// SPDX-License-Identifier: MIT
#include "env/build/step.hpp"

#include <doctest/doctest.h>

#include "env/base/sha256.hpp"
#include "env/sys/file.hpp"

using namespace devenv;
using namespace devenv::build;

namespace {

Digest below() {
  return sha256_of("below");
}

Step step() {
  return {.title = "one",
          .commands = {{"sh", "-c", "true"}},
          .inputs = {{"a", "/p/a", sha256_of("contents"), false}}};
}

class Project {
 public:
  Project() : directory_(*sys::TemporaryDirectory::create("/tmp", "devenv-inputs-")) {}
  const std::string& path() const { return directory_.path(); }
  void file(const std::string& name, const std::string& contents = "x") const {
    REQUIRE(sys::make_directories(sys::parent_of(path() + "/" + name)));
    REQUIRE(sys::replace_file(path() + "/" + name, contents));
  }
  std::vector<std::string> find(const std::vector<std::string>& patterns) const {
    const auto found = find_inputs(path(), patterns);
    REQUIRE(found.has_value());
    std::vector<std::string> names;
    for (const InputFile& input : found->files) {
      names.push_back(input.path);
    }
    return names;
  }

 private:
  sys::TemporaryDirectory directory_;
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("step_key: is that of what is run, on what, from what") {
  const Digest key = step_key(below(), {"PATH=/bin"}, step());
  CHECK(step_key(below(), {"PATH=/bin"}, step()) == key);
  CHECK(step_key(sha256_of("else"), {"PATH=/bin"}, step()) != key);
  CHECK(step_key(below(), {"PATH=/sbin"}, step()) != key);
  Step changed = step();
  changed.commands = {{"sh", "-c", "false"}};
  CHECK(step_key(below(), {"PATH=/bin"}, changed) != key);
  changed = step();
  changed.as_user = true;
  CHECK(step_key(below(), {"PATH=/bin"}, changed) != key);
  changed = step();
  changed.inputs[0].digest = sha256_of("other contents");
  CHECK(step_key(below(), {"PATH=/bin"}, changed) != key);
  changed = step();
  changed.inputs[0].path = "b";
  CHECK(step_key(below(), {"PATH=/bin"}, changed) != key);
  changed = step();
  changed.inputs[0].executable = true;
  CHECK(step_key(below(), {"PATH=/bin"}, changed) != key);
}

TEST_CASE("step_key: not of names, places and caches") {
  Step named = step();
  named.title = "two";
  named.cache = "apt";
  named.report = {"list"};
  named.inputs[0].source = "/elsewhere/a";
  CHECK(step_key(below(), {"PATH=/bin"}, named) == step_key(below(), {"PATH=/bin"}, step()));
}

TEST_CASE("step_key: words do not run into each other") {
  Step one = step();
  Step other = step();
  one.commands = {{"a", "b"}};
  other.commands = {{"a"}, {"b"}};
  CHECK(step_key(below(), {"PATH=/bin"}, one) != step_key(below(), {"PATH=/bin"}, other));
  other.commands = {{"ab"}};
  CHECK(step_key(below(), {"PATH=/bin"}, one) != step_key(below(), {"PATH=/bin"}, other));
  other.commands = {{"a1:b"}};
  CHECK(step_key(below(), {"PATH=/bin"}, one) != step_key(below(), {"PATH=/bin"}, other));
}

TEST_CASE("find_inputs: names, patterns, directories") {
  const Project project;
  for (const char* name : {"a.txt", "b.txt", "c.md", "src/x.c", "src/deep/y.c", "src/deep/z.h"}) {
    project.file(name);
  }
  CHECK(project.find({"a.txt"}) == Names{"a.txt"});
  CHECK(project.find({"*.txt"}) == Names{"a.txt", "b.txt"});
  CHECK(project.find({"./src//x.c", "src/x.c"}) == Names{"src/x.c"});
  CHECK(project.find({"src"}) == Names{"src/deep/y.c", "src/deep/z.h", "src/x.c"});
  CHECK(project.find({"src/*/*.h"}) == Names{"src/deep/z.h"});
  CHECK(project.find({"**/*.c"}) == Names{"src/deep/y.c", "src/x.c"});
  CHECK(project.find({"src/**"}) == Names{"src/deep/y.c", "src/deep/z.h", "src/x.c"});
  CHECK(project.find({}).empty());
}

TEST_CASE("find_inputs: what names nothing, or leads out, is an error") {
  const Project project;
  project.file("a");
  CHECK(find_inputs(project.path(), {"b"}).error().code() == ErrorCode::not_found);
  CHECK(find_inputs(project.path(), {"*.x"}).error().code() == ErrorCode::not_found);
  CHECK(find_inputs(project.path(), {"../a"}).error().code() == ErrorCode::usage);
  CHECK(find_inputs(project.path(), {"a/../../b"}).error().code() == ErrorCode::usage);
  CHECK(find_inputs(project.path(), {"/etc/passwd"}).error().code() == ErrorCode::usage);
}

TEST_CASE("find_inputs: the directories in which a new file would fit") {
  const Project project;
  project.file("src/a/one.c");
  project.file("src/b/two.h");
  project.file("named");
  CHECK(find_inputs(project.path(), {"named"})->directories.empty());
  const auto found = find_inputs(project.path(), {"src/*/*.c"});
  CHECK(found->directories ==
        Names{project.path() + "/src", project.path() + "/src/a", project.path() + "/src/b"});
}

TEST_CASE("find_inputs: the digest is that of the contents") {
  const Project project;
  project.file("a", "contents");
  CHECK(find_inputs(project.path(), {"a"})->files.front().digest == sha256_of("contents"));
}
