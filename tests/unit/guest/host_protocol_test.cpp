// SPDX-License-Identifier: MIT
#include "cmd/guest/host_protocol.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <string>

namespace devenv::guest {
namespace {

using namespace std::string_literals;

RequestHead head_of(const std::string& text, std::uint32_t arguments, std::uint32_t variables) {
  return {.size = static_cast<std::uint32_t>(text.size()),
          .arguments = arguments,
          .variables = variables,
          .mask = 022};
}

bool is_taken(std::string text, std::uint32_t arguments, std::uint32_t variables) {
  return parse_request(head_of(text, arguments, variables), text).has_value();
}

std::string stripped(std::string value) {
  value.resize(strip_host_root(value));
  return value;
}

}  // namespace

TEST_CASE("host request: what was meant is what is read") {
  std::string text = "/home/a b\0ls\0\0-l\xff\0TERM=xterm\0LC_ALL=\0"s;
  RequestHead head = head_of(text, 3, 2);
  head.terminal = 1;
  const auto request = parse_request(head, text);
  REQUIRE(request);
  CHECK(request->directory == "/home/a b");
  REQUIRE(request->arguments.size() == 3);
  CHECK(request->arguments[0] == "ls"s);
  CHECK(request->arguments[1] == ""s);
  CHECK(request->arguments[2] == "-l\xff"s);
  CHECK(request->arguments.data()[3] == nullptr);
  REQUIRE(request->variables.size() == 2);
  CHECK(request->variables[0] == "TERM=xterm"s);
  CHECK(request->variables[1] == "LC_ALL="s);
  CHECK(request->mask == 022);
  CHECK(request->terminal);
}

TEST_CASE("host request: the texts are exactly what the head says") {
  CHECK(is_taken("\0ls\0"s, 1, 0));
  CHECK(is_taken("/\0ls\0DISPLAY=:0\0"s, 1, 1));
  const struct {
    std::string text;
    std::uint32_t arguments;
    std::uint32_t variables;
  } refused[] = {
      {"", 1, 0},
      {"/\0"s, 0, 0},
      {"/\0ls\0"s, 0, 0},
      {"/\0ls\0"s, 2, 0},
      {"/\0ls\0"s, 0, 1},
      {"/\0ls"s, 1, 0},
      {"/\0ls\0x\0"s, 1, 0},
      {"a\0ls\0"s, 1, 0},
      {"/\0ls\0TERM\0"s, 1, 1},
      {"/\0ls\0PATH=/x\0"s, 1, 1},
      {"/\0ls\0LD_PRELOAD=/x\0"s, 1, 1},
      {"/\0ls\0"s, 0xffffffff, 1},
      {"/\0ls\0"s, 1, 0xffffffff},
      {"/\0ls\0"s, 0x80000000, 0x80000000},
  };
  for (const auto& each : refused) {
    CAPTURE(each.text);
    CHECK_FALSE(is_taken(each.text, each.arguments, each.variables));
  }
}

TEST_CASE("host request: heads that promise what cannot be") {
  const RequestHead good{.size = 10, .arguments = 1};
  CHECK(is_valid(good));
  RequestHead head = good;
  head.mark = 0;
  CHECK_FALSE(is_valid(head));
  head = good;
  head.size = kLargestRequest + 1;
  CHECK_FALSE(is_valid(head));
  head = good;
  head.mask = 01000;
  CHECK_FALSE(is_valid(head));
  head = good;
  head.terminal = 2;
  CHECK_FALSE(is_valid(head));
}

TEST_CASE("host request: variables that go along") {
  for (const char* name : {"TERM", "TERM=x", "LC_ALL=C", "LANG=", "DISPLAY=:0", "XAUTHORITY=/x"}) {
    CHECK_MESSAGE(crosses(name), name);
  }
  for (const char* name : {"", "=", "PATH=/x", "TERMX=1", "HOME=/", "LD_PRELOAD=x", "lc_all=C"}) {
    CHECK_MESSAGE(!crosses(name), name);
  }
}

TEST_CASE("host request: paths below the host's root are those of the host") {
  CHECK(stripped("/run/host/tmp/x") == "/tmp/x");
  CHECK(stripped("SSH_AUTH_SOCK=/run/host/tmp/x") == "SSH_AUTH_SOCK=/tmp/x");
  CHECK(stripped("A=unix:path=/run/host/a:/run/host/b") == "A=unix:path=/a:/b");
  CHECK(stripped("/run/host") == "/run/host");
  CHECK(stripped("/run/hostile/x") == "/run/hostile/x");
  CHECK(stripped("x/run/host/y") == "x/run/host/y");
  CHECK(path_on_host("/run/host/usr/bin") == "/usr/bin"s);
  CHECK(path_on_host("/run/host/") == "/"s);
  CHECK(path_on_host("/run/host") == "/"s);
  CHECK(path_on_host("/run/hostile") == "/run/hostile"s);
  CHECK(path_on_host("/home") == "/home"s);
  CHECK(stripped("") == "");
}

TEST_CASE("host request: signals") {
  CHECK(is_forwarded(SIGINT));
  CHECK(is_forwarded(SIGCONT));
  CHECK_FALSE(is_forwarded(0));
  CHECK_FALSE(is_forwarded(SIGKILL));
  CHECK_FALSE(is_forwarded(255));
  CHECK(calls_off(SIGTERM));
  CHECK_FALSE(calls_off(SIGWINCH));
}

}  // namespace devenv::guest
