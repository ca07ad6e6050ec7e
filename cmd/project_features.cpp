// SPDX-License-Identifier: MIT
#include "cmd/project_features.hpp"

#include <algorithm>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/instance/features.hpp"
#include "profiles/schema.hpp"

namespace devenv::cmd {
namespace {

using profiles::ChosenFeature;

/// Features of features of features: a mistake, or an attack.
constexpr std::size_t kMostFeatures = 100;

/// Whose a step is, as the scripts see it. A layer is nobody's: it is the same for every user.
const std::vector<std::string> kUsers = {"_REMOTE_USER=root", "_CONTAINER_USER=root",
                                         "_REMOTE_USER_HOME=/root", "_CONTAINER_USER_HOME=/root"};

class Collector {
 public:
  Collector(const FeatureRules& rules, Context& context) : rules_(rules), context_(context) {}

  Result<std::vector<ChosenFeature>> collect(const profiles::Project& project) {
    TRY_ASSIGN(workspace_, context_.workspace());
    for (const profiles::ProjectFeature& feature : project.features) {
      TRY(add(feature.reference, feature.options));
    }
    // The list grows while it is read: what the last one depends on comes at its end.
    for (std::size_t i = 0; i < chosen_.size(); ++i) {
      const auto dependencies = chosen_[i].stored.feature.depends_on;
      for (const image::FeatureDependency& dependency : dependencies) {
        TRY_CONTEXT(add(dependency.reference, dependency.options),
                    format("feature '{}' depends on another one", chosen_[i].reference.string()));
      }
    }
    return std::move(chosen_);
  }

  std::vector<profiles::LockedFeature> take_locked() { return std::move(locked_); }
  std::vector<sys::FileLock> take_locks() { return std::move(locks_); }

 private:
  Result<void> add(const std::string& text, const std::map<std::string, std::string>& options) {
    if (const auto complaint = profiles::check_feature(text)) {
      return fail(Error(ErrorCode::usage, complaint->message).with_hint(complaint->hint));
    }
    if (chosen_.size() >= kMostFeatures) {
      return fail(ErrorCode::usage, format("there are more than {} features", kMostFeatures));
    }
    TRY_ASSIGN(image::Reference reference, image::Reference::parse(text));
    TRY_ASSIGN(const image::Reference pinned, pin(text, reference));
    const auto asking = rules_.offline ? instance::Asking::nobody
                        : rules_.renew ? instance::Asking::always
                                       : instance::Asking::registry;
    auto held = instance::obtain_feature(*workspace_, pinned, asking, context_.ui());
    if (!held && rules_.offline) {
      return fail(held.error().with_hint("fetch it: devenv up --locked"));
    }
    TRY(held);
    profiles::LockedFeature entry{text, held->stored.manifest};
    if (std::find(locked_.begin(), locked_.end(), entry) == locked_.end()) {
      locked_.push_back(std::move(entry));
    }
    locks_.push_back(std::move(held->lock));
    ChosenFeature feature{std::move(reference), options, std::move(held->stored)};
    const bool known = std::any_of(chosen_.begin(), chosen_.end(), [&](const ChosenFeature& other) {
      return profiles::is_same(other, feature);
    });
    if (!known) {
      chosen_.push_back(std::move(feature));
    }
    return {};
  }

  /// With the digest that the lock says.
  Result<image::Reference> pin(const std::string& text, const image::Reference& reference) const {
    const auto found = std::find_if(rules_.pins.begin(), rules_.pins.end(),
                                    [&](const auto& each) { return each.reference == text; });
    if (found == rules_.pins.end() && rules_.only_pinned) {
      return fail(Error(ErrorCode::conflict, format("the lock does not fit: it has no feature '{}'",
                                                    text::sanitize(text)))
                      .with_hint("make it fit: devenv lock"));
    }
    if (found == rules_.pins.end() || reference.digest()) {
      return reference;
    }
    return image::Reference::parse(format("{}@{}", reference.string(), found->manifest.string()));
  }

  const FeatureRules& rules_;
  Context& context_;
  const instance::Workspace* workspace_ = nullptr;
  std::vector<ChosenFeature> chosen_;
  std::vector<profiles::LockedFeature> locked_;
  std::vector<sys::FileLock> locks_;
};

void add_remarks(const ChosenFeature& feature, std::vector<FeatureRemark>& remarks) {
  const std::string name = feature.reference.string();
  const image::Feature& says = feature.stored.feature;
  if (!says.left_out.empty()) {
    remarks.push_back({format("feature '{}' asks for {}, which no environment gives", name,
                              text::sanitize(join(says.left_out, ", "))),
                       ""});
  }
  if (says.deprecated) {
    remarks.push_back({format("feature '{}' is not cared for any more", name), ""});
  }
  for (const std::string& option : profiles::unknown_options(feature)) {
    std::vector<std::string> known;
    for (const image::FeatureOption& each : says.options) {
      known.push_back(each.name);
    }
    const auto close = text::closest(option, known);
    remarks.push_back({format("feature '{}' has no option '{}'", name, text::sanitize(option)),
                       close ? format("did you mean '{}'?", text::sanitize(*close)) : ""});
  }
}

Result<build::Step> step_of(const ChosenFeature& feature,
                            const std::vector<profiles::Variables>& environment,
                            const image::Store& store) {
  build::Step step{.title =
                       format("installing feature {}", text::sanitize(feature.reference.string()))};
  TRY_ASSIGN(const std::vector<std::string> options, profiles::option_variables(feature));
  instance::CommandWords run = {"env"};
  run.insert(run.end(), kUsers.begin(), kUsers.end());
  run.insert(run.end(), options.begin(), options.end());
  run.push_back(format("./{}", image::kFeatureScript));
  step.commands.push_back(with_environment(environment, std::move(run)));
  for (const image::FeatureFile& file : feature.stored.files) {
    step.inputs.push_back({.path = file.path,
                           .source = instance::feature_file(store, feature.stored, file),
                           .digest = file.digest,
                           .executable = file.executable});
  }
  return step;
}

}  // namespace

instance::CommandWords with_environment(const std::vector<profiles::Variables>& environment,
                                        instance::CommandWords command) {
  const std::string line = profiles::exporting_line(environment);
  if (!line.empty()) {
    command.insert(command.begin(), {"sh", "-c", line, "sh"});
  }
  return command;
}

Result<ProjectFeatures> features_of_project(const profiles::Project& project,
                                            const FeatureRules& rules,
                                            Context& context) {
  ProjectFeatures all;
  if (project.features.empty()) {
    return all;
  }
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const image::Store store, workspace->store());
  Collector collector(rules, context);
  TRY_ASSIGN(std::vector<ChosenFeature> chosen, collector.collect(project));
  TRY_ASSIGN(chosen, profiles::in_order(std::move(chosen)));
  for (const ChosenFeature& feature : chosen) {
    add_remarks(feature, all.remarks);
    all.environment.push_back(feature.stored.feature.environment);
    TRY_ASSIGN(build::Step step, step_of(feature, all.environment, store));
    all.steps.push_back(std::move(step));
  }
  all.locked = collector.take_locked();
  all.locks = collector.take_locks();
  return all;
}

}  // namespace devenv::cmd
