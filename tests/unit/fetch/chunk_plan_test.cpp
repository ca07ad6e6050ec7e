// SPDX-License-Identifier: MIT
#include "env/image/fetch/chunk_plan.hpp"

#include <doctest/doctest.h>

#include "env/base/format.hpp"
#include "env/image/codec/hash.hpp"
#include "env/image/fetch/spliced_source.hpp"
#include "env/sys/file.hpp"
#include "tests/support/memory_source.hpp"
#include "tests/support/scratch.hpp"

using namespace devenv;
using namespace devenv::image;
using namespace devenv::image::fetch;
using devenv::test::MemorySource;

namespace {

constexpr std::uint64_t kMiB = 1024U * 1024;
constexpr std::uint64_t kBlob = 20 * kMiB;

constexpr std::uint64_t kEnd = 19 * kMiB;

LargeFile file(const std::string& contents, std::uint64_t begin, std::uint64_t end) {
  return {.digest = sha256(contents),
          .size_bytes = end - begin,
          .path = contents,
          .begin = begin,
          .end = end};
}

std::string describe(const ChunkPlan& plan) {
  std::string text;
  for (const BlobPart& part : plan.parts) {
    text += part.file.empty() ? format("{}-{} ", part.begin, part.end) : part.file + " ";
  }
  return text;
}

}  // namespace

TEST_CASE("chunk plan: what is here is left out, and the table of contents") {
  const std::vector<LargeFile> files = {file("a", 100, 2 * kMiB), file("b", 3 * kMiB, 4 * kMiB),
                                        file("tiny", 5 * kMiB, 5 * kMiB + 100),
                                        file("c", 6 * kMiB, 7 * kMiB)};
  const KnownFiles known = {{sha256("a"), "/a"}, {sha256("c"), "/c"}, {sha256("tiny"), "/t"}};
  const auto plan = plan_chunks({files, kEnd}, kBlob, known);
  REQUIRE(plan);
  CHECK(describe(*plan) == format("0-100 /a {}-{} /c {}-{} ", 2 * kMiB, 6 * kMiB, 7 * kMiB, kEnd));
  CHECK(plan->fetched_bytes == 100 + 4 * kMiB + 12 * kMiB);
  CHECK(plan->name == plan_chunks({files, kEnd}, kBlob, known)->name);
  CHECK(plan->name != plan_chunks({files, kEnd}, kBlob, {{sha256("a"), "/a"}})->name);
}

TEST_CASE("chunk plan: none where too little would be saved") {
  CHECK(!plan_chunks({{file("a", 100, 400'000)}, kBlob - 100}, kBlob, {{sha256("a"), "/a"}}));
  CHECK(!plan_chunks({{}, kBlob - 100}, kBlob, {}));
}

TEST_CASE("chunk plan: fetching goes on where it was") {
  const auto plan = plan_chunks({{file("a", 100, 2 * kMiB)}, kEnd}, kBlob, {{sha256("a"), "/a"}});
  REQUIRE(plan);
  const auto asked = [&](std::uint64_t have) {
    std::string text;
    CHECK(fetch_parts(*plan, have, [&](std::uint64_t begin, std::uint64_t end) -> Result<void> {
      text += format("{}-{} ", begin, end);
      return {};
    }));
    return text;
  };
  CHECK(asked(0) == format("0-100 {}-{} ", 2 * kMiB, kEnd));
  CHECK(asked(40) == format("40-100 {}-{} ", 2 * kMiB, kEnd));
  CHECK(asked(100) == format("{}-{} ", 2 * kMiB, kEnd));
  CHECK(asked(150) == format("{}-{} ", 2 * kMiB + 50, kEnd));
  CHECK(asked(plan->fetched_bytes).empty());
}

TEST_CASE("chunk plan: a table of contents with another digest is refused") {
  const auto read = [](std::uint64_t, std::uint64_t) -> Result<std::string> {
    return std::string("something else");
  };
  Cancellation cancellation(-1);
  for (const ContentsKind kind : {ContentsKind::zstd_chunked, ContentsKind::estargz}) {
    const ContentsPlace place{.kind = kind,
                              .digest = sha256(""),
                              .offset = kEnd,
                              .size_bytes = 100,
                              .unpacked_bytes = 100};
    const auto contents = read_contents(cancellation, place, kBlob, read);
    REQUIRE(!contents);
    CHECK(contents.error().code() == ErrorCode::integrity);
  }
}

TEST_CASE("spliced source: files come between what was fetched") {
  const test::Scratch scratch;
  const std::string path = scratch.path() + "/file";
  REQUIRE(sys::write_file_atomic(path, "<of the file>"));
  const std::vector<BlobPart> parts = {{.begin = 0, .end = 3},
                                       {.begin = 3, .end = 9, .file = path, .file_bytes = 13},
                                       {.begin = 9, .end = 12}};
  const auto read = [&](const std::string& fetched) {
    MemorySource source(fetched);
    SplicedSource spliced(source, parts, 1000, {});
    return test::read_everything(spliced, 5);
  };
  CHECK(read("abcdef").value() == "abc<of the file>def");
  // Fewer bytes than there should be, of either kind.
  CHECK(!read("abcde"));
  REQUIRE(sys::write_file_atomic(path, "<of"));
  CHECK(!read("abcdef"));
  REQUIRE(sys::remove_file(path));
  CHECK(!read("abcdef"));
}
