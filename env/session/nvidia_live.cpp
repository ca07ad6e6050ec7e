// SPDX-License-Identifier: MIT
#include "env/session/nvidia_live.hpp"

#include <fcntl.h>

#include <algorithm>

#include "env/base/log.hpp"
#include "env/session/nvidia.hpp"
#include "env/session/plan.hpp"
#include "env/session/running_internal.hpp"
#include "env/sys/file.hpp"
#include "env/sys/file_lock.hpp"
#include "env/sys/namespaces.hpp"
#include "env/sys/tree.hpp"

namespace devenv::session {
namespace {

/// Made aside and exchanged as a whole: programs that start meanwhile find the old or the new.
constexpr const char* kAside = "nvidia.new";

/// Within the environment's namespaces, as root.
Result<void> replace_directory(const host::NvidiaFacts& facts) {
  sys::set_umask(0);
  // Only /run is ours: a root of "/" would let links of the image lead elsewhere.
  TRY_ASSIGN(const sys::UniqueFd run, sys::open_file("/run", O_PATH | O_DIRECTORY));
  const std::string ours = std::string(kOursInside) + "/";
  TRY(sys::remove_tree(ours + kAside));
  TRY_ASSIGN(auto opened, sandbox::open_sources(plan_nvidia(facts, {"", kAside})));
  TRY(sandbox::apply(std::move(opened), run.get()));
  TRY(sys::make_directories(ours + kAside));
  TRY(sys::make_directories(kNvidiaInside));
  TRY(sys::exchange_paths(ours + kAside, kNvidiaInside));
  TRY(sys::remove_tree(ours + kAside));
  update_library_cache(driver_libraries(facts));
  return {};
}

Result<void> replace_in(const Running& running, const host::NvidiaFacts& facts) {
  TRY_ASSIGN(sys::Child child, sys::fork_child(0, [&]() -> int {
               auto done =
                   sys::join_namespaces(running.process.get(), running.record.namespace_flags());
               if (done) {
                 done = sys::become(0, 0);
               }
               if (done) {
                 done = replace_directory(facts);
               }
               if (!done) {
                 LOG_WARN("cannot follow the host's driver: {}", done.error().to_line());
               }
               return done ? 0 : 1;
             }));
  TRY_ASSIGN(const sys::ExitStatus status, child.wait());
  return status.success() ? Result<void>()
                          : fail(ErrorCode::failed, "the directory could not be made");
}

/// A driver that is gone for the moment of an update comes back where it was.
host::NvidiaFacts probe_again(const std::vector<std::string>& watched) {
  host::NvidiaFacts facts = host::probe_nvidia();
  for (const std::string& path : watched) {
    if (std::find(facts.watched.begin(), facts.watched.end(), path) == facts.watched.end()) {
      facts.watched.push_back(path);
    }
  }
  facts.stamp = host::nvidia_stamp(facts.watched);
  return facts;
}

Result<void> refresh(const instance::EnvironmentDirectory& environment, Running& running) {
  // As a start does: nobody else changes running.json meanwhile.
  TRY_ASSIGN(const sys::FileLock lock,
             sys::FileLock::acquire(environment.start_lock_file(), sys::LockMode::exclusive));
  TRY_ASSIGN(auto record, read_record(environment));
  if (!record || record->session_id != running.record.session_id) {
    return {};  // it was stopped; joining it says so
  }
  if (record->driver.stamp != host::nvidia_stamp(record->driver.watched)) {
    const host::NvidiaFacts facts = probe_again(record->driver.watched);
    TRY(replace_in(running, facts));
    record->driver = driver_record(facts);
    TRY(sys::write_file_atomic(environment.running_file(), json::dump(record->to_json()) + "\n",
                               0600));
  }
  running.record.driver = std::move(record->driver);
  return {};
}

}  // namespace

void refresh_driver(const instance::EnvironmentDirectory& environment, Running& running) {
  const DriverRecord& driver = running.record.driver;
  if (driver.watched.empty() || host::nvidia_stamp(driver.watched) == driver.stamp) {
    return;
  }
  if (const auto done = refresh(environment, running); !done) {
    LOG_WARN("NVIDIA's libraries are those of an earlier driver: {}", done.error().to_line());
  }
}

}  // namespace devenv::session
