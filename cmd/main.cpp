// SPDX-License-Identifier: MIT
#include <exception>

#include "cmd/app.hpp"
#include "env/sys/file.hpp"
#include "env/sys/namespaces.hpp"
#include "env/sys/process.hpp"

int main(int argc, char** argv) {
  devenv::sys::fill_standard_fds();
  // What devenv makes does not depend on the caller's umask; what is run in an environment has it.
  const unsigned umask = devenv::sys::set_umask(022);
  try {
    return devenv::cmd::run_app(umask, {argv + (argc > 0 ? 1 : 0), argv + argc});
  } catch (const std::exception& problem) {
    // Nothing of ours throws: this is memory that ran out, or a defect.
    (void)devenv::sys::write_all(2, "error: devenv had to give up: ");
    (void)devenv::sys::write_all(2, problem.what());
    (void)devenv::sys::write_all(2, "\n");
    return 125;
  }
}
