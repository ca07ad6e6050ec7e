// SPDX-License-Identifier: MIT
#include "tests/integration/fetch/fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "env/base/json.hpp"
#include "env/base/text.hpp"
#include "env/image/reference.hpp"
#include "env/image/worker_events.hpp"

namespace devenv::image::fetch::testing {
namespace {

/// Where the programs of this build are; the test may run from a copy of that folder.
std::string program_folder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
}

std::vector<std::string> environment_with(const Variables& variables) {
  std::vector<std::string> all = variables;
  for (const std::string& entry : sys::current_environment()) {
    const std::string name = entry.substr(0, entry.find('=') + 1);
    const bool replaced =
        std::any_of(variables.begin(), variables.end(),
                    [&](const std::string& own) { return own.starts_with(name); });
    // No proxy stands between the test and its own registry.
    const bool proxy = text::to_lower(name).find("_proxy=") != std::string::npos;
    if (!replaced && !proxy) {
      all.push_back(entry);
    }
  }
  return all;
}

sys::Command command_for(const Arguments& arguments, const Variables& variables) {
  sys::Command command{.argv = {program_folder() + "/devenv-image"}};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.environment = environment_with(variables);
  command.die_with_parent = true;
  return command;
}

class Collector final : public Reporter {
 public:
  explicit Collector(Run& run) : run_(run) {}
  void step(std::string_view message) override { run_.steps.emplace_back(message); }
  void warn(std::string_view message, std::string_view) override {
    run_.warnings.emplace_back(message);
  }
  void progress(std::string_view id,
                std::string_view activity,
                std::uint64_t done,
                std::uint64_t total,
                bool finished) override {
    run_.progress.push_back({std::string(id), std::string(activity), done, total, finished});
  }

 private:
  Run& run_;
};

std::string read_text(const std::string& path) {
  auto text = sys::read_file(path);
  REQUIRE_MESSAGE(text.has_value(), path);
  return *text;
}

}  // namespace

std::string StoreFolder::tree(const ImageRecord& record, std::size_t layer) const {
  return path() + "/layers/" + record.layers.at(layer).hex() + "/fs";
}

std::vector<std::string> StoreFolder::images() const {
  const auto text = sys::read_file_if_exists(path() + "/images.json");
  REQUIRE(text);
  std::vector<std::string> references;
  if (*text) {
    const Json document = *json::parse(**text);
    for (const Json& image : **json::get_array(document, "images")) {
      references.push_back(*json::get_string(image, "reference"));
    }
  }
  std::sort(references.begin(), references.end());
  return references;
}

std::vector<std::string> StoreFolder::names(const std::string& folder,
                                            std::string_view ending) const {
  auto all = sys::list_directory(path() + "/" + folder);
  REQUIRE(all);
  std::erase_if(*all, [&](const std::string& name) { return !name.ends_with(ending); });
  return *all;
}

namespace {

template <typename Value>
Value result_of(const Run& run) {
  REQUIRE_MESSAGE(run.outcome.has_value(), run.errors);
  REQUIRE_MESSAGE(run.outcome->has_value(),
                  (*run.outcome ? std::string() : run.outcome->error().to_line()));
  CHECK(run.status.success());
  return std::get<Value>(**run.outcome);
}

}  // namespace

ImageRecord Run::record() const {
  return result_of<ImageRecord>(*this);
}

SealedLayer Run::layer() const {
  return result_of<SealedLayer>(*this);
}

Error Run::error() const {
  REQUIRE_MESSAGE(outcome.has_value(), errors);
  REQUIRE_FALSE(outcome->has_value());
  CHECK(status.code == 1);
  CHECK(status.signal == 0);
  CHECK(errors == "");
  return outcome->error();
}

Arguments pull(const StoreFolder& store, const std::string& reference) {
  return {"pull", "--store", store.path(), reference};
}

Run read_events(const sys::Captured& captured) {
  Run run{.status = captured.status, .errors = captured.err};
  Collector collector(run);
  for (const std::string_view line : text::lines(captured.out)) {
    if (run.first_event.empty()) {
      run.first_event = json::string_or(*json::parse(line), "event", "");
    }
    CHECK_FALSE(run.outcome);  // nothing comes after the outcome
    run.outcome = handle_event(line, collector);
  }
  return run;
}

Run run_worker(const Arguments& arguments, const Variables& variables) {
  const auto captured = sys::run_captured(command_for(arguments, variables));
  REQUIRE(captured);
  return read_events(*captured);
}

RunningWorker::RunningWorker(const Arguments& arguments, const Variables& variables) {
  auto pipe = sys::make_pipe();
  REQUIRE(pipe);
  sys::Command command = command_for(arguments, variables);
  command.stdout_fd = pipe->write_end.get();
  auto errors = sys::make_pipe();
  REQUIRE(errors);
  command.stderr_fd = errors->write_end.get();
  auto child = sys::spawn(command);
  REQUIRE(child);
  child_.emplace(std::move(*child));
  events_ = std::move(pipe->read_end);
  errors_ = std::move(errors->read_end);
}

