// SPDX-License-Identifier: MIT
// bootstrap: mmdebstrap makes a root file system and streams it into the unpacker.
#include <array>
#include <csignal>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/os_release.hpp"
#include "env/base/text.hpp"
#include "env/image/fetch/apt_sources.hpp"
#include "env/image/fetch/fetch.hpp"
#include "env/image/fetch/install.hpp"
#include "env/image/fetch/program_log.hpp"
#include "env/image/fetch/workers.hpp"
#include "env/image/registry/url.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"

namespace devenv::image::fetch {
namespace {

constexpr std::size_t kMaxSuite = 64;

Result<void> check_request(const BootstrapRequest& request) {
  if (request.distribution != "debian" && request.distribution != "ubuntu") {
    return fail(Error(ErrorCode::usage,
                      format("cannot bootstrap '{}'", text::sanitize(request.distribution)))
                    .with_hint("debian and ubuntu can be"));
  }
  const std::string& suite = request.suite;
  const bool valid =
      !suite.empty() && suite.size() <= kMaxSuite && suite[0] != '-' && suite[0] != '.' &&
      suite.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") == std::string::npos;
  if (!valid) {
    return fail(
        Error(ErrorCode::usage, format("'{}' is not the name of a suite", text::sanitize(suite)))
            .with_hint("a suite is, for example, trixie or noble"));
  }
  if (!request.mirror.empty() && !registry::Url::parse(request.mirror)) {
    return fail(ErrorCode::usage,
                format("'{}' is not the URL of a mirror", text::sanitize(request.mirror)));
  }
  return {};
}

/// What to type to install something whose package has these names; a general hint when the host
/// has another package manager.
struct PackageNames {
  std::string_view apt;
  std::string_view dnf;
};
std::string install_hint(const PackageNames& package, std::string_view otherwise) {
  if (sys::find_program("apt-get")) {
    return format("sudo apt-get install {}", package.apt);
  }
  if (sys::find_program("dnf")) {
    return format("sudo dnf install {}", package.dnf);
  }
  return std::string(otherwise);
}

std::string host_release(std::string_view name) {
  return os_release_value(sys::read_file("/etc/os-release", 64U * 1024).value_or(""), name);
}

/// Debian's keyring packages put it there, on other distributions too.
std::string keyring_of(const std::string& distribution) {
  std::string keyring = format("/usr/share/keyrings/{}-archive-keyring.gpg", distribution);
  return sys::exists(keyring) ? keyring : "";
}

/// What has to be installed first.
Result<void> check_host(const BootstrapRequest& request) {
  if (!sys::find_program("mmdebstrap")) {
    return fail(Error(ErrorCode::unsupported, "mmdebstrap is not installed")
                    .with_hint(install_hint({"mmdebstrap", "mmdebstrap"},
                                            "install mmdebstrap with your package manager")));
  }
  // A host of the same distribution trusts its keys anyhow, wherever they are.
  if (keyring_of(request.distribution).empty() && host_release("ID") != request.distribution) {
    return fail(
        Error(ErrorCode::unsupported,
              format("the keys of {}'s archive are not installed", request.distribution))
            .with_hint(request.distribution == "debian"
                           ? install_hint({"debian-archive-keyring", "debian-keyring"},
                                          "install Debian's archive keyring")
                           : "install the package that has "
                             "/usr/share/keyrings/ubuntu-archive-keyring.gpg (ubuntu-keyring)"));
  }
  return {};
}

std::vector<AptSource> host_sources() {
  std::vector<AptSource> sources;
  const auto add = [&](const std::vector<AptSource>& more) {
    sources.insert(sources.end(), more.begin(), more.end());
  };
  const auto read = [](const std::string& path) {
    return sys::read_file(path, 1024U * 1024).value_or("");
  };
  add(parse_sources_list(read("/etc/apt/sources.list")));
  const std::string directory = "/etc/apt/sources.list.d";
  for (const std::string& name :
       sys::list_directory(directory).value_or(std::vector<std::string>{})) {
    const std::string path = format("{}/{}", directory, name);
    if (name.ends_with(".list")) {
      add(parse_sources_list(read(path)));
    } else if (name.ends_with(".sources")) {
      add(parse_deb822_sources(read(path)));
    }
  }
  return sources;
}

AptMirrors choose_mirrors(const BootstrapRequest& request) {
  if (!request.mirror.empty()) {
    // It may be all that can be reached, and nobody knows what else it has.
    return {request.mirror, "", false};
  }
  if (host_release("ID") == request.distribution) {
    const auto own =
        host_mirrors(host_sources(), request.distribution, host_release("VERSION_CODENAME"));
    if (own) {
      return *own;
    }
  }
  return public_mirrors(request.distribution, host_platform().architecture);
}

std::vector<std::string> proxies_of_host() {
  const auto dump = sys::run_captured({.argv = {"apt-config", "dump", "Acquire"}, .stderr_fd = -1});
  return dump && dump->status.success() ? proxy_options(dump->out) : std::vector<std::string>{};
}

std::vector<std::string> command_line(const BootstrapRequest& request) {
  std::vector<std::string> argv = {"mmdebstrap", "--variant=minbase",
                                   // apt's https mirrors, curl, git... are of no use without
                                   "--include=ca-certificates", "--format=tar"};
  for (std::string& option : proxies_of_host()) {
    argv.push_back(std::move(option));
  }
  argv.insert(argv.end(), {request.suite, "-"});
  for (std::string& line : sources_lines(choose_mirrors(request), request.distribution,
                                         request.suite, keyring_of(request.distribution))) {
    argv.push_back(std::move(line));
  }
  return argv;
}

/// Reads stderr to its end. When interrupted the program is asked to stop, and its end awaited: it
/// has mounts to undo.
Result<void> follow(Cancellation& cancellation, sys::Child& child, int stderr_fd, ProgramLog& log) {
  std::array<char, 4096> block{};
  Result<void> stopped;
  while (true) {
    std::vector<sys::WaitEntry> entries = {{stderr_fd, sys::WaitFor::readable}};
    if (stopped) {
      stopped = cancellation.wait(entries);
      if (!stopped) {
        (void)child.signal(SIGTERM);
      }
    }
    if (stopped && !entries[0].ready) {
      continue;
    }
    TRY_ASSIGN(const std::size_t count, sys::read_some(stderr_fd, block));
    if (count == 0) {
      return stopped;
    }
    log.add({block.data(), count});
  }
}

Result<void> run_mmdebstrap(const std::vector<std::string>& argv,
                            Cancellation& cancellation,
                            int output,
                            const Announce& announce) {
  TRY_ASSIGN(sys::Pipe messages, sys::make_pipe());
  TRY_ASSIGN(sys::Child child, sys::spawn({.argv = argv,
                                           .stdout_fd = output,
                                           .stderr_fd = messages.write_end.get(),
                                           .die_with_parent = true}));
  messages.write_end.reset();
  ProgramLog log(announce);
  const auto followed = follow(cancellation, child, messages.read_end.get(), log);
  TRY_ASSIGN(const sys::ExitStatus status, child.wait());
  TRY(followed);
  if (!status.success()) {
    return fail(log.blames_network() ? ErrorCode::network : ErrorCode::failed,
                format("mmdebstrap {}: {}", status.to_string(), log.summary()));
  }
  return {};
}

}  // namespace

Result<ImageRecord> bootstrap(const Context& context, const BootstrapRequest& request) {
  TRY(check_request(request));
  const std::string name = format("{} {}", request.distribution, request.suite);
  context.reporter.step(format("bootstrapping {} with mmdebstrap", name));
  TRY_CONTEXT(check_host(request), format("cannot bootstrap {}", name));
  TRY_ASSIGN(
      const Reference reference,
      Reference::parse(format("localhost/bootstrap/{}:{}", request.distribution, request.suite)));
  const std::vector<std::string> argv = command_line(request);
  LOG_INFO("running {}", join(argv, " "));
  LayerJob job{.id = name, .bytes = Piped{[&](int output, const Announce& announce) {
                             return run_mmdebstrap(argv, context.cancellation, output, announce);
                           }}};
  auto record = install_root_filesystem(context, reference.string(), std::move(job));
  if (!record) {
    const Error error = record.error().context(format("cannot bootstrap {}", name));
    return fail(explain_disk_error(error, context.store.path()));
  }
  return record;
}

}  // namespace devenv::image::fetch
