// SPDX-License-Identifier: MIT
// The layers of a project's root: from the lock, from the store, from the registry, or built.
#include <algorithm>

#include "cmd/project_record.hpp"
#include "cmd/project_up.hpp"
#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/image/platform.hpp"
#include "env/instance/images.hpp"
#include "env/instance/qualify.hpp"
#include "env/instance/staging.hpp"
#include "env/sys/file.hpp"

namespace devenv::cmd {
namespace {

Error not_here(std::string_view what) {
  return Error(ErrorCode::not_found, format("{} is not here, and --frozen fetches nothing", what))
      .with_hint("devenv up --locked");
}

/// "registry/name:tag@digest"
Result<instance::FromRegistry> pinned(const std::string& reference, const Digest& digest) {
  TRY_ASSIGN(image::Reference parsed, image::Reference::parse(reference));
  if (!parsed.digest()) {
    TRY_ASSIGN(parsed, image::Reference::parse(format("{}@{}", reference, digest.string())));
  }
  return instance::FromRegistry{.reference = std::move(parsed), .fallback = std::nullopt};
}

class RootMaker {
 public:
  RootMaker(const profiles::Project& project, const UpFlags& flags, Context& context)
      : project_(project), flags_(flags), context_(context) {}

  Result<ProjectRoot> make() {
    TRY_ASSIGN(workspace_, context_.workspace());
    if (!flags_.without_lock) {
      TRY_ASSIGN(lock_, load_project_lock(project_));
    }
    TRY_ASSIGN(const Origin origin, origin_of_project(project_, context_));
    TRY(check_lock(origin));
    if (auto locked = find_locked(origin); !locked || *locked) {
      return locked ? Result<ProjectRoot>(**std::move(locked)) : fail(locked.error());
    }
    TRY_ASSIGN(image::ImageRecord image, base_image(origin));
    TRY_ASSIGN(ProjectSteps wanted,
               steps_of_project(project_, origin, image, steps_before(), context_));
    tell(wanted.remarks);
    TRY(check_keys(image, wanted.steps));
    TRY_ASSIGN(std::vector<build::BuiltLayer> layers, layers_of(image, wanted.steps));
    std::vector<Digest> chain = build::chain_of(image, layers);
    return root_of(std::move(image), std::move(layers), std::move(chain), std::move(wanted));
  }

 private:
  bool wants_lock() const { return flags_.locked || flags_.frozen; }

  /// "devenv lock", for this variant.
  std::string lock_command() const {
    return project_.variant.empty() ? "devenv lock"
                                    : format("devenv lock --profile {}", project_.variant);
  }

  Error stale(std::string_view why) const {
    return Error(ErrorCode::conflict, format("{} does not fit: {}", lock_in_use(project_), why))
        .with_hint("make it fit: " + lock_command());
  }

  void tell(const std::vector<FeatureRemark>& remarks) {
    for (const FeatureRemark& remark : remarks) {
      context_.ui().warn(remark.message, remark.hint);
    }
  }

  static ProjectRoot root_of(image::ImageRecord image,
                             std::vector<build::BuiltLayer> layers,
                             std::vector<Digest> chain,
                             ProjectSteps wanted) {
    std::vector<std::string> before = image.environment;
    for (const profiles::Variables& variables : wanted.environment) {
      profiles::set_variables(variables, image.environment);
    }
    // Login shells set PATH anew, and get back what is in front of it.
    std::vector<std::string> path = profiles::added_directories(before, image.environment);
    return {.image = std::move(image),
            .layers = std::move(layers),
            .chain = std::move(chain),
            .image_environment = std::move(before),
            .groups = std::move(wanted.groups),
            .manager = std::move(wanted.manager),
            .steps = std::move(wanted.steps),
            .locks = {},
            .features = std::move(wanted.features),
            .path = std::move(path)};
  }

  /// What was installed together the last time: what the lock says, else what was done here.
  StepsBefore steps_before() const {
    StepsBefore before;
    before.features = {
        .pins = {}, .only_pinned = wants_lock(), .offline = flags_.frozen, .renew = flags_.renew};
    if (lock_) {
      before.features.pins = lock_->features;
      before.manager = lock_->manager;
      for (const profiles::LockedLayer& layer : lock_->layers) {
        if (!layer.packages.empty()) {
          before.groups.push_back(layer.packages);
        }
      }
      return before;
    }
    const auto record =
        load_project_record(workspace_->paths.data, project_.directory, flags_.project.variant);
    before.groups = record ? record->groups : PackageGroups();
    return before;
  }

  /// A lock of another base or machine counts for nothing.
  Result<void> check_lock(const Origin& origin) {
    if (!lock_ && wants_lock()) {
      return fail(Error(ErrorCode::not_found, format("there is no {}", lock_in_use(project_)))
                      .with_hint("make it: " + lock_command()));
    }
    if (!lock_) {
      return {};
    }
    const std::string here = image::host_platform().architecture;
    TRY_ASSIGN(const bool is_of_base, is_of(origin));
    const bool fits_base = lock_->base == project_.base && is_of_base;
    if (wants_lock() && !fits_base) {
      return fail(stale(format("it is of base '{}', and devenv.toml says '{}'",
                               text::sanitize(lock_->base), text::sanitize(project_.base))));
    }
    if (wants_lock() && lock_->architecture != here) {
      return fail(stale(
          format("it is for {}, this machine is {}", text::sanitize(lock_->architecture), here)));
    }
    if (!fits_base || lock_->architecture != here) {
      lock_.reset();
    }
    return {};
  }

