// SPDX-License-Identifier: MIT
// Child processes, held by pidfd.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "env/base/result.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::sys {

/// How a process ended.
struct ExitStatus {
  int code = 0;    ///< exit code when `signal` is 0
  int signal = 0;  ///< the signal that killed it
  bool success() const { return code == 0 && signal == 0; }
  /// "exited with status 1", "was killed by signal 9"
  std::string to_string() const;
  /// Ends this process as that one ended, at once: no destructor runs.
  [[noreturn]] void end_like_this() const;
};

/// A child of this process. The destructor kills and reaps it unless it was waited for or detached.
class Child {
 public:
  Child(pid_t pid, UniqueFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  Child(Child&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)) {}
  Child& operator=(Child&& other) noexcept;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  pid_t pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }
  Result<ExitStatus> wait();
  /// As wait, for a child that shares our terminal's job: when it is stopped, so are we, and when
  /// we are continued, so is it.
  Result<ExitStatus> wait_in_job();
  Result<void> signal(int number) const;
  /// Lives on without us.
  void detach() { pid_ = -1; }

 private:
  pid_t pid_;
  UniqueFd pidfd_;
};

/// What to run. Descriptors not named here are closed in the child.
struct Command {
  std::vector<std::string> argv;  ///< argv[0] is looked up in PATH unless it has a slash
  std::optional<std::vector<std::string>> environment;  ///< "NAME=value"; else ours
  std::string working_directory;                        ///< empty: ours
  int stdin_fd = -1;                                    ///< -1: /dev/null
  int stdout_fd = -1;                                   ///< -1: /dev/null
  int stderr_fd = 2;                                    ///< -1: /dev/null
  std::vector<int> kept_fds;                            ///< stay open under the same numbers
  bool die_with_parent = false;  ///< SIGKILL when this process ends (PR_SET_PDEATHSIG)
  bool new_session = false;      ///< setsid(2): no terminal signals
};

/// Starts a program. A failed exec comes back as the error of spawn (not_found when there is no
/// such program), never as an exit status of the child.
Result<Child> spawn(const Command& command);

struct Captured {
  ExitStatus status;
  std::string out;
  std::string err;
  bool timed_out = false;  ///< it was killed, with its process group if it leads one (new_session)
};
/// Runs to the end, or until the time is over, and collects output (each at most 16 MiB).
Result<Captured> run_captured(Command command,
                              std::optional<std::chrono::milliseconds> timeout = std::nullopt);

/// The program's path as found in PATH, and in /usr/sbin, /sbin and /run/wrappers/bin (NixOS keeps
/// setuid helpers there).
std::optional<std::string> find_program(const std::string& name);

/// clone(2) with `clone_flags` (CLONE_NEWUSER...; 0 is a plain fork). The child runs `body` and
/// ends with the code it returns, without running destructors or exit handlers of the parent. This
/// process must be single-threaded.
Result<Child> fork_child(std::uint64_t clone_flags, const std::function<int()>& body);

/// This process is killed when `parent` ends, now or later (PR_SET_PDEATHSIG). Called after the
/// last change of ids or namespaces, which clears it; `parent` is the process that made this one.
void die_with_parent(pid_t parent);
/// This process gets SIGHUP when its parent ends, also after an exec (PR_SET_PDEATHSIG).
void hang_up_with_parent();
pid_t current_pid();
/// Sleeps until a signal ends this process.
[[noreturn]] void wait_forever();

/// Opens /dev/null where the caller closed standard input, output or error: no other file may
/// become one of them. A program that is executed later finds them closed, as the caller meant it.
void fill_standard_fds();
/// Makes `number` (0, 1 or 2, say) the same open file as `fd`, kept across exec (dup2(2)).
Result<void> replace_fd(int fd, int number);
/// Closes every descriptor of this process: for a child that only waits and must not keep pipes and
/// locks of its parent alive.
void close_all_fds();
/// Closes every descriptor from 3 on but these.
void close_fds_but(std::vector<int> kept);
/// Every descriptor from 3 on is closed by the next exec; keep_across_exec takes one out again.
void close_fds_on_exec();
/// The signal does nothing from now on, also in a program executed later.
void ignore_signal(int number);

Result<UniqueFd> open_pidfd(pid_t pid);
Result<void> signal_pidfd(int pidfd, int number);
/// Whether the process has ended within `timeout`.
Result<bool> wait_pidfd(int pidfd, std::chrono::milliseconds timeout);

/// Start time of a process in clock ticks since boot: with the pid it names one process for good.
/// Source: proc(5), /proc/pid/stat field 22. Errors: not_found when there is no such process.
Result<std::uint64_t> process_start_time(pid_t pid);
/// Device and inode of /proc/PID/ns/NAME in one number per boot: the inode (nsfs has one device).
Result<std::uint64_t> namespace_id(pid_t pid, const std::string& name);
/// All process ids in /proc, in no order.
Result<std::vector<pid_t>> list_processes();
/// /proc/sys/kernel/random/boot_id
Result<std::string> boot_id();
/// Proportional set size in bytes of a process. Source: proc(5), smaps_rollup.
Result<std::uint64_t> proportional_set_size(pid_t pid);

/// Replaces this process. Returns only on failure. `file` may be an open executable: see exec_fd.
Error exec_path(const std::string& file,
                const std::vector<std::string>& argv,
                const std::vector<std::string>& environment);
/// execveat(2) with AT_EMPTY_PATH. Returns only on failure.
Error exec_fd(int fd,
              const std::vector<std::string>& argv,
              const std::vector<std::string>& environment);

/// Lets a descriptor survive exec.
Result<void> keep_across_exec(int fd);
/// `count` random bytes as lower-case hex digits (getrandom(2)).
std::string random_hex(std::size_t count);
void sleep_for(std::chrono::milliseconds time);

/// This process's environment as "NAME=value".
std::vector<std::string> current_environment();
/// getenv, "" when unset.
std::string get_variable(const char* name);
/// The value in a list of "NAME=value"; "" when it is not there.
std::string variable_in(const std::vector<std::string>& variables, std::string_view name);

}  // namespace devenv::sys
