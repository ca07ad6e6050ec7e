// SPDX-License-Identifier: MIT
// Which profiles there are, and whose file wins.
#include <doctest/doctest.h>

#include <algorithm>

#include "env/sys/file.hpp"
#include "profiles/profile.hpp"

namespace devenv::profiles {
namespace {

/// A configuration directory of its own.
class CatalogFixture {
 public:
  CatalogFixture()
      : directory_(sys::TemporaryDirectory::create("/tmp", "devenv-profiles-").value()),
        catalog(directory_.path()) {}

  void write(const std::string& name, const std::string& text) {
    REQUIRE(sys::make_directories(directory_.path() + "/profiles"));
    REQUIRE(sys::write_file_atomic(path(name), text));
  }
  std::string path(const std::string& name) const {
    return directory_.path() + "/profiles/" + name;
  }

 private:
  sys::TemporaryDirectory directory_;

 public:
  Catalog catalog;
};

std::string profile_text(const std::string& name, const std::string& image) {
  return "name = \"" + name + "\"\nsummary = \"Mine\"\ndefault-release = \"1\"\n" +
         "package-manager = \"apt\"\n[[release]]\nname = \"1\"\nimage = \"" + image + "\"\n";
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

TEST_CASE_FIXTURE(CatalogFixture, "catalog: without user files there are the built-in profiles") {
  const auto names = catalog.names();
  REQUIRE(names);
  CHECK(std::is_sorted(names->begin(), names->end()));
  CHECK(contains(*names, "debian"));
  const auto profile = catalog.find("debian");
  REQUIRE(profile);
  REQUIRE(*profile);
  CHECK((*profile)->origin == "built-in");
  CHECK((*profile)->name == "debian");
}

TEST_CASE_FIXTURE(CatalogFixture, "catalog: names that cannot be profiles are none") {
  for (const char* name : {"", "nosuch", "debian:13", "../debian", "Debian", "debian.toml"}) {
    CAPTURE(name);
    const auto profile = catalog.find(name);
    REQUIRE(profile);
    CHECK_FALSE(*profile);
  }
}

TEST_CASE_FIXTURE(CatalogFixture, "catalog: a user's file replaces the built-in profile") {
  write("debian.toml", profile_text("debian", "registry.example/mine:1"));
  const auto profile = catalog.find("debian");
  REQUIRE(profile);
  REQUIRE(*profile);
  CHECK((*profile)->summary == "Mine");
  CHECK((*profile)->origin == path("debian.toml"));
  REQUIRE((*profile)->releases.size() == 1);
  CHECK((*profile)->releases[0].image == "registry.example/mine:1");
  CHECK(catalog.source("debian").value() == profile_text("debian", "registry.example/mine:1"));
}

TEST_CASE_FIXTURE(CatalogFixture, "catalog: an empty file is none, as a redirection makes it") {
  write("debian.toml", "");
  const auto source = catalog.source("debian");
  REQUIRE(source);
  CHECK_FALSE(source->empty());
  const auto profile = catalog.find("debian");
  REQUIRE(profile);
  REQUIRE(*profile);
  CHECK((*profile)->origin == "built-in");
}

TEST_CASE_FIXTURE(CatalogFixture, "catalog: names lists user files without reading them") {
  write("mine.toml", "this is not TOML at all");
  write("notes.txt", "");
  write("Not A Name.toml", "");
  write("debian.toml", "");
  const auto names = catalog.names();
  REQUIRE(names);
  CHECK(contains(*names, "mine"));
  CHECK_FALSE(contains(*names, "notes"));
  CHECK_FALSE(contains(*names, "Not A Name"));
  CHECK(std::count(names->begin(), names->end(), "debian") == 1);
}

TEST_CASE_FIXTURE(CatalogFixture, "catalog: a user's broken file is a usage error with its place") {
  write("mine.toml", profile_text("mine", "demo:1") + "imge = \"x\"\n");
  const auto profile = catalog.find("mine");
  REQUIRE_FALSE(profile);
  CHECK(profile.error().code() == ErrorCode::usage);
  CHECK(profile.error().message() == "cannot use profile 'mine'");
  REQUIRE(profile.error().cause() != nullptr);
  CHECK(profile.error().cause()->message() == path("mine.toml") + ":8:1: unknown key 'imge'");
  CHECK(profile.error().hint() == "did you mean 'image'?");
}

TEST_CASE_FIXTURE(CatalogFixture, "catalog: check takes a name or a file") {
  write("mine.toml", profile_text("mine", "demo:1") + "imge = \"x\"\n");
  CHECK(catalog.check("debian").value().empty());
  const auto by_name = catalog.check("mine");
  REQUIRE(by_name);
  REQUIRE(by_name->size() == 1);
  CHECK((*by_name)[0].to_string() == path("mine.toml") + ":8:1: unknown key 'imge'");
  const auto by_path = catalog.check(path("mine.toml"));
  REQUIRE(by_path);
  REQUIRE(by_path->size() == 1);
  CHECK((*by_path)[0].to_string() == (*by_name)[0].to_string());

  const auto missing_file = catalog.check(path("gone.toml"));
  REQUIRE_FALSE(missing_file);
  CHECK(missing_file.error().code() == ErrorCode::not_found);
}

TEST_CASE_FIXTURE(CatalogFixture, "catalog: an unknown name is not_found with a suggestion") {
  struct Case {
    const char* name;
    const char* hint;
  };
  for (const Case& each :
       {Case{"debain", "did you mean 'debian'?"}, Case{"windows", "devenv profile list"}}) {
    CAPTURE(each.name);
    const auto checked = catalog.check(each.name);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code() == ErrorCode::not_found);
    CHECK(checked.error().message() == std::string("no profile '") + each.name + "'");
    CHECK(checked.error().hint() == each.hint);
    CHECK_FALSE(catalog.source(each.name));
  }
}

}  // namespace devenv::profiles
