// SPDX-License-Identifier: MIT
#include "env/image/registry/credential_store.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <map>

#include "env/base/format.hpp"
#include "env/base/json.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"
#include "tests/support/scratch.hpp"

namespace devenv::image::registry {
namespace {

const Credentials kMe{.user = "me", .password = "pw"};  // bWU6cHc=

TEST_CASE("credential store: what a login may be for") {
  struct Row {
    const char* text;
    const char* name;  ///< "" for what is refused
  };
  for (const Row& row : {Row{"quay.io", "quay.io"}, Row{" quay.io\n", "quay.io"},
                         Row{"localhost:5000", "localhost:5000"}, Row{"[::1]:5000", "[::1]:5000"},
                         Row{"https://quay.io/v2/", "quay.io"}, Row{"quay.io/team", "quay.io/team"},
                         Row{"https://index.docker.io/v1/", "docker.io"},
                         Row{"docker.io/team", "docker.io/team"}, Row{"", ""}, Row{"quay", ""},
                         Row{"team/web", ""}, Row{"quay.io/team:1", ""}, Row{"quay.io/Team", ""},
                         Row{"quay.io/", "quay.io"}, Row{"quay .io", ""}, Row{"a@quay.io", ""}}) {
    CAPTURE(row.text);
    const auto name = parse_login_name(row.text);
    CHECK(name.value_or("") == row.name);
    CHECK((name || name.error().code() == ErrorCode::usage));
  }
}

TEST_CASE("credential store: an entry is put in, the rest stays in its order") {
  CHECK(with_entry("", "quay.io", kMe).value() ==
        "{\n  \"auths\": {\n    \"quay.io\": {\n      \"auth\": \"bWU6cHc=\"\n    }\n  }\n}\n");
  const auto changed = with_entry(
      R"({"z": [1, 2.5], "auths": {"https://quay.io/v1/": {"auth": "eDp5"}, "b": {}}, "a": null})",
      "quay.io", kMe);
  REQUIRE(changed);
  const auto document = json::parse(*changed);
  REQUIRE(document);
  CHECK(json::dump(*document, -1) ==
        R"({"z":[1,2.5],"auths":{"b":{},"quay.io":{"auth":"bWU6cHc="}},"a":null})");
  CHECK_FALSE(with_entry("{", "quay.io", kMe));
  CHECK_FALSE(with_entry("[]", "quay.io", kMe));
}

TEST_CASE("credential store: an entry is taken out, under every spelling of its name") {
  const auto changed = without_entry(
      R"({"auths": {"docker.io": {"auth": "eDp5"}, "https://index.docker.io/v1/": {}, "b": {}}})",
      "docker.io");
  REQUIRE(changed);
  REQUIRE(*changed);
  CHECK(json::dump(*json::parse(**changed), -1) == R"({"auths":{"b":{}}})");
  CHECK(without_entry(R"({"auths": {"b": {}}})", "b").value() == std::nullopt);
  CHECK(without_entry(R"({"auths": {"b": {"auth": "eDp5"}}})", "c").value() == std::nullopt);
  CHECK(without_entry("{}", "b").value() == std::nullopt);
}

TEST_CASE("credential store: the first file that is read is the one that is written") {
  const test::Scratch scratch;
  std::map<std::string, std::string> variables = {{"HOME", scratch.path()},
                                                  {"XDG_RUNTIME_DIR", scratch / "runtime"}};
  const auto get = [&](const char* name) { return variables[name]; };
  const auto stored = store_credentials("quay.io", kMe, get);
  REQUIRE(stored);
  const std::string file = scratch / "runtime/containers/auth.json";
  CHECK(stored->places == std::vector{file});
  CHECK((sys::stat_path(file).value()->st_mode & 07777U) == 0600U);
  CHECK(load_credentials("quay.io/x/y", get).value().credentials == kMe);
  const auto removed = remove_credentials("quay.io", get);
  REQUIRE(removed);
  CHECK(removed->places == std::vector{file});
  CHECK(remove_credentials("quay.io", get).error().code() == ErrorCode::not_found);
}

TEST_CASE("credential store: logins at the same time lose none") {
  constexpr int kLogins = 12;
  const test::Scratch scratch;
  std::map<std::string, std::string> variables = {{"HOME", scratch.path()},
                                                  {"REGISTRY_AUTH_FILE", scratch / "auth.json"}};
  const auto get = [&](const char* name) { return variables[name]; };
  std::vector<sys::Child> children;
  for (int i = 0; i < kLogins; ++i) {
    auto child = sys::fork_child(
        0, [&get, i] { return store_credentials(format("r{}.example.com", i), kMe, get) ? 0 : 1; });
    REQUIRE(child);
    children.push_back(*std::move(child));
  }
  for (sys::Child& child : children) {
    CHECK(child.wait().value().success());
  }
  for (int i = 0; i < kLogins; ++i) {
    CHECK(load_credentials(format("r{}.example.com", i), get).value().credentials == kMe);
  }
  CHECK(sys::list_directory(scratch.path()).value() == std::vector<std::string>{"auth.json"});
}

TEST_CASE("credential store: a link without a file is written through, into a directory that is") {
  const test::Scratch scratch;
  std::map<std::string, std::string> variables = {{"HOME", scratch.path()},
                                                  {"REGISTRY_AUTH_FILE", scratch / "link"}};
  const auto get = [&](const char* name) { return variables[name]; };
  REQUIRE(::symlink("kept/auth.json", (scratch / "link").c_str()) == 0);
  const auto refused = store_credentials("quay.io", kMe, get);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == ErrorCode::not_found);
  CHECK(refused.error().message().find("kept/auth.json") != std::string::npos);
  REQUIRE(sys::make_directories(scratch / "kept"));
  REQUIRE(store_credentials("quay.io", kMe, get));
  CHECK(sys::read_link(scratch / "link").value() == "kept/auth.json");
  CHECK((sys::stat_path(scratch / "kept/auth.json").value()->st_mode & 07777U) == 0600U);
  CHECK(load_credentials("quay.io", get).value().credentials == kMe);
}

}  // namespace
}  // namespace devenv::image::registry
