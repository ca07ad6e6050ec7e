// SPDX-License-Identifier: MIT
#include "env/image/fetch/worker_message.hpp"

#include <doctest/doctest.h>

#include "env/image/codec/hash.hpp"

namespace devenv::image::fetch {
namespace {

LayerOutcome some_outcome() {
  LayerOutcome outcome{sha256("a"), sha256("b"), 4096, {}, "arm64"};
  outcome.unpacked.entries = 7;
  outcome.unpacked.bytes = 1ULL << 40U;
  outcome.unpacked.implicit_directories = {"usr", std::string("not\xffutf8\0x", 10), ""};
  outcome.unpacked.lower_hard_links = {{"new", "old"}, {"\n", "\xc3"}};
  outcome.unpacked.warnings = {"3 device nodes"};
  return outcome;
}

TEST_CASE("worker message: every kind comes through, in pieces of any size") {
  const std::string stream =
      encode_message(ProgressMessage{12345}) + encode_message(ActivityMessage{"installing"}) +
      encode_message(DoneMessage{{.began = 1, .current = 2, .failures = {"a: b", ""}}}) +
      encode_message(OutcomeMessage{some_outcome()}) +
      encode_message(
          FailureMessage{Error(ErrorCode::network, "inner").context("outer").with_hint("h")}) +
      encode_message(FailureMessage{Error(ErrorCode::integrity, ""), true}) +
      encode_message(TextMessage{std::string("\0\xff", 2)});
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, stream.size()}) {
    CAPTURE(piece);
    MessageReader reader;
    std::vector<Message> messages;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      reader.add(std::string_view(stream).substr(at, piece));
      for (auto message = reader.next(); message && *message; message = reader.next()) {
        messages.push_back(std::move(**message));
      }
    }
    REQUIRE(messages.size() == 7);
    CHECK(std::get<ProgressMessage>(messages[0]).done_bytes == 12345);
    CHECK(std::get<ActivityMessage>(messages[1]).text == "installing");
    const auto& standing = std::get<DoneMessage>(messages[2]).standing;
    CHECK(standing.began == 1);
    CHECK(standing.current == 2);
    CHECK(standing.failures == std::vector<std::string>{"a: b", ""});
    const LayerOutcome& outcome = std::get<OutcomeMessage>(messages[3]).outcome;
    const LayerOutcome expected = some_outcome();
    CHECK(outcome.digest == expected.digest);
    CHECK(outcome.diff_id == expected.diff_id);
    CHECK(outcome.tar_bytes == 4096);
    CHECK(outcome.architecture == "arm64");
    CHECK(outcome.unpacked.entries == 7);
    CHECK(outcome.unpacked.bytes == (1ULL << 40U));
    CHECK(outcome.unpacked.implicit_directories == expected.unpacked.implicit_directories);
    CHECK(outcome.unpacked.warnings == expected.unpacked.warnings);
    REQUIRE(outcome.unpacked.lower_hard_links.size() == 2);
    CHECK(outcome.unpacked.lower_hard_links[1].target == "\xc3");
    const Error& error = std::get<FailureMessage>(messages[4]).error;
    CHECK(error.code() == ErrorCode::network);
    CHECK(error.to_line() == "outer: inner");
    CHECK(error.hint() == "h");
    CHECK_FALSE(std::get<FailureMessage>(messages[4]).as_asked);
    CHECK(std::get<FailureMessage>(messages[5]).as_asked);
    CHECK(std::get<TextMessage>(messages[6]).text == std::string("\0\xff", 2));
  }
}

TEST_CASE("worker message: damaged streams are errors, not crashes") {
  const std::string good = encode_message(OutcomeMessage{some_outcome()});
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x55);
    MessageReader reader;
    reader.add(bad);
    (void)reader.next();  // any answer will do
  }
  MessageReader reader;
  reader.add(std::string(9, '\xff'));
  CHECK_FALSE(reader.next());
}

}  // namespace
}  // namespace devenv::image::fetch
