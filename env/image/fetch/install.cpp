// SPDX-License-Identifier: MIT
#include "env/image/fetch/install.hpp"

#include <algorithm>
#include <set>

#include "env/base/byte_size.hpp"
#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/image/codec/hash.hpp"
#include "env/image/fetch/crew.hpp"
#include "env/image/fetch/lock_set.hpp"
#include "env/image/fetch/nested_root.hpp"
#include "env/image/fetch/publish.hpp"
#include "env/image/fetch/root_task.hpp"
#include "env/image/fetch/sources.hpp"
#include "env/sys/file.hpp"

namespace devenv::image::fetch {
namespace {

using Locks = std::map<Digest, sys::FileLock>;

Error too_large(std::uint64_t bytes, const UnpackLimits& limits) {
  return Error(ErrorCode::integrity,
               format("the image has {} or more, the limit is {}", ByteSize{bytes}.to_string(),
                      ByteSize{limits.max_bytes}.to_string()))
      .with_hint("DEVENV_IMAGE_MAX_SIZE sets the limit");
}

std::set<Digest> missing_layers(const Context& context, const ImagePlan& plan) {
  std::set<Digest> missing;
  for (const LayerPlan& layer : plan.layers) {
    if (!context.store.has_layer(layer.chain_id)) {
      missing.insert(layer.chain_id);
    }
  }
  return missing;
}

/// Which layers are missing is only known for sure when they are locked, and which blobs have to be
/// locked depends on it.
Result<Locks> lock_image(const Context& context, const ImagePlan& plan) {
  while (true) {
    const std::set<Digest> expected = missing_layers(context, plan);
    LockNeeds needs;
    add_need(needs, plan.manifest.digest, LockNeed::keep);
    add_need(needs, plan.config.digest, LockNeed::keep);
    for (const LayerPlan& layer : plan.layers) {
      add_need(needs, layer.chain_id, LockNeed::layer);
      if (expected.count(layer.chain_id) != 0) {
        add_need(needs, layer.digest, LockNeed::make);
      }
    }
    TRY_ASSIGN(Locks locks, take_locks(context, needs));
    const std::set<Digest> missing = missing_layers(context, plan);
    if (std::includes(expected.begin(), expected.end(), missing.begin(), missing.end())) {
      return locks;
    }
  }
}

/// The jobs of missing layers, and for each the place in the image.
struct Work {
  std::vector<LayerJob> jobs;
  std::vector<std::size_t> positions;
};

/// The layer by what is not here of it.
LayerJob job_of_parts(const Context& context, const LayerPlan& layer, LayerJob whole) {
  LayerJob job = whole;
  job.digest = std::nullopt;
  job.size_bytes = layer.chunks->fetched_bytes;
  job.bytes = *layer.chunk_bytes;
  job.chunks = layer.chunks;
  job.whole = std::make_shared<const LayerJob>(std::move(whole));
  job.layers_directory = context.store.path() + "/layers";
  return job;
}

Work plan_work(const Context& context, const ImagePlan& plan) {
  Work work;
  std::set<Digest> planned;
  for (std::size_t i = 0; i < plan.layers.size(); ++i) {
    const LayerPlan& layer = plan.layers[i];
    if (context.store.has_layer(layer.chain_id) || !planned.insert(layer.chain_id).second) {
      continue;
    }
    LayerJob job{.id = format("layer {}", layer.digest.abbreviated()),
                 .directory = format("{}/{}.layer", context.store.temporary_directory(),
                                     layer.chain_id.hex()),
                 .digest = layer.digest,
                 .diff_id = layer.diff_id,
                 .size_bytes = layer.size_bytes,
                 .bytes = layer.bytes};
    work.jobs.push_back(layer.chunks ? job_of_parts(context, layer, std::move(job))
                                     : std::move(job));
    work.positions.push_back(i);
  }
  return work;
}

Result<void> check_size(const Context& context, const std::vector<LayerOutcome>& outcomes) {
  std::uint64_t total = 0;
  for (const LayerOutcome& outcome : outcomes) {
    total += outcome.unpacked.bytes;
  }
  if (total > context.limits.max_bytes) {
    return fail(too_large(total, context.limits));
  }
  return {};
}

std::vector<std::string> partial_files(const std::vector<LayerJob>& jobs) {
  std::vector<std::string> files;
  for (const LayerJob& job : jobs) {
    for (const LayerJob* each : {&job, job.whole.get()}) {
      const auto* downloaded = each == nullptr ? nullptr : std::get_if<Downloaded>(&each->bytes);
      if (downloaded != nullptr) {
        files.push_back(downloaded->partial_file);
      }
    }
  }
  return files;
}

/// Notes what a layer with a table of contents has, for the layers to come. They can do without.
void note_files(const Context& context, const LayerPlan& layer, const LayerJob& job) {
  const auto note = [&]() -> Result<void> {
    if (layer.large_files) {
      return write_large_files(job.directory, *layer.large_files);
    }
    const auto* downloaded = std::get_if<Downloaded>(&job.bytes);
    if (downloaded == nullptr) {
      return {};
    }
    TRY_ASSIGN(const sys::UniqueFd blob, sys::open_file(downloaded->partial_file, O_RDONLY));
    const BlobReader read = [&](std::uint64_t begin, std::uint64_t end) -> Result<std::string> {
      FileSource source(blob.get(), begin, end - begin);
      return read_up_to(source, end - begin);
    };
    TRY_ASSIGN(const Contents contents,
               read_contents(context.cancellation, *layer.contents, layer.size_bytes, read));
    return write_large_files(job.directory, contents.files);
  };
  if (const auto noted = note(); !noted) {
    LOG_INFO("{}: cannot tell what it has: {}", job.id, noted.error().to_line());
  }
}

Result<void> make_layers(const Context& context, const ImagePlan& plan) {
  const Work work = plan_work(context, plan);
  if (work.jobs.empty()) {
    return {};
  }
  std::uint64_t packed = 0;
  for (const LayerJob& job : work.jobs) {
    packed += job.size_bytes;
  }
  if (packed > context.limits.max_bytes) {
    return fail(too_large(packed, context.limits));
  }
  WorkDirectories directories(context);
  for (const LayerJob& job : work.jobs) {
    directories.add(job.directory);
  }
  std::vector<LayerOutcome> outcomes;
  std::vector<std::size_t> misled;
  {
    // Ends before the directories are removed: its workers write there.
    Crew crew(context, work.jobs);
    TRY_ASSIGN(outcomes, crew.run());
    misled = crew.misled();
  }
  TRY(check_size(context, outcomes));
  std::vector<StackedLayer> stack;
  for (const LayerPlan& layer : plan.layers) {
    stack.push_back({layer.chain_id, "", nullptr});
  }
  for (std::size_t i = 0; i < work.jobs.size(); ++i) {
    stack[work.positions[i]].directory = work.jobs[i].directory;
    stack[work.positions[i]].outcome = &outcomes[i];
    const LayerPlan& layer = plan.layers[work.positions[i]];
    if (std::find(misled.begin(), misled.end(), i) != misled.end()) {
      // Either its own table of contents lies, or what is noted of the layers that it was to share
      // with does.
      forget_large_files(context.store, *layer.chunks);
    } else if (layer.contents) {
      note_files(context, layer, work.jobs[i]);
    }
  }
  return publish_layers(context, stack, partial_files(work.jobs), directories);
}

}  // namespace

Result<ImageRecord> install_image(const Context& context, const ImagePlan& plan) {
  TRY(context.cancellation.hold_signals());
  TRY_ASSIGN(const Locks locks, lock_image(context, plan));
  TRY(make_layers(context, plan));
  return record_image(context, plan);
}

Result<ImageRecord> install_root_filesystem(const Context& context,
                                            const std::string& reference,
                                            LayerJob job) {
  TRY(context.cancellation.hold_signals());
  TRY_ASSIGN(Unfinished unfinished, context.store.begin_unfinished("layer"));
  job.directory = unfinished.path;
  WorkDirectories directories(context);
  directories.add(job.directory);
  std::vector<LayerOutcome> outcomes;
  {
    Crew crew(context, {job});
    TRY_ASSIGN(outcomes, crew.run());
  }
  LayerOutcome& outcome = outcomes.front();
  TRY(lift_nested_root(context, job.directory, outcome));
  if (outcome.unpacked.entries == 0) {
    return fail(ErrorCode::integrity, "there are no files in it");
  }
  const std::string architecture =
      outcome.architecture.empty() ? host_platform().architecture : outcome.architecture;
  Document config = make_config(architecture, outcome.diff_id);
  // Described as it is unpacked: the same files give the same image, whatever compressed them.
  const std::vector<Descriptor> layers = {
      {"application/vnd.oci.image.layer.v1.tar", outcome.diff_id, outcome.tar_bytes}};
  Document manifest = make_manifest(config, layers);
  TRY_ASSIGN(const ImagePlan plan,
             plan_image(reference, std::move(manifest), layers, std::move(config)));
  LockNeeds needs;
  add_need(needs, plan.manifest.digest, LockNeed::keep);
  add_need(needs, plan.config.digest, LockNeed::keep);
  add_need(needs, plan.layers[0].chain_id, LockNeed::layer);
  TRY_ASSIGN(const Locks locks, take_locks(context, needs));
  if (!context.store.has_layer(plan.layers[0].chain_id)) {
    TRY(publish_layers(context, {{plan.layers[0].chain_id, job.directory, &outcome}}, {},
                       directories));
  }
  return record_image(context, plan);
}

}  // namespace devenv::image::fetch
