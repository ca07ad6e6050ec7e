// SPDX-License-Identifier: MIT
// A tree of this machine through GNU tar and back: tar itself says whether it is the same.
#include <doctest/doctest.h>
#include <fcntl.h>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/image/codec/decompress.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"
#include "tests/integration/layer/fixture.hpp"
#include "tests/support/scratch.hpp"

using namespace devenv;
using namespace devenv::image;
using devenv::image::testing::run_each_way;

namespace {

class FileSource final : public ByteSource {
 public:
  explicit FileSource(int fd) : fd_(fd) {}
  Result<std::size_t> read(std::span<char> buffer) override { return sys::read_some(fd_, buffer); }

 private:
  int fd_;
};

/// One that everybody may read, with links of both kinds where there is one.
std::string some_tree() {
  for (const char* path : {"usr/share/zoneinfo", "usr/share/doc", "usr/include"}) {
    if (sys::is_directory("/" + std::string(path))) {
      return path;
    }
  }
  return "etc";
}

Result<void> compare(const std::string& archive, const std::string& directory) {
  const std::string root_path = directory + "/root";
  TRY(sys::make_directories(root_path));
  TRY_ASSIGN(const sys::UniqueFd file, sys::open_file(archive, O_RDONLY));
  TRY_ASSIGN(const sys::UniqueFd root, sys::open_file(root_path, O_RDONLY | O_DIRECTORY));
  FileSource bytes(file.get());
  TRY_ASSIGN(const auto source, decompress(bytes));
  TRY_ASSIGN(const UnpackResult result, unpack_layer(*source, root.get(), {}));
  TRY(finish_layer(root.get(), result, {}));
  TRY_ASSIGN(const sys::Captured captured,
             sys::run_captured({.argv = {"tar", "--compare", "--numeric-owner", "--xattrs", "-f",
                                         archive, "-C", root_path}}));
  if (!captured.status.success() || !captured.out.empty()) {
    return fail(ErrorCode::failed, "tar found differences: " + captured.out + captured.err);
  }
  TRY_ASSIGN(const sys::Captured listed, sys::run_captured({.argv = {"tar", "-t", "-f", archive}}));
  if (text::lines(listed.out).size() != result.entries) {
    return fail(ErrorCode::failed, format("{} entries", result.entries));
  }
  return {};
}

}  // namespace

TEST_CASE("unpack: a tree packed by GNU tar comes back the same, in each of its formats") {
  if (!sys::find_program("tar")) {
    MESSAGE("SKIP: no tar program");
    CHECK(sys::get_variable("DEVENV_TESTS_MUST_RUN").empty());
    return;
  }
  const test::Scratch scratch;
  REQUIRE(::chmod(scratch.path().c_str(), 0755) == 0);
  for (const char* tar_format : {"gnu", "pax", "ustar"}) {
    CAPTURE(tar_format);
    const std::string archive = scratch / (std::string(tar_format) + ".tar");
    const auto packed =
        sys::run_captured({.argv = {"tar", "--create", format("--format={}", tar_format), "--file",
                                    archive, "-C", "/", some_tree()}});
    REQUIRE(packed);
    REQUIRE_MESSAGE(packed->status.success(), packed->err);
    run_each_way([&](const std::string& directory) { return compare(archive, directory); });
  }
}
