// SPDX-License-Identifier: MIT
#include "env/build/user_marks.hpp"

#include <doctest/doctest.h>

using devenv::build::carry_lines;
using devenv::build::undo_lines;

TEST_CASE("undo_lines: the user's entry goes, what a package added stays") {
  CHECK(undo_lines("root\n", "root\nme\n", "root\nme\n") == "root\n");
  CHECK(undo_lines("root\n", "root\nme\n", "root\nme\nsshd\n") == "root\nsshd\n");
  CHECK(undo_lines("root\n", "root\nme\n", "sshd\nroot\nme\n") == "sshd\nroot\n");
}

TEST_CASE("undo_lines: a line of the image that was replaced comes back") {
  CHECK(undo_lines("root\nubuntu:1000\n", "root\nme:1000\n", "root\nme:1000\nsshd\n") ==
        "root\nsshd\nubuntu:1000\n");
  // Unless it is there already.
  CHECK(undo_lines("root\nubuntu\n", "root\nme\n", "root\nubuntu\nme\n") == "root\nubuntu\n");
}

TEST_CASE("undo_lines: what the step removed stays removed") {
  CHECK(undo_lines("root\ngames\n", "root\ngames\nme\n", "root\nme\n") == "root\n");
}

TEST_CASE("undo_lines: nothing changed, nothing there") {
  CHECK(undo_lines("", "me\n", "me\n") == "");
  CHECK(undo_lines("a\n", "a\n", "a\nb\n") == "a\nb\n");
  CHECK(undo_lines("a", "a\nme\n", "a\nme\nb\n") == "a\nb\n");
}

TEST_CASE("carry_lines: additions by hand come along to the new file") {
  CHECK(carry_lines("root\n", "root\nme\nbob\n", "root\nsshd\n") == "root\nsshd\nme\nbob\n");
  // The layer has the same by now.
  CHECK(carry_lines("root\n", "root\nbob\n", "root\nbob\n") == "root\nbob\n");
  // And removals.
  CHECK(carry_lines("root\ngames\n", "root\n", "root\ngames\nsshd\n") == "root\nsshd\n");
}
