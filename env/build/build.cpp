// SPDX-License-Identifier: MIT
#include "env/build/build.hpp"

#include <array>
#include <csignal>

#include "env/base/format.hpp"
#include "env/base/sha256.hpp"
#include "env/base/text.hpp"
#include "env/build/package_cache.hpp"
#include "env/build/scratch.hpp"
#include "env/build/user_marks.hpp"
#include "env/instance/layers.hpp"
#include "env/instance/staging.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "env/session/session.hpp"
#include "env/sys/file.hpp"
#include "env/sys/namespaces.hpp"
#include "env/sys/poll.hpp"
#include "env/sys/process.hpp"
#include "env/sys/signals.hpp"

namespace devenv::build {
namespace {

constexpr std::chrono::milliseconds kGrace{2000};
constexpr std::size_t kMostReport = 16U * 1024 * 1024;  // bytes

/// What crosses from the caller: how the network is reached.
std::vector<std::string> step_variables(const Step& step) {
  std::vector<std::string> variables = {"LC_ALL=C.UTF-8", "TERM=dumb"};
  for (const char* name : {"http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy",
                           "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"}) {
    const std::string value = sys::get_variable(name);
    if (!value.empty()) {
      variables.push_back(format("{}={}", name, value));
    }
  }
  if (!step.cache.empty()) {
    variables.push_back(format("DEVENV_PACKAGE_CACHE={}", kPackagesInside));
  }
  return variables;
}

/// The inputs, and nothing else, in a directory that looks like the project: copies, so that a
/// project that changes while a step runs does not change the step.
Result<void> stage_inputs(const Step& step, const std::string& directory) {
  for (const InputFile& input : step.inputs) {
    const std::string target = directory + "/" + input.path;
    TRY(sys::make_directories(sys::parent_of(target), 0755));
    TRY_ASSIGN(const std::string contents, sys::read_regular_file(input.source));
    if (sha256_of(contents) != input.digest) {
      return fail(Error(ErrorCode::conflict,
                        format("input '{}' was changed meanwhile", text::sanitize(input.path)))
                      .with_hint("try again"));
    }
    TRY(sys::replace_file(target, contents, input.executable ? 0755 : 0644));
  }
  return {};
}

class StepRunner {
 public:
  StepRunner(const instance::Workspace& workspace,
             const Scratch& scratch,
             const Step& step,
             int log,
             Reporter& reporter)
      : workspace_(workspace), scratch_(scratch), step_(step), log_(log), reporter_(reporter) {}

  /// Runs one command to its end. A signal to us ends it. `output` goes there instead of to the
  /// log, if it is a descriptor.
  Result<sys::ExitStatus> run(const instance::CommandWords& command, int output) {
    TRY_ASSIGN(sys::Pipe problem, sys::make_pipe());
    TRY_ASSIGN(sys::HeldSignals signals, sys::HeldSignals::hold({SIGINT, SIGTERM, SIGHUP}));
    TRY_ASSIGN(sys::Child child, sys::fork_child(0, [&] {
                 return become(command, output, problem.write_end.get());
               }));
    problem.write_end.reset();
    std::vector<sys::WaitEntry> entries = {{.fd = child.pidfd()}, {.fd = signals.fd()}};
    while (true) {
      TRY(sys::wait_for_any(entries, std::nullopt));
      if (signals.take()) {
        (void)session::stop(scratch_.environment(), kGrace);
        (void)child.wait();
        return fail(ErrorCode::interrupted, "interrupted");
      }
      if (entries[0].ready) {
        break;
      }
    }
    TRY_ASSIGN(const std::string failure, sys::read_all(problem.read_end.get()));
    TRY_ASSIGN(const sys::ExitStatus status, child.wait());
    return failure.empty() ? Result<sys::ExitStatus>(status) : fail(sandbox::decode_error(failure));
  }

 private:
  int become(const instance::CommandWords& command, int output, int problem) {
    sys::release_signals();
    sys::start_session();  // what the keyboard sends is for us, and we end the step
    const auto null = sys::open_file("/dev/null", O_RDONLY);
    if (null) {
      (void)sys::replace_fd(null->get(), 0);
    }
    (void)sys::replace_fd(output == -1 ? log_ : output, 1);
    (void)sys::replace_fd(log_, 2);
    sys::close_fds_on_exec();  // whatever the caller has open is not the step's
    const Error error = session::enter(workspace_, scratch_.environment(),
                                       session::EnterRequest{.command = command,
                                                             .variables = step_variables(step_),
                                                             .clean_environment = true,
                                                             .follows_parent = true,
                                                             .directory = kProjectInside,
                                                             .as_root = !step_.as_user},
                                       reporter_);
    (void)sys::write_all(problem, sandbox::encode_error(error));
    return 1;
  }

  const instance::Workspace& workspace_;
  const Scratch& scratch_;
  const Step& step_;
  int log_;
  Reporter& reporter_;
};

/// What a command prints, line by line. It goes through a file: a step's tools may print a lot.
Result<std::vector<std::string>> report_of(StepRunner& runner,
                                           const Scratch& scratch,
                                           const instance::CommandWords& command) {
  const std::string path = scratch.side_directory() + "/report";
  TRY_ASSIGN(const sys::UniqueFd file, sys::open_file(path, O_RDWR | O_CREAT | O_TRUNC, 0600));
  TRY_ASSIGN(const sys::ExitStatus status, runner.run(command, file.get()));
  TRY_ASSIGN(const std::string text, sys::read_file(path, kMostReport));
  std::vector<std::string> lines;
  if (status.success()) {
    for (const std::string_view line : text::lines(text)) {
      lines.push_back(text::sanitize(line));
    }
  }
  return lines;
}

class LayerBuilder {
 public:
  LayerBuilder(const instance::Workspace& workspace,
               const image::Store& store,
               const BuildRequest& request,
               Reporter& reporter)
      : workspace_(workspace), store_(store), request_(request), reporter_(reporter) {}

