// SPDX-License-Identifier: MIT
#include "cmd/complete.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

#include "env/sys/file.hpp"

namespace devenv::cmd {
namespace {

using Words = std::vector<std::string>;

class FakeSource final : public CandidateSource {
 public:
  std::vector<Candidate> environments() override {
    return {{"web", "environment"}, {"workshop", "environment"}};
  }
  std::vector<Candidate> profiles() override { return {{"fedora", "profile"}, {"web", "profile"}}; }
  std::vector<Candidate> releases(const std::string& profile) override {
    return {{profile + ":43", "image"}, {profile + ":44", "image"}};
  }
  std::vector<Candidate> images() override { return {{"localhost:5000/alpine:3", "image"}}; }
};

Words offered(const Words& words) {
  FakeSource source;
  Words texts;
  for (const Candidate& candidate : complete(words, source)) {
    texts.push_back(candidate.text);
  }
  return texts;
}

TEST_CASE("complete: what can stand in place of the last word") {
  struct Case {
    Words words;
    Words wanted;
  };
  for (const Case& each : std::vector<Case>{
           {{"ent"}, {"enter"}},
           {{"i"}, {"import", "inspect", "init", "image"}},
           {{"__"}, {}},
           {{"image", "p"}, {"pull", "push", "prune"}},
           {{"nonsense", ""}, {}},
           {{"--ver"}, {"--verbose"}},
           {{"--color", "a"}, {"auto", "always"}},
           {{"--color", "never", "image", "pul"}, {"pull"}},
           {{"stop", "w"}, {"web", "workshop"}},
           {{"stop", "web", "wo"}, {"workshop"}},
           {{"stop", "--ti"}, {"--time"}},
           {{"inspect", "web", ""}, {}},
           {{"create", "--storage", "f"}, {"fuse-overlayfs"}},
           {{"create", "--storage=c"}, {"--storage=copy"}},
           {{"create", "--profile", "fedora:4"}, {"fedora:43", "fedora:44"}},
           {{"create", "--image", "local"}, {"localhost:5000/alpine:3"}},
           {{"create", "x", "--image", "./"}, {}},
           {{"enter", ""}, {"web", "workshop", "fedora", "localhost:5000/alpine:3"}},
           {{"enter", "fedora:"}, {"fedora:43", "fedora:44"}},
           {{"enter", "web", "--de"}, {"--desktop"}},
           {{"enter", "web", "--", "w"}, {}},
           {{"enter", "web", "--", "--d"}, {}},
           {{"run", "we"}, {"web"}},
           {{"run", "--color", "never", "we"}, {"web"}},
           {{"run", "web", ""}, {}},
           {{"run", "web", "--h"}, {}},
           {{"image", "rm", "localhost:5000/"}, {"localhost:5000/alpine:3"}},
           {{"profile", "show", "f"}, {"fedora"}},
           {{"completion", ""}, {"bash", "zsh", "fish"}},
           {{"rm", "--", "w"}, {"web", "workshop"}},
           {{"help", "pro"}, {"profile"}},
       }) {
    CAPTURE(join(each.words, " "));
    CHECK(offered(each.words) == each.wanted);
  }
}

TEST_CASE("complete: the caller's own environments and profiles answer, and nothing is made") {
  const auto home = sys::TemporaryDirectory::create("/tmp", "devenv-test-");
  REQUIRE(home.has_value());
  const std::string& path = home->path();
  for (const char* name : {"HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"}) {
    REQUIRE(::setenv(name, path.c_str(), 1) == 0);
  }
  // A directory without files of its own is damaged, and still offered: it can be removed.
  REQUIRE(sys::make_directories(path + "/devenv/envs/workshop").has_value());
  auto pipe = sys::make_pipe();
  REQUIRE(pipe.has_value());
  {
    Ui ui(UiSettings{.out_fd = pipe->write_end.get()});
    Context context(ui, 022);
    CHECK(run_complete({.command = {"rm", "work"}}, context) == ExitCode::done);
    CHECK(run_complete({.command = {"enter", "debian:book"}}, context) == ExitCode::done);
    CHECK(run_complete({.command = {"image", "rm", ""}}, context) == ExitCode::done);
  }
  pipe->write_end.reset();
  const auto answer = sys::read_all(pipe->read_end.get());
  REQUIRE(answer.has_value());
  CHECK(answer->starts_with("workshop\tenvironment\ndebian:bookworm\t"));
  CHECK_FALSE(sys::exists(path + "/devenv/store"));
}

}  // namespace
}  // namespace devenv::cmd
