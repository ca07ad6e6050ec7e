// SPDX-License-Identifier: MIT
#include "env/instance/login.hpp"

#include "env/instance/worker.hpp"

namespace devenv::instance {

Result<image::LoginRecord> log_in(const Workspace& workspace,
                                  const std::string& registry,
                                  const std::string& user,
                                  const std::string& password,
                                  Reporter& reporter) {
  return run_worker<image::LoginRecord>(workspace, {"login", "--user", user, "--", registry},
                                        reporter, {.text = password});
}

Result<image::LoginRecord> log_out(const Workspace& workspace,
                                   const std::string& registry,
                                   Reporter& reporter) {
  return run_worker<image::LoginRecord>(workspace, {"logout", "--", registry}, reporter);
}

}  // namespace devenv::instance