  /// Whether the lock's image is one of the repository that the base names: it pins which, and does
  /// not choose another.
  Result<bool> is_of(const Origin& origin) const {
    const auto* const registry = std::get_if<instance::FromRegistry>(&origin.source);
    if (registry == nullptr || lock_->image.starts_with("localhost/")) {
      return true;
    }
    TRY_ASSIGN(const image::Reference named,
               instance::qualify(*workspace_, registry->reference, context_.ui()));
    const auto pinned_one = image::Reference::parse(lock_->image);
    return pinned_one && pinned_one->same_repository(named);
  }

  bool is_pinned(const image::ImageRecord& image) const {
    return image.layers == lock_->image_layers && image.environment == lock_->image_environment;
  }

  /// Everything as the lock says, when all of it is in the store or in the registry it names.
  /// nullopt when something has to be built, or the lock does not fit the steps.
  Result<std::optional<ProjectRoot>> find_locked(const Origin& origin) {
    if (!lock_ || lock_->layers.empty()) {
      return std::nullopt;
    }
    TRY_ASSIGN(const image::Store store, workspace_->store());
    image::ImageRecord base{.reference = lock_->image,
                            .manifest_digest = lock_->manifest,
                            .config_digest = lock_->manifest,
                            .layers = lock_->image_layers,
                            .environment = lock_->image_environment};
    TRY_ASSIGN(const auto image, store.find_image(lock_->manifest.string()));
    const bool is_base_here = image && is_pinned(*image);
    if (is_base_here) {
      base = *image;
    }
    std::vector<build::BuiltLayer> layers;
    for (const profiles::LockedLayer& layer : lock_->layers) {
      layers.push_back({.key = layer.key,
                        .chain_id = layer.chain_id,
                        .diff_id = layer.diff_id,
                        .title = layer.title,
                        .report = {},
                        .reused = true});
    }
    const bool all_here = is_base_here && std::all_of(layers.begin(), layers.end(),
                                                      [&](const build::BuiltLayer& layer) {
                                                        return store.has_layer(layer.chain_id);
                                                      });
    TRY_ASSIGN(const bool pushed_here, is_pushed_here(store));
    if (!all_here && (lock_->pushed.empty() || (flags_.frozen && !pushed_here))) {
      return flags_.frozen ? fail(not_here("what the lock names"))
                           : Result<std::optional<ProjectRoot>>(std::nullopt);
    }
    TRY_ASSIGN(ProjectSteps wanted,
               steps_of_project(project_, origin, base, steps_before(), context_));
    if (const auto why = why_stale(base, wanted.steps)) {
      return wants_lock() ? fail(stale(*why)) : Result<std::optional<ProjectRoot>>(std::nullopt);
    }
    tell(wanted.remarks);
    std::vector<Digest> chain = build::chain_of(base, layers);
    if (!all_here) {
      TRY_ASSIGN(base, fetch_pushed(base, chain));
    }
    return root_of(std::move(base), std::move(layers), std::move(chain), std::move(wanted));
  }

  Result<bool> is_pushed_here(const image::Store& store) const {
    if (lock_->pushed.empty()) {
      return false;
    }
    TRY_ASSIGN(const image::Reference reference, image::Reference::parse(lock_->pushed));
    TRY_ASSIGN(const auto found, store.find_image(reference.digest() ? reference.digest()->string()
                                                                     : reference.string()));
    return found.has_value();
  }

  /// The image that has everything; known by the base's name.
  Result<image::ImageRecord> fetch_pushed(const image::ImageRecord& base,
                                          const std::vector<Digest>& chain) {
    TRY_ASSIGN(image::Reference reference, image::Reference::parse(lock_->pushed));
    context_.ui().step(format("fetching {}", text::sanitize(lock_->pushed)));
    TRY_ASSIGN(image::ImageRecord pulled,
               instance::obtain_image(*workspace_,
                                      instance::FromRegistry{std::move(reference), std::nullopt},
                                      instance::PullPolicy::if_missing, context_.ui()));
    if (pulled.layers != chain || pulled.environment != lock_->image_environment) {
      return fail(
          Error(ErrorCode::integrity, format("{} is not what {} pins",
                                             text::sanitize(lock_->pushed), lock_in_use(project_)))
              .with_hint("push again: devenv push"));
    }
    pulled.reference = base.reference;
    pulled.manifest_digest = base.manifest_digest;
    return pulled;
  }

