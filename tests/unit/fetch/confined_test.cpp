// SPDX-License-Identifier: MIT
#include "env/image/fetch/confined.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>

#include "env/sys/file.hpp"
#include "tests/support/scratch.hpp"

using namespace devenv;
using namespace devenv::image::fetch;

TEST_CASE("confined: what the work returns comes back, of any length") {
  Cancellation cancellation(-1);
  for (const std::size_t length : {std::size_t{0}, std::size_t{10}, std::size_t{3'000'000}}) {
    const std::string text(length, '\xff');
    const auto back = run_confined(cancellation, {}, [&]() -> Result<std::string> { return text; });
    REQUIRE(back);
    CHECK(*back == text);
  }
  const auto failed = run_confined(cancellation, {}, []() -> Result<std::string> {
    return fail(Error(ErrorCode::integrity, "inner").with_hint("do that"));
  });
  REQUIRE(!failed);
  CHECK(failed.error().code() == ErrorCode::integrity);
  CHECK(failed.error().hint() == "do that");
}

TEST_CASE("confined: a reader dies of what it reads, or is killed") {
  Cancellation cancellation(-1);
  const auto die_of = [&](int signal) {
    const auto died = run_confined(cancellation, {}, [&]() -> Result<std::string> {
      ::signal(signal, SIG_DFL);
      ::raise(signal);
      return "";
    });
    REQUIRE(!died);
    return died.error();
  };
  CHECK(die_of(SIGSEGV).code() == ErrorCode::integrity);
  CHECK(die_of(SIGSYS).code() == ErrorCode::integrity);
  const Error killed = die_of(SIGKILL);
  CHECK(killed.code() == ErrorCode::failed);
  CHECK(killed.hint().find("out of memory") != std::string::npos);
}

TEST_CASE("confined: nothing is to be had but what was kept") {
  const test::Scratch scratch;
  const std::string path = scratch / "file";
  REQUIRE(sys::write_file_atomic(path, "contents"));
  const auto kept = sys::open_file(path, O_RDONLY);
  const auto other = sys::open_file(path, O_RDONLY);
  REQUIRE(kept);
  REQUIRE(other);
  Cancellation cancellation(-1);
  const auto found = run_confined(cancellation, {kept->get()}, [&]() -> Result<std::string> {
    std::string text;
    text += sys::read_all(kept->get()).value_or("nothing");
    text += sys::read_all(other->get()) ? " other" : "";
    text += ::open(path.c_str(), O_RDONLY) != -1 ? " opened" : "";
    text += ::open((path + ".new").c_str(), O_WRONLY | O_CREAT, 0600) != -1 ? " made" : "";
    text += ::socket(AF_INET, SOCK_STREAM, 0) != -1 ? " socket" : "";
    return text;
  });
  REQUIRE(found);
  CHECK(found->starts_with("contents"));
  CHECK(found->find("other") == std::string::npos);
  CHECK(found->find("socket") == std::string::npos);
  constexpr unsigned kAskVersion = 1;
  if (::syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskVersion) > 1) {
    CHECK(*found == "contents");
  }
}
