// SPDX-License-Identifier: MIT
#include "env/image/worker_events.hpp"

#include <doctest/doctest.h>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"

using devenv::Digest;
using devenv::Error;
using devenv::ErrorCode;
using devenv::format;
using namespace devenv::image;

namespace {

/// Writes down what it is told.
class Notes final : public devenv::Reporter {
 public:
  void step(std::string_view message) override { lines.push_back(format("step {}", message)); }
  void warn(std::string_view message, std::string_view hint) override {
    lines.push_back(format("warn {} | {}", message, hint));
  }
  void progress(std::string_view id,
                std::string_view activity,
                std::uint64_t done,
                std::uint64_t total,
                bool finished) override {
    lines.push_back(format("progress {} {} {}/{} {}", id, activity, done, total, finished));
  }
  std::vector<std::string> lines;
};

/// What `write` sends, as lines.
template <typename Write>
std::vector<std::string> sent(Write write) {
  auto pipe = devenv::sys::make_pipe();
  REQUIRE(pipe);
  {
    EventWriter writer(pipe->write_end.get());
    write(writer);
    pipe->write_end.reset();
  }
  const auto text = devenv::sys::read_all(pipe->read_end.get());
  REQUIRE(text);
  std::vector<std::string> lines;
  for (const std::string_view line : devenv::text::lines(*text)) {
    lines.emplace_back(line);
  }
  return lines;
}

ImageRecord record() {
  const Digest digest = Digest::from_bytes(std::string(32, 'd'));
  return {.reference = "docker.io/library/debian:13",
          .manifest_digest = digest,
          .config_digest = digest,
          .layers = {digest},
          .architecture = "amd64",
          .environment = {},
          .size_bytes = 5,
          .created_at = "",
          .pulled_at = "2026-11-22T03:00:00Z"};
}

}  // namespace

TEST_CASE("worker events: steps, warnings and progress arrive as they were sent") {
  const auto lines = sent([](EventWriter& writer) {
    writer.step("pulling docker.io/library/debian:13");
    writer.warn("no \"zstd\"\nhere", "install it");
    writer.progress("layer 3f2a9c01b7de", "downloading", 10, 20, false);
    writer.progress("layer 3f2a9c01b7de", "done", 1ULL << 40U, 0, true);
  });
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == R"({"event":"step","message":"pulling docker.io/library/debian:13"})");
  Notes notes;
  for (const std::string& line : lines) {
    CHECK_FALSE(handle_event(line, notes));
  }
  CHECK(notes.lines ==
        std::vector<std::string>{"step pulling docker.io/library/debian:13",
                                 "warn no \"zstd\"\\x0ahere | install it",
                                 "progress layer 3f2a9c01b7de downloading 10/20 false",
                                 "progress layer 3f2a9c01b7de done 1099511627776/0 true"});
}

TEST_CASE("worker events: the result is the outcome") {
  const auto lines = sent([](EventWriter& writer) { writer.result(record()); });
  REQUIRE(lines.size() == 1);
  Notes notes;
  const auto outcome = handle_event(lines[0], notes);
  REQUIRE(outcome);
  REQUIRE(*outcome);
  CHECK(std::get<ImageRecord>(**outcome) == record());
  CHECK(notes.lines.empty());
}

TEST_CASE("worker events: the result may be a layer") {
  const Digest digest = Digest::from_bytes(std::string(32, 'd'));
  const SealedLayer layer{.diff_id = digest, .chain_id = digest, .size_bytes = 7};
  const auto lines = sent([&](EventWriter& writer) { writer.result(layer); });
  REQUIRE(lines.size() == 1);
  CHECK(lines[0] == format(R"({{"event":"result","layer":{{"diff_id":"{0}","chain_id":"{0}",)"
                           R"("size_bytes":7}}}})",
                           digest.string()));
  Notes notes;
  const auto outcome = handle_event(lines[0], notes);
  REQUIRE(outcome);
  REQUIRE(*outcome);
  CHECK(std::get<SealedLayer>(**outcome) == layer);
}

