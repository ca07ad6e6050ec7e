// SPDX-License-Identifier: MIT
// import_from_engine: images and containers of podman or docker, as these programs give them.
#include <array>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"
#include "env/image/fetch/fetch.hpp"
#include "env/image/fetch/import.hpp"
#include "env/image/fetch/import_name.hpp"
#include "env/image/fetch/open_archive.hpp"
#include "env/image/fetch/workers.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"

namespace devenv::image::fetch {
namespace {

constexpr std::size_t kMaxMessages = 64U * 1024;

/// The last lines of what a program said, on one.
std::string last_words(std::string_view messages) {
  constexpr std::size_t kLines = 3;
  std::vector<std::string> last;
  for (const std::string_view line : text::lines(messages)) {
    if (text::trim(line).empty()) {
      continue;
    }
    last.push_back(text::sanitize(text::trim(line)));
    if (last.size() > kLines) {
      last.erase(last.begin());
    }
  }
  return last.empty() ? "it said nothing" : join(last, "; ");
}

Error failed(const std::string& what, const sys::ExitStatus& status, std::string_view messages) {
  return {ErrorCode::failed, format("`{}` {}: {}", what, status.to_string(), last_words(messages))};
}

enum class Kind { container, image };

/// The engine, as its caller would call it.
class Engine {
 public:
  Engine(const Context& context, const EngineRequest& request)
      : context_(context), program_(request.engine), name_(request.name) {}

  /// Whether the name is a container's or an image's. Errors: not_found.
  Result<Kind> kind() const;
  /// An image of the container as it is.
  Result<void> commit(const std::string& image) const;
  Result<OpenArchive> save(const std::string& image) const;

 private:
  Result<sys::Captured> run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), program_);
    return sys::run_captured({.argv = std::move(arguments), .die_with_parent = true});
  }

  const Context& context_;
  std::string program_;
  std::string name_;
};

Result<Kind> Engine::kind() const {
  TRY_ASSIGN(const sys::Captured container,
             run({"container", "inspect", "--format", "{{.Id}}", "--", name_}));
  if (container.status.success()) {
    return Kind::container;
  }
  TRY_ASSIGN(const sys::Captured image,
             run({"image", "inspect", "--format", "{{.Id}}", "--", name_}));
  if (image.status.success()) {
    return Kind::image;
  }
  const std::string said = text::to_lower(container.err + image.err);
  const bool is_absence = said.find("no such") != std::string::npos ||
                          said.find("not known") != std::string::npos ||
                          said.find("not found") != std::string::npos;
  if (!is_absence) {
    return fail(failed(format("{} container inspect", program_), container.status, container.err));
  }
  return fail(Error(ErrorCode::not_found, format("{} has no container and no image '{}'", program_,
                                                 text::sanitize(name_)))
                  .with_hint(format("see what there is: {} ps -a; {} images", program_, program_)));
}

Result<void> Engine::commit(const std::string& image) const {
  TRY_ASSIGN(const sys::Captured outcome, run({"commit", "--pause=false", "--", name_, image}));
  return outcome.status.success() ? Result<void>()
                                  : fail(failed(program_ + " commit", outcome.status, outcome.err));
}

Result<OpenArchive> Engine::save(const std::string& image) const {
  TRY_ASSIGN(sys::Pipe stream, sys::make_pipe());
  TRY_ASSIGN(const sys::UniqueFd messages, open_nameless_file(context_));
  TRY_ASSIGN(sys::Child child, sys::spawn({.argv = {program_, "save", "--", image},
                                           .stdout_fd = stream.write_end.get(),
                                           .stderr_fd = messages.get(),
                                           .die_with_parent = true}));
  stream.write_end.reset();
  TRY_ASSIGN(OpenArchive archive, collect_pipe(context_, stream.read_end.get(), name_));
  TRY_ASSIGN(const sys::ExitStatus status, context_.cancellation.wait(child));
  if (!status.success()) {
    TRY(sys::seek_to(messages.get(), 0));
    TRY_ASSIGN(const std::string said, sys::read_all(messages.get(), kMaxMessages));
    return fail(failed(program_ + " save", status, said));
  }
  archive.name = text::sanitize(name_);
  archive.place = archive.name;
  return archive;
}