  Result<image::ImageRecord> base_image(const Origin& origin) {
    const bool in_registry = std::holds_alternative<instance::FromRegistry>(origin.source);
    if (lock_) {
      TRY_ASSIGN(const image::Store store, workspace_->store());
      TRY_ASSIGN(auto found, store.find_image(lock_->manifest.string()));
      if (found && is_pinned(*found)) {
        return *std::move(found);
      }
      if (flags_.frozen) {
        return fail(not_here(format("image {}", text::sanitize(lock_->image))));
      }
      if (in_registry && !lock_->image.starts_with("localhost/")) {
        TRY_ASSIGN(instance::FromRegistry source, pinned(lock_->image, lock_->manifest));
        return instance::obtain_image(*workspace_, std::move(source),
                                      instance::PullPolicy::if_missing, context_.ui());
      }
    }
    return instance::obtain_image(*workspace_, origin.source, instance::PullPolicy::if_missing,
                                  context_.ui());
  }

  std::optional<std::string> why_stale(const image::ImageRecord& image,
                                       const std::vector<build::Step>& steps) const {
    if (steps.size() != lock_->layers.size()) {
      return format("it has {} steps, and devenv.toml {}", lock_->layers.size(), steps.size());
    }
    Digest below = image.layers.back();
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (build::step_key(below, image.environment, steps[i]) != lock_->layers[i].key) {
        return format("step '{}' is another one", steps[i].title);
      }
      below = lock_->layers[i].chain_id;
    }
    return std::nullopt;
  }

  Result<void> check_keys(const image::ImageRecord& image, const std::vector<build::Step>& steps) {
    if (!wants_lock()) {
      return {};
    }
    if (!is_pinned(image)) {
      return fail(stale(format("image {} has changed", text::sanitize(lock_->image))));
    }
    const auto why = why_stale(image, steps);
    return why ? fail(stale(*why)) : Result<void>();
  }

  Result<std::vector<build::BuiltLayer>> layers_of(const image::ImageRecord& image,
                                                   const std::vector<build::Step>& steps) {
    TRY_ASSIGN(const image::Store store, workspace_->store());
    if (flags_.frozen) {
      std::vector<build::BuiltLayer> found = build::find_layers(store, image, steps);
      if (found.size() < steps.size()) {
        return fail(not_here(format("the layer of step '{}'", steps[found.size()].title)));
      }
      return found;
    }
    const std::string log =
        format("{}/logs/{:016x}.log", workspace_->paths.data, text::fnv1a(project_.directory));
    auto built = build::build_layers(*workspace_, {.base = image, .steps = steps, .log_file = log},
                                     context_.ui());
    const bool is_step = !built && built.error().hint().find(log) != std::string::npos;
    if (is_step) {
      show_end(log);
    }
    TRY(std::move(built));
    TRY(check_digests(*built));
    return built;
  }

  /// What was built here, because nobody had pushed it, is hardly ever the same.
  Result<void> check_digests(const std::vector<build::BuiltLayer>& built) {
    if (!flags_.locked) {
      return {};
    }
    for (std::size_t i = 0; i < built.size(); ++i) {
      if (built[i].chain_id != lock_->layers[i].chain_id) {
        return fail(
            Error(ErrorCode::conflict, format("step '{}' came to another layer here than {} pins",
                                              built[i].title, lock_in_use(project_)))
                .with_hint("who has that layer puts it into a registry: devenv push"));
      }
    }
    return {};
  }

  void show_end(const std::string& log) {
    constexpr std::size_t kLines = 20;
    const auto contents = sys::read_file_if_exists(log);
    if (!contents || !*contents) {
      return;
    }
    const auto lines = text::lines(**contents);
    for (std::size_t i = lines.size() - std::min(lines.size(), kLines); i < lines.size(); ++i) {
      context_.ui().note("  | " + text::sanitize(lines[i]));
    }
  }

  const profiles::Project& project_;
  const UpFlags& flags_;
  Context& context_;
  const instance::Workspace* workspace_ = nullptr;
  std::optional<profiles::ProjectLock> lock_;
};

}  // namespace

std::string lock_in_use(const profiles::Project& project) {
  std::string own = profiles::lock_file(project.variant);
  const bool has_own = project.texts.contains(format("{}/{}", project.directory, own));
  return has_own ? own : profiles::lock_file("");
}

Result<std::optional<profiles::ProjectLock>> load_project_lock(const profiles::Project& project) {
  const std::string path = format("{}/{}", project.directory, lock_in_use(project));
  const auto text = project.texts.find(path);
  if (text == project.texts.end()) {
    return std::nullopt;
  }
  auto lock = profiles::read_lock(text->second, path);
  if (!lock) {
    return fail(lock.error().with_hint("make it anew: devenv lock"));
  }
  return std::optional(*std::move(lock));
}

Result<ProjectRoot> make_project_root(const profiles::Project& project,
                                      const UpFlags& flags,
                                      Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  constexpr int kTries = 3;
  for (int attempt = 1;; ++attempt) {
    TRY_ASSIGN(ProjectRoot root, RootMaker(project, flags, context).make());
    TRY_ASSIGN(const image::Store store, workspace->store());
    // A prune may have come in between.
    auto locks = instance::lock_layers(store, root.chain);
    if (locks) {
      root.locks = *std::move(locks);
      return root;
    }
    if (attempt == kTries) {
      return fail(locks.error());
    }
  }
}

}  // namespace devenv::cmd
