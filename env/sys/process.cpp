// SPDX-License-Identifier: MIT
#include "env/sys/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"

namespace devenv::sys {
namespace {

constexpr std::size_t kCapturedLimit = 16U * 1024 * 1024;

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (const std::string& string : strings) {
    result.push_back(const_cast<char*>(string.c_str()));  // execve does not write to them
  }
  result.push_back(nullptr);
  return result;
}

/// Everything the child needs, made before the fork: between fork and exec only system calls.
struct ExecPlan {
  const char* file = nullptr;
  char* const* argv = nullptr;
  char* const* environment = nullptr;
  const char* working_directory = nullptr;
  std::array<int, 3> standard_fds{};
  const int* kept_fds = nullptr;
  std::size_t kept_count = 0;
  int error_pipe = -1;
  bool die_with_parent = false;
  bool new_session = false;
  pid_t parent = -1;
};

[[noreturn]] void report_and_exit(const ExecPlan& plan) {
  const int code = errno;
  (void)!::write(plan.error_pipe, &code, sizeof code);
  ::_exit(127);
}

[[noreturn]] void exec_in_child(const ExecPlan& plan) {
  if (plan.new_session) {
    ::setsid();
  }
  if (plan.die_with_parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != plan.parent) {
      ::_exit(127);
    }
  }
  // The standard descriptors are moved out of the way first: the source of one may be the number
  // of another, and dup2 of a descriptor to itself would leave it to be closed by exec.
  std::array<int, 3> sources{};
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const int source = plan.standard_fds[i] >= 0
                           ? plan.standard_fds[i]
                           : ::open("/dev/null", (i == 0 ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    sources[i] = source == -1 ? -1 : ::fcntl(source, F_DUPFD_CLOEXEC, 3);
    if (sources[i] == -1) {
      report_and_exit(plan);
    }
  }
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (::dup2(sources[i], static_cast<int>(i)) == -1) {
      report_and_exit(plan);
    }
  }
  ::syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
  for (std::size_t i = 0; i < plan.kept_count; ++i) {
    const int flags = ::fcntl(plan.kept_fds[i], F_GETFD);
    if (flags == -1 || ::fcntl(plan.kept_fds[i], F_SETFD, flags & ~FD_CLOEXEC) == -1) {
      report_and_exit(plan);
    }
  }
  if (plan.working_directory != nullptr && ::chdir(plan.working_directory) == -1) {
    report_and_exit(plan);
  }
  // Handlers first: a signal that waits must not run one of the parent's here.
  for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGCHLD, SIGHUP, SIGQUIT}) {
    ::signal(number, SIG_DFL);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(plan.file, plan.argv, plan.environment);
  report_and_exit(plan);
}

}  // namespace

Result<Child> spawn(const Command& command) {
  if (command.argv.empty()) {
    return fail(ErrorCode::usage, "no program to run");
  }
  const auto file = find_program(command.argv[0]);
  if (!file) {
    return fail_errno(ENOENT, format("cannot run '{}'", command.argv[0]));
  }
  const std::vector<std::string> environment =
      command.environment ? *command.environment : current_environment();
  const std::vector<char*> argv = pointers(command.argv);
  const std::vector<char*> variables = pointers(environment);
  TRY_ASSIGN(Pipe errors, make_pipe());
  if (errors.write_end.get() <= STDERR_FILENO) {
    // Our own standard descriptors are closed: the child would replace this one.
    TRY_ASSIGN(errors.write_end, duplicate(errors.write_end.get()));
  }
  const ExecPlan plan{.file = file->c_str(),
                      .argv = argv.data(),
                      .environment = variables.data(),
                      .working_directory = command.working_directory.empty()
                                               ? nullptr
                                               : command.working_directory.c_str(),
                      .standard_fds = {command.stdin_fd, command.stdout_fd, command.stderr_fd},
                      .kept_fds = command.kept_fds.data(),
                      .kept_count = command.kept_fds.size(),
                      .error_pipe = errors.write_end.get(),
                      .die_with_parent = command.die_with_parent,
                      .new_session = command.new_session,
                      .parent = ::getpid()};
  TRY_ASSIGN(Child child, fork_child(0, [&plan]() -> int { exec_in_child(plan); }));
  errors.write_end.reset();
  int code = 0;
  TRY_ASSIGN(const std::size_t count,
             read_some(errors.read_end.get(), {reinterpret_cast<char*>(&code), sizeof code}));
  if (count == sizeof code) {
    (void)child.wait();
    return fail_errno(code, format("cannot run '{}'", command.argv[0]));
  }
  return child;
}