void RunningWorker::wait_for(std::string_view words) {
  wait_until([&] { return output_.find(words) != std::string::npos; });
}

void RunningWorker::wait_for_bytes() {
  constexpr std::string_view kKey = "\"done_bytes\":";
  wait_until([&] {
    for (std::size_t at = output_.find(kKey); at != std::string::npos;
         at = output_.find(kKey, at + 1)) {
      const std::size_t digit = at + kKey.size();
      if (digit < output_.size() && output_[digit] != '0') {
        return true;
      }
    }
    return false;
  });
}

void RunningWorker::wait_until(const std::function<bool()>& seen) {
  std::array<char, 4096> block{};
  while (!seen()) {
    const auto count = sys::read_some(events_.get(), block);
    REQUIRE(count);
    REQUIRE_MESSAGE(*count > 0, output_);
    output_.append(block.data(), *count);
  }
}

Run RunningWorker::finish() {
  if (events_.valid()) {
    auto rest = sys::read_all(events_.get());
    REQUIRE(rest);
    output_ += *rest;
  }
  // A few lines at most: they fit into the pipe while nobody reads them.
  const auto errors = sys::read_all(errors_.get());
  REQUIRE(errors);
  const auto status = child_->wait();
  REQUIRE(status);
  return read_events({*status, output_, *errors});
}

FaultRegistry::FaultRegistry(const char* script) {
  const std::string parent = sys::get_variable("TMPDIR");
  auto folder =
      sys::TemporaryDirectory::create(parent.empty() ? "/var/tmp" : parent, "devenv-registry-");
  REQUIRE(folder);
  folder_.emplace(std::move(*folder));
  auto pipe = sys::make_pipe();
  REQUIRE(pipe);
  sys::Command command{
      .argv = {"python3", "-B", program_folder() + "/test-support/" + script, folder_->path()}};
  command.stdout_fd = pipe->write_end.get();
  command.die_with_parent = true;
  auto child = sys::spawn(command);
  REQUIRE(child);
  child_.emplace(std::move(*child));
  pipe->write_end.reset();
  // To the end of the line: a registry that writes it in two pieces must not find the pipe closed.
  std::string line;
  while (!line.ends_with('\n')) {
    std::array<char, 16> block{};
    const auto count = sys::read_some(pipe->read_end.get(), block);
    REQUIRE(count);
    REQUIRE(*count > 0);
    line.append(block.data(), *count);
  }
  port_ = text::trim(line);
  REQUIRE(text::parse_number(port_));
}

std::string FaultRegistry::reference(std::string_view fault, std::string_view tag) const {
  return format("127.0.0.1:{}/{}/image:{}", port_, fault, tag);
}

std::size_t FaultRegistry::requests(const std::vector<std::string>& words) const {
  const std::string log = read_text(folder() + "/requests.log");
  const auto lines = text::lines(log);
  return static_cast<std::size_t>(
      std::count_if(lines.begin(), lines.end(), [&](std::string_view line) {
        return std::all_of(words.begin(), words.end(), [&](const std::string& word) {
          return line.find(word) != std::string_view::npos;
        });
      }));
}

std::string FaultRegistry::blob(const std::string& digest) const {
  return read_text(folder() + "/layout/blobs/sha256/" + digest.substr(digest.find(':') + 1));
}

std::vector<std::string> FaultRegistry::layers(const std::string& tag) const {
  const Json index = *json::parse(read_text(folder() + "/layout/index.json"));
  std::vector<std::string> digests;
  for (const Json& entry : **json::get_array(index, "manifests")) {
    const Json* annotations = *json::get_object(entry, "annotations");
    if (json::string_or(*annotations, "org.opencontainers.image.ref.name", "") == tag) {
      const Json manifest = *json::parse(blob(*json::get_string(entry, "digest")));
      for (const Json& layer : **json::get_array(manifest, "layers")) {
        digests.push_back(*json::get_string(layer, "digest"));
      }
    }
  }
  REQUIRE_FALSE(digests.empty());
  return digests;
}

namespace {

bool have_programs() {
  for (const char* program : {"python3", "zstd"}) {
    if (!sys::find_program(program)) {
      const std::string reason = format("missing: {}", program);
      MESSAGE(reason);
      CHECK_MESSAGE(sys::get_variable("DEVENV_TESTS_MUST_RUN").empty(), reason);
      return false;
    }
  }
  return true;
}

}  // namespace

FaultRegistry* fault_registry() {
  if (!have_programs()) {
    return nullptr;
  }
  static FaultRegistry registry("fault_registry.py");
  return &registry;
}

FaultRegistry* push_registry() {
  if (!have_programs()) {
    return nullptr;
  }
  static FaultRegistry registry("push_registry.py");
  return &registry;
}

}  // namespace devenv::image::fetch::testing
