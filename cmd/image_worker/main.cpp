// SPDX-License-Identifier: MIT
// devenv-image: everything that parses bytes from outside. Started by devenv; tells it through
// stdout what it does (env/image/worker_events.hpp) and ends with 0 after a result, 1 after an
// error.
#include <csignal>
#include <optional>

#include "cmd/image_worker/options.hpp"
#include "env/base/log.hpp"
#include "env/image/fetch/fetch.hpp"
#include "env/image/registry/credential_store.hpp"
#include "env/image/registry/login.hpp"
#include "env/image/registry/registries_conf.hpp"
#include "env/image/store.hpp"
#include "env/image/worker_events.hpp"
#include "env/sandbox/id_map.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "env/sys/file.hpp"
#include "env/sys/poll.hpp"
#include "env/sys/process.hpp"
#include "env/sys/signals.hpp"
#include "env/sys/users.hpp"

namespace devenv::image_worker {
namespace {

using image::WorkerResult;

constexpr int kEventsFd = 1;
constexpr int kPasswordFd = 0;
constexpr std::size_t kMaxPasswordBytes = 64U * 1024;

/// Makes the user namespace when the first worker needs it: an image that is there needs none.
class LazyNamespace {
 public:
  explicit LazyNamespace(const sandbox::IdMap& map) : map_(map) {}

  Result<sys::Child> spawn(const std::function<int()>& body) {
    if (!held_) {
      TRY_ASSIGN(held_, sandbox::HeldUserNamespace::create(map_));
    }
    return held_->spawn(body);
  }

 private:
  const sandbox::IdMap& map_;
  std::optional<sandbox::HeldUserNamespace> held_;
};

/// A Result of one kind as a Result of any.
template <typename Value>
Result<WorkerResult> any(Result<Value> result) {
  TRY(result);
  return WorkerResult(std::move(*result));
}

Result<WorkerResult> act(const image::fetch::Context& context, const Options& options) {
  if (const auto* pull = std::get_if<PullOptions>(&options.action)) {
    return any(image::fetch::pull(context, pull->reference, options.platform));
  }
  if (const auto* feature = std::get_if<FeatureOptions>(&options.action)) {
    return any(image::fetch::fetch_feature(context, feature->reference));
  }
  if (const auto* import = std::get_if<ImportOptions>(&options.action)) {
    return any(
        image::fetch::import_archive(context, import->archive, import->name, options.platform));
  }
  if (const auto* engine = std::get_if<EngineOptions>(&options.action)) {
    return any(
        image::fetch::import_from_engine(context, engine->request, engine->name, options.platform));
  }
  if (const auto* push = std::get_if<PushOptions>(&options.action)) {
    return any(image::fetch::push(context, push->image));
  }
  if (const auto* save = std::get_if<SaveOptions>(&options.action)) {
    return any(image::fetch::save(context, save->image, save->file));
  }
  if (const auto* config = std::get_if<ConfigOptions>(&options.action)) {
    return any(image::fetch::read_config(context, config->manifest));
  }
  if (const auto* compose = std::get_if<ComposeOptions>(&options.action)) {
    return any(image::fetch::compose(context, compose->image));
  }
  if (const auto* seal = std::get_if<SealOptions>(&options.action)) {
    return any(image::fetch::seal(context, seal->tree, seal->parent));
  }
  return any(
      image::fetch::bootstrap(context, std::get<image::fetch::BootstrapRequest>(options.action)));
}

/// What concerns no store.
Result<std::optional<WorkerResult>> act_without_store(const Options& options) {
  if (const auto* login = std::get_if<LoginOptions>(&options.action)) {
    TRY_ASSIGN(std::string password, sys::read_all(kPasswordFd, kMaxPasswordBytes));
    image::registry::Timeouts timeouts;
    timeouts.stall = options.timeout.value_or(timeouts.stall);
    TRY_ASSIGN(WorkerResult result,
               any(image::registry::log_in(login->registry,
                                           {.user = login->user, .password = std::move(password)},
                                           timeouts, &sys::get_variable)));
    return std::optional(std::move(result));
  }
  if (const auto* logout = std::get_if<LogoutOptions>(&options.action)) {
    TRY_ASSIGN(const std::string name, image::registry::parse_login_name(logout->registry));
    TRY_ASSIGN(WorkerResult result,
               any(image::registry::remove_credentials(name, &sys::get_variable)));
    return std::optional(std::move(result));
  }
  if (const auto* short_name = std::get_if<QualifyOptions>(&options.action)) {
    TRY_ASSIGN(const auto conf, image::registry::load_registries_conf(&sys::get_variable));
    TRY_ASSIGN(const image::Reference full, conf.qualify(short_name->reference));
    return std::optional(WorkerResult(image::FullName{full.string()}));
  }
  return std::nullopt;
}

Result<WorkerResult> run(const std::vector<std::string>& arguments,
                         Reporter& reporter,
                         image::fetch::Cancellation& cancellation) {
  TRY_ASSIGN(const Options options, parse_options(arguments, sys::get_variable));
  TRY_ASSIGN(std::optional<WorkerResult> done, act_without_store(options));
  if (done) {
    return *std::move(done);
  }
  TRY_ASSIGN(const sys::User user, sys::current_user());
  TRY_ASSIGN(const sandbox::IdMap map, sandbox::id_map_for_caller(user));
  TRY_ASSIGN(const image::Store store, image::Store::open(options.store, map.to_string()));
  LazyNamespace user_namespace(map);
  image::fetch::Context context{
      .store = store,
      .reporter = reporter,
      .cancellation = cancellation,
      .spawn_as_root = [&](const std::function<int()>& body) { return user_namespace.spawn(body); },
      .limits = {},
      .timeouts = {},
      .get_variable = &sys::get_variable};
  if (options.max_size) {
    context.limits.max_bytes = options.max_size->bytes;
  }
  if (options.max_ratio) {
    context.limits.max_ratio = *options.max_ratio;
  }
  if (options.timeout) {
    context.timeouts.stall = *options.timeout;
  }
  const auto* const import = std::get_if<ImportOptions>(&options.action);
  const auto* const engine = std::get_if<EngineOptions>(&options.action);
  context.keeps_names =
      (import != nullptr && !import->has_name) || (engine != nullptr && !engine->name);
  return act(context, options);
}

/// The exit code; does not return when a signal ended the work.
int work(const std::vector<std::string>& arguments) {
  log::set_level(log::level_from_string(sys::get_variable("DEVENV_LOG")));
  sys::ignore_signal(SIGPIPE);
  sys::raise_open_file_limit();
  image::EventWriter events(kEventsFd);
  image::fetch::Cancellation cancellation(kEventsFd);
  const auto result = run(arguments, events, cancellation);
  if (result) {
    events.result(*result);
    return 0;
  }
  events.error(result.error());
  if (cancellation.signal() != 0) {
    sys::die_by_signal(cancellation.signal());
  }
  return 1;
}

}  // namespace
}  // namespace devenv::image_worker

int main(int argc, char** argv) {
  devenv::sys::fill_standard_fds();
  return devenv::image_worker::work({argv + 1, argv + argc});
}
