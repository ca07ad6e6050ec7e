// SPDX-License-Identifier: MIT
#include "profiles/config.hpp"

#include <doctest/doctest.h>

#include <string>

#include "env/sys/file.hpp"

namespace devenv::profiles {
namespace {

class ConfigFixture {
 public:
  ConfigFixture() : directory_(sys::TemporaryDirectory::create("/tmp", "devenv-config-").value()) {}

  Result<Config> load(const std::string& text) {
    REQUIRE(sys::write_file_atomic(directory_.path() + "/config.toml", text));
    return load_config(directory_.path());
  }
  const std::string& path() const { return directory_.path(); }

 private:
  sys::TemporaryDirectory directory_;
};

}  // namespace

TEST_CASE_FIXTURE(ConfigFixture, "config: a file that does not exist is the default") {
  const auto config = load_config(path() + "/nowhere");
  REQUIRE(config);
  CHECK_FALSE(config->storage);
}

TEST_CASE_FIXTURE(ConfigFixture, "config: reads the storage driver") {
  using sandbox::StorageDriver;
  CHECK_FALSE(load("").value().storage);
  CHECK_FALSE(load("[defaults]\n").value().storage);
  CHECK_FALSE(load("[defaults]\nstorage = \"auto\"\n").value().storage);
  CHECK(load("[defaults]\nstorage = \"overlay\"\n").value().storage == StorageDriver::overlay);
  CHECK(load("defaults.storage = \"fuse-overlayfs\"\n").value().storage ==
        StorageDriver::fuse_overlayfs);
  CHECK(load("[defaults]\nstorage = 'copy'\n").value().storage == StorageDriver::copy);
}

TEST_CASE_FIXTURE(ConfigFixture, "config: a problem is a usage error with its place") {
  struct Case {
    const char* text;
    const char* message;  ///< after the file's name
    const char* hint;
  };
  for (const Case& each : {
           Case{"[defaults]\nstorrage = \"copy\"\n", ":2:1: unknown key 'storrage'",
                "did you mean 'storage'?"},
           Case{"[default]\n", ":1:2: unknown key 'default'", "did you mean 'defaults'?"},
           Case{"[defaults]\nstorage = 1\n", ":2:11: 'storage' must be a string, not an integer",
                ""},
           Case{"defaults = \"copy\"\n", ":1:12: 'defaults' must be a table, not a string", ""},
       }) {
    CAPTURE(each.text);
    const auto config = load(each.text);
    REQUIRE_FALSE(config);
    CHECK(config.error().code() == ErrorCode::usage);
    CHECK(config.error().message() == path() + "/config.toml" + each.message);
    CHECK(config.error().hint() == each.hint);
  }
  const auto unknown = load("[defaults]\n\n  storage = \"btrfs\"\n");
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code() == ErrorCode::usage);
  CHECK(unknown.error().message().find("/config.toml:3:13: ") != std::string::npos);
}

}  // namespace devenv::profiles