  Result<BuiltLayer> build(const Step& step, const Digest& key, const std::vector<Digest>& below) {
    TRY_ASSIGN(const sys::FileLock lock, steps_.lock(key));
    if (auto found = steps_.find(key)) {
      return *std::move(found);  // somebody else made it while we waited
    }
    TRY_ASSIGN(const auto layer_locks, instance::lock_layers(store_, below));
    reporter_.step(step.title);
    std::optional<PackageCache> cache;
    std::vector<instance::ExtraMount> mounts;
    if (!step.cache.empty()) {
      TRY_ASSIGN(cache, open_package_cache(workspace_.paths, step.cache));
      mounts.push_back({.source = cache->directory, .target = kPackagesInside});
    }
    TRY_ASSIGN(const Scratch scratch,
               Scratch::create(workspace_, below, request_.base.environment, std::move(mounts)));
    TRY(stage_inputs(step, scratch.project_directory()));
    TRY_ASSIGN(std::vector<std::string> report, run(step, scratch));
    TRY(session::stop(scratch.environment(), kGrace));
    // A copied root has no changes of its own to tell from the rest: the layer is all of it.
    const bool whole = scratch.environment().state.storage == sandbox::StorageDriver::copy;
    TRY(remove_marks(
        {.upper = scratch.environment().upper(), .below = scratch.layer_trees(), .whole = whole},
        workspace_));
    TRY_ASSIGN(const instance::SealedLayer sealed,
               instance::seal_layer(workspace_, scratch.environment().upper(),
                                    whole ? std::nullopt : std::optional(below.back()), reporter_));
    BuiltLayer built{.key = key,
                     .chain_id = sealed.chain_id,
                     .diff_id = sealed.diff_id,
                     .size_bytes = sealed.size_bytes,
                     .title = step.title,
                     .report = std::move(report)};
    built.whole = whole;
    TRY(steps_.put(built));
    return built;
  }

 private:
  Result<int> log() {
    if (log_.get() == -1) {
      TRY(sys::make_directories(sys::parent_of(request_.log_file), 0700));
      TRY_ASSIGN(log_,
                 sys::open_file(request_.log_file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600));
    }
    return log_.get();
  }

  Result<std::vector<std::string>> run(const Step& step, const Scratch& scratch) {
    TRY_ASSIGN(const int log_fd, log());
    (void)sys::write_all(log_fd, format("== {}\n", step.title));
    TRY(session::ensure_running(workspace_, scratch.environment(), reporter_));
    StepRunner runner(workspace_, scratch, step, log_fd, reporter_);
    for (const instance::CommandWords& command : step.commands) {
      TRY_ASSIGN_CONTEXT(const sys::ExitStatus status, runner.run(command, -1),
                         format("step '{}'", text::sanitize(step.title)));
      if (!status.success()) {
        return fail(Error(ErrorCode::failed,
                          format("step '{}' {}", text::sanitize(step.title), status.to_string()))
                        .with_hint(format("all that it printed: {}", request_.log_file)));
      }
    }
    return step.report.empty() ? std::vector<std::string>()
                               : report_of(runner, scratch, step.report);
  }

  const instance::Workspace& workspace_;
  const image::Store& store_;
  const BuildRequest& request_;
  Reporter& reporter_;
  const StepStore steps_{store_};
  sys::UniqueFd log_;
};

/// The chain that the next step's layer lies on.
void put_on(std::vector<Digest>& chain, const BuiltLayer& layer) {
  if (layer.whole) {
    chain.clear();
  }
  chain.push_back(layer.chain_id);
}

}  // namespace

std::vector<Digest> chain_of(const image::ImageRecord& base, const std::vector<BuiltLayer>& built) {
  std::vector<Digest> chain = base.layers;
  for (const BuiltLayer& layer : built) {
    put_on(chain, layer);
  }
  return chain;
}

std::vector<BuiltLayer> find_layers(const image::Store& store,
                                    const image::ImageRecord& base,
                                    const std::vector<Step>& steps) {
  const StepStore records(store);
  std::vector<BuiltLayer> found;
  std::vector<Digest> chain = base.layers;
  for (const Step& step : steps) {
    auto layer = records.find(step_key(chain.back(), base.environment, step));
    if (!layer) {
      break;
    }
    layer->title = step.title;
    put_on(chain, *layer);
    found.push_back(*std::move(layer));
  }
  return found;
}

Result<std::vector<BuiltLayer>> build_layers(const instance::Workspace& workspace,
                                             const BuildRequest& request,
                                             Reporter& reporter) {
  TRY_ASSIGN(const image::Store store, workspace.store());
  std::vector<BuiltLayer> built = find_layers(store, request.base, request.steps);
  if (built.size() == request.steps.size()) {
    return built;
  }
  sweep_scratches(workspace);
  LayerBuilder builder(workspace, store, request, reporter);
  std::vector<Digest> chain = chain_of(request.base, built);
  while (built.size() < request.steps.size()) {
    const Step& step = request.steps[built.size()];
    TRY_ASSIGN(BuiltLayer layer,
               builder.build(step, step_key(chain.back(), request.base.environment, step), chain));
    put_on(chain, layer);
    built.push_back(std::move(layer));
  }
  return built;
}

}  // namespace devenv::build
