// SPDX-License-Identifier: MIT
#include <exception>

#include "cmd/app.hpp"
#include "env/sys/file.hpp"

int main(int argc, char** argv) {
  try {
    return devenv::cmd::run_app({argv + (argc > 0 ? 1 : 0), argv + argc});
  } catch (const std::exception& problem) {
    // Nothing of ours throws: this is memory that ran out, or a defect.
    (void)devenv::sys::write_all(2, "error: devenv had to give up: ");
    (void)devenv::sys::write_all(2, problem.what());
    (void)devenv::sys::write_all(2, "\n");
    return 125;
  }
}