TEST_CASE("worker events: the result may be a name") {
  const FullName name{"docker.io/library/debian:13"};
  CHECK(FullName::from_json(name.to_json()) == name);
  CHECK_FALSE(FullName::from_json(devenv::Json::object()));
}

TEST_CASE("worker events: the result may be a login") {
  const LoginRecord record{.registry = "quay.io", .places = {"/a"}, .left = {"/b", "/c"}};
  const auto lines = sent([&](EventWriter& writer) { writer.result(record); });
  REQUIRE(lines.size() == 1);
  Notes notes;
  const auto outcome = handle_event(lines[0], notes);
  REQUIRE(outcome);
  REQUIRE(*outcome);
  CHECK(std::get<LoginRecord>(**outcome) == record);
}

TEST_CASE("worker events: an error arrives with causes, code and hint") {
  const Error error = Error(ErrorCode::network, "timed out")
                          .with_hint("try again")
                          .context("cannot reach registry")
                          .context("cannot pull 'x'");
  const auto lines = sent([&](EventWriter& writer) { writer.error(error); });
  REQUIRE(lines.size() == 1);
  CHECK(lines[0] == R"({"event":"error","error":{"code":"network","message":"cannot pull 'x'",)"
                    R"("causes":["cannot reach registry","timed out"],"hint":"try again"}})");
  Notes notes;
  const auto outcome = handle_event(lines[0], notes);
  REQUIRE(outcome);
  REQUIRE_FALSE(*outcome);
  const Error& arrived = outcome->error();
  CHECK(arrived.to_line() == error.to_line());
  CHECK(arrived.code() == ErrorCode::network);
  CHECK(arrived.hint() == "try again");
  CHECK(devenv::image::error_to_json(arrived) == devenv::image::error_to_json(error));
}

TEST_CASE("worker events: a line that is no event is an integrity error") {
  Notes notes;
  for (
      const char* line :
      {"", "x", "{}", "[]", R"({"event":"unknown"})", R"({"event":7})", R"({"event":"step"})",
       R"({"event":"warning"})", R"({"event":"result"})", R"({"event":"result","image":{}})",
       R"({"event":"result","layer":{}})", R"({"event":"result","layer":7})",
       R"({"event":"error"})", R"({"event":"error","error":"x"})",
       R"({"event":"progress","id":"a","activity":"b","done_bytes":-1,"total_bytes":0,"finished":false})",
       R"({"event":"progress","id":"a","activity":"b","done_bytes":1,"total_bytes":0})",
       R"({"event":"step","event":"step","message":"x"})"}) {
    CAPTURE(line);
    const auto outcome = handle_event(line, notes);
    REQUIRE(outcome);
    REQUIRE_FALSE(*outcome);
    CHECK(outcome->error().code() == ErrorCode::integrity);
    CHECK(outcome->error().message() == "devenv-image sent a line that is no event");
  }
  CHECK(notes.lines.empty());
}

TEST_CASE("worker events: what the sender passes on cannot reach the terminal raw") {
  Notes notes;
  (void)handle_event(R"({"event":"step","message":"\u001b[2J"})", notes);
  (void)handle_event(R"({"event":"warning","message":"\u009b","hint":"\u0007"})", notes);
  CHECK(notes.lines == std::vector<std::string>{"step \\x1b[2J", "warn \\xc2\\x9b | \\x07"});
  const Error error = error_from_json(
      {{"code", "nonsense"}, {"message", "\x1b"}, {"causes", {"\x07", "b"}}, {"hint", "\r"}});
  CHECK(error.code() == ErrorCode::failed);
  CHECK(error.to_line() == "\\x1b: \\x07: b");
  CHECK(error.hint() == "\\x0d");
  // However long the chain, it stays one that can be shown.
  const Error long_chain =
      error_from_json({{"message", "m"}, {"causes", std::vector<std::string>(1000, "c")}});
  CHECK(long_chain.to_line().size() == 1 + 32 * 3);
}