Result<Captured> run_captured(Command command, std::optional<std::chrono::milliseconds> timeout) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point deadline = Clock::now() + timeout.value_or(std::chrono::milliseconds(0));
  const auto time_left = [&]() -> int {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    return !timeout ? -1 : static_cast<int>(std::max<std::int64_t>(left.count(), 0));
  };
  TRY_ASSIGN(Pipe out, make_pipe());
  TRY_ASSIGN(Pipe err, make_pipe());
  command.stdout_fd = out.write_end.get();
  command.stderr_fd = err.write_end.get();
  TRY_ASSIGN(Child child, spawn(command));
  out.write_end.reset();
  err.write_end.reset();
  Captured captured;
  // With a limit, the end of the program is the end: what it has left running may hold the pipes.
  std::array<pollfd, 3> streams = {pollfd{out.read_end.get(), POLLIN, 0},
                                   pollfd{err.read_end.get(), POLLIN, 0},
                                   pollfd{timeout ? child.pidfd() : -1, POLLIN, 0}};
  bool is_over = false;
  std::array<std::string*, 2> texts = {&captured.out, &captured.err};
  std::array<char, 16384> buffer{};
  while (streams[0].fd >= 0 || streams[1].fd >= 0) {
    const int ready = ::poll(streams.data(), streams.size(), is_over ? 0 : time_left());
    if (ready == -1) {
      if (errno == EINTR) {
        continue;
      }
      return fail_errno(errno, "cannot wait for a program's output");
    }
    if (ready == 0) {
      captured.timed_out = !is_over;
      break;
    }
    if (streams[2].revents != 0) {
      is_over = true;
      streams[2].fd = -1;
    }
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (streams[i].revents == 0) {
        continue;
      }
      TRY_ASSIGN(const std::size_t count, read_some(streams[i].fd, buffer));
      if (count == 0) {
        streams[i].fd = -1;
      } else if (texts[i]->size() + count <= kCapturedLimit) {
        texts[i]->append(buffer.data(), count);
      }
    }
  }
  if (!captured.timed_out && timeout) {
    TRY_ASSIGN(const bool over, wait_pidfd(child.pidfd(), std::chrono::milliseconds(time_left())));
    captured.timed_out = !over;
  }
  if (captured.timed_out) {
    // Not waited for yet, so the number is still its own.
    ::kill(command.new_session ? -child.pid() : child.pid(), SIGKILL);
  }
  TRY_ASSIGN(captured.status, child.wait());
  return captured;
}

std::optional<std::string> find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    return name;
  }
  const std::string path =
      get_variable("PATH") + ":/usr/bin:/bin:/usr/sbin:/sbin:/run/wrappers/bin";
  for (const std::string_view directory : text::split(path, ':')) {
    std::string candidate = format("{}/{}", directory, name);
    if (directory.starts_with('/') && is_executable(candidate)) {
      return candidate;
    }
  }
  return std::nullopt;
}

void die_with_parent(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // It may have ended just before.
  if (::getppid() != parent) {
    ::_exit(128 + SIGKILL);
  }
}

void hang_up_with_parent() {
  ::prctl(PR_SET_PDEATHSIG, SIGHUP);
}

pid_t current_pid() {
  return ::getpid();
}

void wait_forever() {
  while (true) {
    ::pause();
  }
}

