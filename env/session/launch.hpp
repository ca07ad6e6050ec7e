// SPDX-License-Identifier: MIT
// The processes of a start: who makes the holder, who waits for whom.
//   devenv            the caller; waits
//    └ starter        a session of its own, so that Ctrl-C cannot stop it half-way
//       ├ holder      in the namespaces; prepares the root, then becomes `devenv-guest hold`
//       └ broker      on the host; ends with the holder
// The starter ends when the holder stands; the holder goes on only when running.json is published.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "env/session/host_commands.hpp"
#include "env/session/session.hpp"
#include "env/sys/file_lock.hpp"

namespace devenv::session {

/// What a holder is made from; everything is looked up before the first fork.
struct Launch {
  const instance::EnvironmentDirectory& environment;
  /// The environment's lock. A holder that takes over goes without when the file system server
  /// has it.
  const std::optional<sys::FileLock>& lock;
  sys::UniqueFd guest;   ///< devenv-guest, open: the new root does not have to contain it
  RunningRecord record;  ///< what is known beforehand
  HostDoor door;
};

/// What the holder tells the starter once its root stands.
struct Prepared {
  pid_t server_pid = -1;
  std::string shell;
};

/// Makes the holder process, which runs the function it gets: in new namespaces, or in those of a
/// process that lives.
using SpawnHolder = std::function<Result<sys::Child>(std::function<int()>)>;

/// Runs `work` in a starter process, whose children are nobody's when it ends, and brings its error
/// back.
Result<void> in_starter(const std::function<Result<void>()>& work);

/// Makes a holder that runs `prepare` in its namespaces, and publishes running.json. When this
/// returns without an error the environment runs.
Result<void> launch(Launch launch,
                    const SpawnHolder& spawn,
                    const std::function<Result<Prepared>()>& prepare);

}  // namespace devenv::session
