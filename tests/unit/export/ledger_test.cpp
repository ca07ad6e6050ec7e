// SPDX-License-Identifier: MIT
#include "env/export/ledger.hpp"

#include <doctest/doctest.h>

#include "env/sys/file.hpp"
#include "tests/support/scratch.hpp"

namespace {

using namespace devenv;
using namespace devenv::exporting;
using Paths = std::vector<std::string>;

instance::EnvironmentDirectory environment_in(const test::Scratch& scratch) {
  return {*instance::EnvironmentName::parse("box"), scratch.path()};
}

Export app(const std::string& id, std::vector<ExportedFile> files) {
  return {.kind = Kind::app,
          .id = id,
          .name = "Name of " + id,
          .source = "/usr/share/applications/" + id,
          .files = std::move(files),
          .options = {}};
}

}  // namespace

TEST_CASE("ledger: everything comes back as it was") {
  Ledger ledger;
  ledger.put(app("a.desktop", {{"/h/a.desktop", "1:2"}, {"/h/a.png", "3:4"}}));
  ledger.put({.kind = Kind::binary,
              .id = "rg",
              .source = "/usr/bin/rg",
              .files = {{"/h/rg", "5:6"}},
              .options = {.label = "",
                          .arguments = {"", "a\nb"},
                          .variables = {"A=1"},
                          .as_root = true,
                          .directory = "/opt/bin",
                          .autostart = true,
                          .bus = true},
              .automatic = true});
  ledger.put(
      {.kind = Kind::service, .id = "s.service", .source = "/s", .files = {}, .options = {}});
  ledger.put({.kind = Kind::launcher, .id = "terminal", .source = "", .files = {}, .options = {}});
  ledger.excluded = {"b.desktop"};
  ledger.unfinished = true;
  const auto read = Ledger::from_json(ledger.to_json());
  REQUIRE(read);
  CHECK(read->exports == ledger.exports);
  CHECK(read->excluded == ledger.excluded);
  CHECK(read->unfinished);
}

TEST_CASE("ledger: one of a kind and id") {
  Ledger ledger;
  ledger.put(app("a", {{"/h/1", "x"}}));
  ledger.put(app("b", {{"/h/2", "x"}, {"/h/1", "y"}}));
  ledger.put({.kind = Kind::binary, .id = "a", .source = "/a", .files = {}, .options = {}});
  ledger.put(app("a", {{"/h/3", "z"}}));
  REQUIRE(ledger.exports.size() == 3);
  CHECK(ledger.exports[0].files.front().path == "/h/3");
  CHECK(ledger.find(Kind::binary, "a")->source == "/a");
  CHECK(ledger.find(Kind::service, "a") == nullptr);
  CHECK(ledger.owns({"/h/1", "y"}));
  CHECK_FALSE(ledger.owns({"/h/1", "x"}));
  CHECK_FALSE(ledger.owns({"/h/4", "y"}));
  // What a power failure leaves.
  CHECK(ledger.owns({"/h/1", fingerprint("")}));
  CHECK_FALSE(ledger.owns({"/h/4", fingerprint("")}));
  CHECK(ledger.names("/h/1"));
  CHECK_FALSE(ledger.names("/h"));
  CHECK(paths_of(ledger) == std::set<std::string>{"/h/1", "/h/2", "/h/3"});
  ledger.remove(Kind::app, "a");
  CHECK(ledger.find(Kind::app, "a") == nullptr);
  CHECK(ledger.find(Kind::binary, "a") != nullptr);
}

TEST_CASE("ledger: a file of its own") {
  const test::Scratch scratch;
  const auto environment = environment_in(scratch);
  REQUIRE(load_ledger(environment));
  CHECK(load_ledger(environment)->exports.empty());
  Ledger ledger;
  ledger.put(app("a", {{"/h/1", "x"}}));
  REQUIRE(save_ledger(environment, ledger));
  CHECK(load_ledger(environment)->exports == ledger.exports);
}

TEST_CASE("ledger: one that cannot be read") {
  struct Case {
    const char* text;
    ErrorCode code;
    const char* says;
  };
  const std::vector<Case> cases = {
      {"", ErrorCode::integrity, "is damaged"},
      {"[]", ErrorCode::integrity, "is damaged"},
      {"{}", ErrorCode::integrity, "is damaged"},
      {R"({"version": 1})", ErrorCode::integrity, "is damaged"},
      {R"({"version": 2, "exports": []})", ErrorCode::unsupported, "cannot use"},
      {R"({"version": 1, "exports": [1]})", ErrorCode::integrity, "is damaged"},
      {R"({"version": 1, "exports": [{"kind": "x\u001b", "id": "", "source": "", "files": []}]})",
       ErrorCode::integrity, "there is no kind 'x\\x1b'"},
      {R"({"version": 1, "exports": [{"kind": "app", "id": "", "source": "", "files":
          [{"path": "../x", "fingerprint": ""}]}]})",
       ErrorCode::integrity, "'../x' is no absolute path"},
      {R"({"version": 1, "exports": [], "excluded": [1]})", ErrorCode::integrity, "is damaged"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.text);
    const test::Scratch scratch;
    REQUIRE(sys::write_file_atomic(scratch / "exports.json", each.text));
    const auto ledger = load_ledger(environment_in(scratch));
    REQUIRE_FALSE(ledger);
    CHECK(ledger.error().code() == each.code);
    CHECK(ledger.error().to_line().find(each.says) != std::string::npos);
  }
}

TEST_CASE("ledger: traces, which go with the last one") {
  const test::Scratch scratch;
  CHECK(load_traces(scratch.path()).directories.empty());
  REQUIRE(save_traces(scratch.path(), {.directories = {"/a", "/b"}, .caches = {"/c"}}));
  CHECK(load_traces(scratch.path()).directories == Paths{"/a", "/b"});
  CHECK(load_traces(scratch.path()).caches == Paths{"/c"});
  REQUIRE(sys::write_file_atomic(traces_file(scratch.path()), "{"));
  CHECK(load_traces(scratch.path()).caches.empty());
  REQUIRE(save_traces(scratch.path(), {}));
  CHECK_FALSE(sys::exists(traces_file(scratch.path())));
}

TEST_CASE("ledger: fingerprints tell size and content apart") {
  CHECK(fingerprint("") == "0:cbf29ce484222325");
  CHECK(fingerprint("a") == "1:af63dc4c8601ec8c");
  CHECK(fingerprint("ab") != fingerprint("ba"));
  CHECK(fingerprint(std::string(1, '\0')) != fingerprint(""));
}
