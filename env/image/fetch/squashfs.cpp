// SPDX-License-Identifier: MIT
#include "env/image/fetch/squashfs.hpp"

#include <array>
#include <string_view>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"
#include "env/image/fetch/install.hpp"
#include "env/image/fetch/program_log.hpp"
#include "env/sys/confine.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"

namespace devenv::image::fetch {
namespace {

constexpr std::string_view kMagic = "hsqs";
constexpr const char* kProgram = "sqfs2tar";

Error missing_program() {
  return Error(ErrorCode::unsupported,
               format("{}, which reads squashfs, is not installed", kProgram))
      .with_hint(
          "install squashfs-tools-ng with your package manager; or take the tar of the "
          "image: LXC's image server has a rootfs.tar.xz beside each rootfs.squashfs");
}

/// Its environment is empty, of what is open it has the archive to read and the pipe to write, and
/// it can make and change no file.
Result<void> run(Cancellation& cancellation, int archive, int output, const Announce& announce) {
  // This process has nothing else to do either.
  if (const auto confined = sys::confine_writing(); !confined || !*confined) {
    LOG_DEBUG("{} runs without Landlock{}", kProgram,
              confined ? "" : ": " + confined.error().to_line());
  }
  TRY_ASSIGN(sys::Pipe messages, sys::make_pipe());
  TRY_ASSIGN(
      sys::Child child,
      sys::spawn({.argv = {kProgram, "--root-becomes", ".", format("/proc/self/fd/{}", archive)},
                  .environment = std::vector<std::string>{"LC_ALL=C"},
                  .working_directory = "/",
                  .stdout_fd = output,
                  .stderr_fd = messages.write_end.get(),
                  .kept_fds = {archive},
                  .die_with_parent = true}));
  messages.write_end.reset();
  ProgramLog log(announce);
  std::array<char, 4096> block{};
  while (true) {
    std::vector<sys::WaitEntry> entries = {{messages.read_end.get(), sys::WaitFor::readable}};
    TRY(cancellation.wait(entries));  // an error kills the program, which has nothing to undo
    if (!entries[0].ready) {
      continue;
    }
    TRY_ASSIGN(const std::size_t count, sys::read_some(messages.read_end.get(), block));
    if (count == 0) {
      break;
    }
    log.add({block.data(), count});
  }
  TRY_ASSIGN(const sys::ExitStatus status, child.wait());
  if (!status.success()) {
    return fail(ErrorCode::integrity,
                format("{} {}: {}", kProgram, status.to_string(), log.summary()));
  }
  return {};
}

}  // namespace

Result<bool> is_squashfs(const OpenArchive& file) {
  std::array<char, kMagic.size()> start{};
  TRY_ASSIGN(const std::size_t count, sys::read_at(file.fd.get(), start, 0));
  return std::string_view(start.data(), count) == kMagic;
}

Result<ImageRecord> import_squashfs(const Context& context,
                                    const OpenArchive& file,
                                    const std::string& reference) {
  if (!sys::find_program(kProgram)) {
    return fail(missing_program());
  }
  const int archive = file.fd.get();
  LayerJob job{.id = file.name,
               .bytes = Piped{[&context, archive](int output, const Announce& announce) {
                 return run(context.cancellation, archive, output, announce);
               }}};
  return install_root_filesystem(context, reference, std::move(job));
}

}  // namespace devenv::image::fetch
