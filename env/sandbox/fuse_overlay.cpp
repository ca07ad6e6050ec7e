// SPDX-License-Identifier: MIT
// The file system is mounted here and its descriptor is given to the server, which therefore can
// live in a mount namespace of its own. Were it in the environment's, pivot_root would make the
// root it serves its own root as well, so that it waited for itself; and it would keep the
// namespace, and with it the mount and the lock, alive for ever.
#include "env/sandbox/fuse_overlay.hpp"

#include <fcntl.h>
#include <sched.h>

#include <cerrno>
#include <csignal>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sandbox/layer_fds.hpp"
#include "env/sys/file.hpp"
#include "env/sys/mounts.hpp"
#include "env/sys/namespaces.hpp"
#include "env/sys/process.hpp"

namespace devenv::sandbox {
namespace {

constexpr const char* kProgram = "fuse-overlayfs";
constexpr const char* kDevice = "/dev/fuse";

struct Server {
  std::string program;
  std::vector<std::string> argv;
  std::vector<std::string> environment;
  std::vector<int> kept;  ///< descriptors it needs
  int null = -1;
  int messages = -1;
};

Result<sys::UniqueFd> open_device() {
  auto device = sys::open_file(kDevice, O_RDWR);
  if (device) {
    return device;
  }
  const Error error = device.error().with_code(ErrorCode::unsupported);
  return fail(error.sys_errno() == EACCES
                  ? error.with_hint(format("allow it: sudo chmod 666 {}", kDevice))
                  : error.with_hint("load the kernel module: sudo modprobe fuse"));
}

/// Opened in the user namespace, so that all ids of the map may use the mount (allow_other).
Result<sys::UniqueFd> make_mount(int device) {
  return sys::create_file_system("fuse", {{"source", kProgram},
                                          {"subtype", kProgram},
                                          {"fd", format("{}", device)},
                                          {"rootmode", "40000"},
                                          {"user_id", "0"},
                                          {"group_id", "0"},
                                          {"default_permissions", ""},
                                          {"allow_other", ""}});
}

/// In the child, up to exec. Root of the namespace, because only root keeps capabilities across it.
Result<void> become_server(const Server& server) {
  sys::start_session();  // no signals of the user's terminal
  sys::ignore_signal(SIGPIPE);
  TRY(sys::change_directory("/"));
  TRY(sys::replace_fd(server.null, 0));
  TRY(sys::replace_fd(server.null, 1));
  TRY(sys::replace_fd(server.messages, 2));
  sys::close_fds_on_exec();
  for (const int fd : server.kept) {
    TRY(sys::keep_across_exec(fd));
  }
  TRY(sys::become(0, 0));
  return fail(sys::exec_path(server.program, server.argv, server.environment));
}

int run_server(const Server& server) noexcept {
  const auto failed = become_server(server);
  (void)sys::write_all(server.messages, failed.error().to_line());
  return 127;
}

Server describe_server(const std::string& program, const LayerFds& fds, int device, int kept_fd) {
  std::vector<std::string> lower;
  Server server{.program = program,
                .environment = sys::current_environment(),
                .kept = {device, fds.upper.get(), fds.work.get()}};
  for (const sys::UniqueFd& fd : fds.lower) {
    lower.push_back(fd_path(fd.get()));
    server.kept.push_back(fd.get());
  }
  if (kept_fd >= 0) {
    server.kept.push_back(kept_fd);
  }
  server.argv = {kProgram, "-f", "-o",
                 format("lowerdir={},upperdir={},workdir={}", join(lower, ":"),
                        fd_path(fds.upper.get()), fd_path(fds.work.get())),
                 format("/dev/fd/{}", device)};  // libfuse 3.3: mounted already
  return server;
}

/// The last words of a server that gave up.
Error server_error(sys::Child server, int messages) {
  constexpr std::size_t kMessageLimit = 64U * 1024;
  (void)server.signal(SIGKILL);
  const auto status = server.wait();
  const auto said = sys::read_all(messages, kMessageLimit);
  std::vector<std::string> lines;
  for (const std::string_view line : text::lines(said ? std::string_view(*said) : "")) {
    // libfuse says this of an option that fuse-overlayfs itself sets.
    if (!line.starts_with("unknown argument ignored")) {
      lines.push_back(text::sanitize(line));
    }
  }
  const std::string reason = lines.empty() ? "" : ": " + join(lines, "; ");
  return {ErrorCode::unsupported,
          format("{} {}{}", kProgram, status ? status->to_string() : "ended", reason)};
}

}  // namespace

Result<MountedRoot> mount_fuse_overlay(const RootLayout& layout, int kept_fd) {
  const auto program = sys::find_program(kProgram);
  if (!program) {
    return fail(Error(ErrorCode::unsupported, format("the program {} is missing", kProgram))
                    .with_hint(format("install the package {}", kProgram)));
  }
  if (layout.upper.find(':') != std::string::npos) {
    // It resolves the path, then puts it before the layers with a ':' between them.
    return fail(Error(ErrorCode::unsupported,
                      format("{} cannot use '{}': its path has a ':'", kProgram, layout.upper))
                    .with_hint("set XDG_DATA_HOME to a path without ':'"));
  }
  TRY_ASSIGN(sys::UniqueFd device, open_device());
  TRY_ASSIGN(const LayerFds fds, open_layers(layout));
  TRY_ASSIGN(sys::UniqueFd root, make_mount(device.get()));
  TRY_ASSIGN(const sys::UniqueFd null, sys::open_file("/dev/null", O_RDWR));
  TRY_ASSIGN(sys::Pipe messages, sys::make_pipe());
  Server description = describe_server(*program, fds, device.get(), kept_fd);
  description.null = null.get();
  description.messages = messages.write_end.get();
  TRY_ASSIGN(sys::Child server,
             sys::fork_child(CLONE_NEWNS, [&description] { return run_server(description); }));
  messages.write_end.reset();
  // Without our copy the connection ends with the server, and so does waiting for it.
  device.reset();
  if (const auto info = sys::stat_fd(root.get()); !info) {
    return fail(server_error(std::move(server), messages.read_end.get())
                    .context(format("cannot mount the root with {}", kProgram)));
  }
  TRY(sys::attach_mount(root.get(), fds.mount_point.get()));
  const pid_t pid = server.pid();
  server.detach();
  return MountedRoot{.root = std::move(root), .server_pid = pid};
}

}  // namespace devenv::sandbox