Result<void> replace_fd(int fd, int number) {
  if (::dup2(fd, number) == -1) {
    return fail_errno(errno, "cannot replace a descriptor");
  }
  return {};
}

void close_all_fds() {
  ::syscall(SYS_close_range, 0U, ~0U, 0U);
}

void close_fds_but(std::vector<int> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned first = 3;
  for (const int fd : kept) {
    const auto number = static_cast<unsigned>(std::max(fd, 2));
    if (number > first) {
      ::syscall(SYS_close_range, first, number - 1, 0U);
    }
    first = std::max(first, number + 1);
  }
  ::syscall(SYS_close_range, first, ~0U, 0U);
}

void close_fds_on_exec() {
  // CLOSE_RANGE_CLOEXEC is of Linux 5.11. All descriptors of ours have the flag anyhow: this is for
  // those that the caller of the program left open.
  ::syscall(SYS_close_range, 3U, ~0U, 4U);
}

void ignore_signal(int number) {
  ::signal(number, SIG_IGN);
}

Result<UniqueFd> open_pidfd(pid_t pid) {
  const long fd = ::syscall(SYS_pidfd_open, pid, 0);
  if (fd == -1) {
    return fail(Error::from_errno(errno, format("cannot hold process {}", pid))
                    .with_code(errno == ESRCH ? ErrorCode::not_found : ErrorCode::failed));
  }
  return UniqueFd(static_cast<int>(fd));
}

Result<void> signal_pidfd(int pidfd, int number) {
  if (::syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0) == -1) {
    return fail_errno(errno, "cannot signal a process");
  }
  return {};
}

Result<bool> wait_pidfd(int pidfd, std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  pollfd entry{pidfd, POLLIN, 0};
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    const int ready = ::poll(&entry, 1, left.count() < 0 ? 0 : static_cast<int>(left.count()));
    if (ready >= 0) {
      return ready > 0;
    }
    if (errno != EINTR) {
      return fail_errno(errno, "cannot wait for a process");
    }
  }
}

Error exec_path(const std::string& file,
                const std::vector<std::string>& argv,
                const std::vector<std::string>& environment) {
  ::execve(file.c_str(), pointers(argv).data(), pointers(environment).data());
  return Error::from_errno(errno, format("cannot run '{}'", file));
}

Error exec_fd(int fd,
              const std::vector<std::string>& argv,
              const std::vector<std::string>& environment) {
  ::syscall(SYS_execveat, fd, "", pointers(argv).data(), pointers(environment).data(),
            AT_EMPTY_PATH);
  return Error::from_errno(errno, format("cannot run '{}'", argv.empty() ? "" : argv[0]));
}

void fill_standard_fds() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) == -1) {
      (void)::open("/dev/null", O_RDWR | O_CLOEXEC);  // takes the lowest number that is free
    }
  }
}

Result<void> keep_across_exec(int fd) {
  const int flags = ::fcntl(fd, F_GETFD);
  if (flags == -1 || ::fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC) == -1) {
    return fail_errno(errno, "cannot keep a descriptor open");
  }
  return {};
}

std::string random_hex(std::size_t count) {
  std::string bytes(count, '\0');
  // Never short for up to 256 bytes once the kernel is up (getrandom(2)).
  (void)!::getrandom(bytes.data(), bytes.size(), 0);
  std::string hex;
  for (const char c : bytes) {
    hex += format("{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return hex;
}

void sleep_for(std::chrono::milliseconds time) {
  ::poll(nullptr, 0, static_cast<int>(time.count()));
}

std::vector<std::string> current_environment() {
  std::vector<std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    variables.emplace_back(*entry);
  }
  return variables;
}

std::string variable_in(const std::vector<std::string>& variables, std::string_view name) {
  for (const std::string& entry : variables) {
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=') {
      return entry.substr(name.size() + 1);
    }
  }
  return "";
}

std::string get_variable(const char* name) {
  const char* value = ::getenv(name);  // NOLINT(concurrency-mt-unsafe): single-threaded
  return value == nullptr ? "" : value;
}

}  // namespace devenv::sys
