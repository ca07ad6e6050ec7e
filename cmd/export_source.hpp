// SPDX-License-Identifier: MIT
// What every command about exports begins with.
#pragma once

#include <functional>
#include <string>

#include "cmd/context.hpp"
#include "env/export/exporter.hpp"
#include "env/instance/environment.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::cmd {

/// Of the caller's variables.
Result<exporting::HostPlaces> host_places(Context& context);

/// An environment that runs, because its files are read.
struct ExportSource {
  instance::Environment environment;
  sys::UniqueFd root;      ///< its root directory
  sys::UniqueFd process;   ///< pidfd of what keeps it running
  std::string session_id;  ///< of this start
};

/// Does something in a process of its own and waits for it; its error comes back. Before something
/// that open_export_source() stands in the way of: it may join the environment's user namespace.
Result<void> in_child(const std::function<Result<void>()>& work);

/// Starts it if need be. With fuse-overlayfs this process joins the user namespace of the
/// environment, for good: there it can look, but not stop it or look into another one.
Result<ExportSource> open_export_source(const std::string& name, Context& context);

/// Holds the lock of exports. `source` has to outlive it.
Result<exporting::Exporter> make_exporter(const ExportSource& source, Context& context);

}  // namespace devenv::cmd
