// SPDX-License-Identifier: MIT
// The caller's environments, profiles and images as completion candidates. Whatever cannot be read
// has no candidates: nobody wants an error in the middle of a line that is being typed.
#include "cmd/complete.hpp"
#include "cmd/names.hpp"
#include "env/instance/catalog.hpp"

namespace devenv::cmd {
namespace {

class CallersData final : public CandidateSource {
 public:
  explicit CallersData(Context& context) : context_(context) {}

  std::vector<Candidate> environments() override {
    std::vector<Candidate> found;
    for (const std::string& name :
         environment_names(context_).value_or(std::vector<std::string>{})) {
      found.push_back({name, "environment"});
    }
    return found;
  }

  std::vector<Candidate> profiles() override {
    const auto catalog = context_.profiles();
    if (!catalog) {
      return {};
    }
    std::vector<Candidate> found;
    // Only the names: reading every profile for its summary takes longer than people wait for Tab.
    for (const std::string& name : catalog->names().value_or(std::vector<std::string>{})) {
      found.push_back({name, "profile"});
    }
    return found;
  }

  std::vector<Candidate> releases(const std::string& profile) override {
    const auto catalog = context_.profiles();
    if (!catalog) {
      return {};
    }
    const auto found = catalog->find(profile);
    if (!found || !*found) {
      return {};
    }
    std::vector<Candidate> all;
    for (const profiles::Release& release : (*found)->releases) {
      all.push_back({profile + ":" + release.name, release.image});
      for (const std::string& alias : release.aliases) {
        all.push_back({profile + ":" + alias, release.name});
      }
    }
    return all;
  }

  std::vector<Candidate> images() override {
    const auto store = context_.store_if_exists();
    if (!store || !*store) {
      return {};
    }
    const auto records = (*store)->images();
    if (!records) {
      return {};
    }
    std::vector<Candidate> found;
    for (const image::ImageRecord& record : *records) {
      found.push_back({record.reference, "image " + record.manifest_digest.abbreviated()});
    }
    return found;
  }

 private:
  Context& context_;
};

}  // namespace

Result<ExitCode> run_complete(const CompleteOptions& options, Context& context) {
  CallersData source(context);
  std::string lines;
  for (const Candidate& candidate : complete(options.command, source)) {
    lines += text::sanitize(candidate.text) + "\t" + text::sanitize(candidate.description) + "\n";
  }
  context.ui().data(lines);
  return ExitCode::done;
}

}  // namespace devenv::cmd
