// SPDX-License-Identifier: MIT
#include "env/sandbox/user_namespace.hpp"

#include <sched.h>

#include "env/base/format.hpp"
#include "env/sandbox/map_writer.hpp"
#include "env/sys/file.hpp"
#include "env/sys/mounts.hpp"
#include "env/sys/namespaces.hpp"

namespace devenv::sandbox {
namespace {

constexpr std::size_t kErrorLimit = 1024U * 1024;
constexpr int kSetUpFailed = 125;

/// Runs a body in a child: an exception must not unwind into the copy of the parent's frames.
int run_body(const std::function<int()>& body) noexcept {
  return body();
}

/// Reads what a child says about its set-up: nothing when all went well.
Result<void> read_report(int pipe) {
  TRY_ASSIGN(const std::string report, sys::read_all(pipe, kErrorLimit));
  if (!report.empty()) {
    return fail(decode_error(report));
  }
  return {};
}

void send_error(int pipe, const Error& error) {
  (void)sys::write_all(pipe, encode_error(error));
}

Result<void> become_namespace_root() {
  if (auto changed = sys::become(0, 0); !changed) {
    return fail(
        explain_denied(changed.error().context("cannot become root of the user namespace")));
  }
  // become() hid this process from others of the user; /proc/self must stay ours as well.
  sys::make_dumpable();
  return {};
}

/// What the child needs until its maps are written.
struct Gate {
  sys::Pipe report;  ///< child -> parent: an Error, or nothing
  sys::Pipe go;      ///< parent -> child: one byte when the maps are there
};

/// In the child. Mount propagation needs no map, so it is changed while the helpers run.
int pass_gate(Gate& gate, MountNamespace mounts, const std::function<int()>& body) {
  gate.report.read_end.reset();
  gate.go.write_end.reset();
  if (mounts == MountNamespace::own) {
    // Nothing that is mounted here must get out; what the host mounts later must come in.
    if (auto changed = sys::set_propagation("/", sys::Propagation::slave, sys::Recursion::yes);
        !changed) {
      send_error(gate.report.write_end.get(), explain_denied(changed.error()));
      return kSetUpFailed;
    }
  }
  gate.report.write_end.reset();
  char byte = 0;
  const auto count = sys::read_some(gate.go.read_end.get(), {&byte, 1});
  if (!count || *count != 1) {
    return kSetUpFailed;  // the parent failed or died
  }
  gate.go.read_end.reset();
  return run_body(body);
}

}  // namespace

Result<sys::Child> spawn_in_user_namespace(const IdMap& map,
                                           MountNamespace mounts,
                                           std::function<int()> body) {
  Gate gate;
  TRY_ASSIGN(gate.report, sys::make_pipe());
  TRY_ASSIGN(gate.go, sys::make_pipe());
  // The files in /proc/PID belong to root while a process is not dumpable, and newuidmap refuses
  // it.
  sys::make_dumpable();
  const auto flags = static_cast<std::uint64_t>(CLONE_NEWUSER) |
                     (mounts == MountNamespace::own ? std::uint64_t{CLONE_NEWNS} : 0U);
  auto child =
      sys::fork_child(flags, [&gate, mounts, &body] { return pass_gate(gate, mounts, body); });
  if (!child) {
    return fail(explain_no_user_namespace(child.error()));
  }
  gate.report.write_end.reset();
  // Our copy of go's reading end stays open: a child that was killed must not end us by SIGPIPE.
  const auto written = write_id_maps(map, child->pid());
  // Where rights are taken away inside, the child knows more than the helpers do.
  TRY_CONTEXT(read_report(gate.report.read_end.get()), "cannot set up a user namespace");
  TRY(written);
  TRY_CONTEXT(sys::write_all(gate.go.write_end.get(), "g"), "cannot start a process");
  return std::move(*child);
}

Result<void> run_in_user_namespace(const IdMap& map,
                                   MountNamespace mounts,
                                   const std::function<Result<void>()>& work) {
  TRY_ASSIGN(sys::Pipe report, sys::make_pipe());
  const pid_t parent = sys::current_pid();
  const auto body = [&report, &work, parent]() -> int {
    report.read_end.reset();
    sys::die_with_parent(parent);
    if (const auto done = work(); !done) {
      send_error(report.write_end.get(), done.error());
      return 1;
    }
    return 0;
  };
  TRY_ASSIGN(sys::Child child, spawn_in_user_namespace(map, mounts, body));
  report.write_end.reset();
  const auto done = read_report(report.read_end.get());
  TRY_ASSIGN(const sys::ExitStatus status, child.wait());
  TRY(done);
  if (!status.success()) {
    return fail(ErrorCode::failed, format("a child process {}", status.to_string()));
  }
  return {};
}

Result<void> run_as_namespace_root(const IdMap& map, const std::function<Result<void>()>& work) {
  const pid_t parent = sys::current_pid();
  return run_in_user_namespace(map, MountNamespace::shared, [&work, parent]() -> Result<void> {
    TRY(become_namespace_root());
    sys::die_with_parent(parent);  // the change of ids has cleared it
    return work();
  });
}

Result<HeldUserNamespace> HeldUserNamespace::create(const IdMap& map) {
  const pid_t parent = sys::current_pid();
  TRY_ASSIGN(sys::Child holder,
             spawn_in_user_namespace(map, MountNamespace::shared, [parent]() -> int {
               // A pipe's end that stayed open here would never be seen to close.
               sys::close_all_fds();
               sys::die_with_parent(parent);
               sys::wait_forever();
             }));
  return HeldUserNamespace(std::move(holder));
}

Result<sys::Child> HeldUserNamespace::spawn(const std::function<int()>& body) const {
  TRY_ASSIGN(sys::Pipe report, sys::make_pipe());
  const pid_t parent = sys::current_pid();
  const int holder = holder_.pidfd();
  TRY_ASSIGN(sys::Child child, sys::fork_child(0, [&report, &body, parent, holder]() -> int {
               report.read_end.reset();
               const auto enter = [holder]() -> Result<void> {
                 TRY(sys::join_namespaces(holder, CLONE_NEWUSER));
                 return become_namespace_root();
               };
               if (const auto entered = enter(); !entered) {
                 send_error(report.write_end.get(), entered.error());
                 return kSetUpFailed;
               }
               sys::die_with_parent(parent);
               report.write_end.reset();
               return run_body(body);
             }));
  report.write_end.reset();
  TRY_CONTEXT(read_report(report.read_end.get()), "cannot start a process in the user namespace");
  return child;
}

}  // namespace devenv::sandbox