/// Removes an image of the engine as soon as this object or this process ends, however: another
/// process waits for that. The image need not be there yet.
class Removal {
 public:
  static Result<Removal> promise(const std::string& program, const std::string& image) {
    TRY_ASSIGN(sys::Pipe pipe, sys::make_pipe());
    TRY_ASSIGN(sys::Child child,
               sys::spawn({.argv = {"sh", "-c", "read -r line; exec \"$1\" rmi --force \"$2\"",
                                    "sh", program, image},
                           .stdin_fd = pipe.read_end.get(),
                           .stderr_fd = -1,
                           .new_session = true}));
    return Removal(std::move(pipe.write_end), std::move(child));
  }
  Removal(Removal&&) noexcept = default;
  Removal& operator=(Removal&&) = delete;
  ~Removal() {
    if (!end_.valid()) {
      return;
    }
    end_.reset();
    if (const auto status = child_.wait(); !status || !status->success()) {
      LOG_WARN("an image that was made for the import could not be removed");
    }
  }

 private:
  Removal(sys::UniqueFd end, sys::Child child) : end_(std::move(end)), child_(std::move(child)) {}

  sys::UniqueFd end_;
  sys::Child child_;
};

/// The image of what is wanted, as a file.
Result<OpenArchive> take(const Engine& engine, const EngineRequest& request, Kind kind) {
  if (kind == Kind::image) {
    return engine.save(request.name);
  }
  const std::string image = format("localhost/devenv-import-{}:latest", sys::random_hex(8));
  TRY_ASSIGN(const Removal removal, Removal::promise(request.engine, image));
  TRY(engine.commit(image));
  return engine.save(image);
}

/// A full name of an image stays its name here.
Result<Reference> name_here(const EngineRequest& request, Kind kind) {
  if (kind == Kind::image && request.name.find('/') != std::string::npos) {
    if (auto reference = Reference::parse(request.name); reference && !reference->digest()) {
      return reference;
    }
  }
  return Reference::parse(default_import_name(request.name));
}

Result<ImageRecord> import_it(const Context& context,
                              const EngineRequest& request,
                              const std::optional<Reference>& name,
                              const Platform& platform) {
  if (request.engine != "podman" && request.engine != "docker") {
    return fail(Error(ErrorCode::usage,
                      format("'{}' is no engine that is known", text::sanitize(request.engine)))
                    .with_hint("podman and docker are"));
  }
  if (!sys::find_program(request.engine)) {
    return fail(ErrorCode::unsupported, format("{} is not installed", request.engine));
  }
  const Engine engine(context, request);
  TRY_ASSIGN(const Kind kind, engine.kind());
  TRY_ASSIGN(const Reference reference, name ? Result<Reference>(*name) : name_here(request, kind));
  // A signal lets go of the container's image before it ends us.
  TRY(context.cancellation.hold_signals());
  TRY_ASSIGN(const OpenArchive archive, take(engine, request, kind));
  return import_opened(context, archive, reference.string(), {"", platform});
}

}  // namespace

Result<ImageRecord> import_from_engine(const Context& context,
                                       const EngineRequest& request,
                                       const std::optional<Reference>& name,
                                       const Platform& platform) {
  const std::string shown = text::sanitize(request.name);
  context.reporter.step(format("importing {} from {}", shown, text::sanitize(request.engine)));
  auto record = import_it(context, request, name, platform);
  if (!record) {
    const Error error = record.error().context(
        format("cannot import '{}' from {}", shown, text::sanitize(request.engine)));
    return fail(explain_disk_error(error, context.store.path()));
  }
  return record;
}

}  // namespace devenv::image::fetch
