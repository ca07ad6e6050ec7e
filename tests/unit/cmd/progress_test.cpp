// SPDX-License-Identifier: MIT
#include "cmd/ui/progress.hpp"

#include <doctest/doctest.h>

namespace devenv::cmd {
namespace {

using namespace std::chrono_literals;

constexpr sys::TerminalSize kScreen{.columns = 80, .rows = 24};
constexpr std::uint64_t kMiB = 1024 * 1024;

TEST_CASE("progress: without a terminal there is one line per finished task") {
  Progress progress(Progress::Form::lines);
  Progress::Time now{};
  CHECK(progress.update("layer 3f2a", "pulling", 0, 4 * kMiB, false, now, kScreen) == "");
  CHECK(progress.update("layer 3f2a", "pulling", kMiB, 4 * kMiB, false, now + 1s, kScreen) == "");
  CHECK(progress.update("layer 3f2a", "pulling", 4 * kMiB, 4 * kMiB, true, now + 2s, kScreen) ==
        "pulled layer 3f2a (4.0 MiB)\n");
  CHECK(progress.above("text\n", kScreen) == "text\n");
  CHECK(progress.clear() == "");
}

TEST_CASE("progress: bars are drawn, drawn over and taken away") {
  Progress progress(Progress::Form::bars);
  const Progress::Time now{};
  CHECK(progress.update("a", "pulling", kMiB, 2 * kMiB, false, now, kScreen) ==
        "a  pulling      1.0 MiB / 2.0 MiB     [###################                   ]\n");
  CHECK(progress.update("a", "unpacking", 2 * kMiB, 2 * kMiB, false, now + 200ms, kScreen) ==
        "\x1b[1A\r\x1b[J"
        "a  unpacking    2.0 MiB / 2.0 MiB     [######################################]\n");
  CHECK(progress.clear() == "\x1b[1A\r\x1b[J");
  CHECK(progress.clear() == "");
}

TEST_CASE("progress: at most ten frames in a second") {
  Progress progress(Progress::Form::bars);
  Progress::Time now{};
  int frames = 0;
  for (int step = 0; step < 1000; ++step, now += 1ms) {
    const auto done = static_cast<std::uint64_t>(step);
    frames += progress.update("a", "pulling", done, 1000, false, now, kScreen).empty() ? 0 : 1;
  }
  CHECK(frames == 10);
}

TEST_CASE("progress: other text appears above the bars, and a finished task leaves a line") {
  Progress progress(Progress::Form::bars);
  const Progress::Time now{};
  const std::string bar = progress.update("a", "pulling", 1, 0, false, now, kScreen);
  CHECK(bar == "a  pulling      1 B                  \n");
  CHECK(progress.above("warning: x\n", kScreen) == "\x1b[1A\r\x1b[Jwarning: x\n" + bar);
  CHECK(progress.update("a", "pulling", 1, 1, true, now, kScreen) ==
        "\x1b[1A\r\x1b[Jpulled a (1 B)\n");
}

TEST_CASE("progress: no line is as wide as the terminal, and not all bars are shown") {
  Progress progress(Progress::Form::bars);
  Progress::Time now{};
  std::string frame;
  for (int task = 0; task < 30; ++task, now += 1s) {
    frame = progress.update("layer 0123456789ab " + std::to_string(task), "downloading", 1,
                            10 * kMiB, false, now, {.columns = 40, .rows = 10});
  }
  frame = frame.substr(frame.find("\x1b[J") + 3);
  std::size_t lines = 0;
  for (std::size_t start = 0; start < frame.size(); ++lines) {
    const std::size_t end = frame.find('\n', start);
    CHECK(end - start < 40);
    start = end + 1;
  }
  CHECK(lines == 9);
  CHECK(frame.ends_with("and 22 more\n"));
}

TEST_CASE("progress: names from outside do not act on the terminal") {
  Progress progress(Progress::Form::lines);
  CHECK(progress.update("x\x1b[2J", "pulling", 1, 1, true, {}, kScreen) ==
        "pulled x\\x1b[2J (1 B)\n");
}

}  // namespace
}  // namespace devenv::cmd
