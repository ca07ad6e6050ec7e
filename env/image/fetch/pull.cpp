// SPDX-License-Identifier: MIT
#include <algorithm>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"
#include "env/image/codec/hash.hpp"
#include "env/image/fetch/chunk_plan.hpp"
#include "env/image/fetch/fetch.hpp"
#include "env/image/fetch/image_plan.hpp"
#include "env/image/fetch/install.hpp"
#include "env/image/fetch/workers.hpp"
#include "env/image/registry/connector.hpp"

namespace devenv::image::fetch {
namespace {

using registry::FetchedManifest;
using registry::PullSource;
using registry::RegistryClient;

/// A document that an earlier pull has stored; nullopt when it is not there or damaged.
std::optional<Document> stored(const Store& store, const Digest& digest) {
  auto bytes = store.read_blob(digest);
  if (!bytes || sha256(*bytes) != digest) {
    return std::nullopt;
  }
  return Document{digest, std::move(*bytes)};
}

struct ResolvedManifest {
  Document document;
  Manifest manifest;
};

Result<void> check_manifest(const FetchedManifest& fetched) {
  TRY(parse_manifest(fetched.bytes, fetched.content_type));
  return {};
}

/// By digest, from the store or the registry.
Result<FetchedManifest> get_manifest(const Store& store,
                                     PullSource& source,
                                     const Descriptor& wanted) {
  if (auto document = stored(store, wanted.digest)) {
    return FetchedManifest{std::move(document->bytes), wanted.media_type, wanted.digest};
  }
  return source.manifest(wanted.digest.string(), check_manifest);
}

/// The manifest for the platform: follows indexes.
Result<ResolvedManifest> resolve(const Store& store,
                                 PullSource& source,
                                 const Reference& reference,
                                 const Platform& platform) {
  auto first = reference.digest()
                   ? get_manifest(store, source, Descriptor{"", *reference.digest(), 0})
                   : source.manifest(reference.selector(), check_manifest);
  TRY(first);
  FetchedManifest fetched = std::move(*first);
  for (int depth = 0; depth <= kMaxIndexDepth; ++depth) {
    TRY_ASSIGN(ManifestDocument document, parse_manifest(fetched.bytes, fetched.content_type));
    if (auto* manifest = std::get_if<Manifest>(&document)) {
      return ResolvedManifest{{fetched.digest, std::move(fetched.bytes)}, std::move(*manifest)};
    }
    TRY_ASSIGN(const IndexEntry entry, choose_entry(std::get<Index>(document), platform));
    TRY_ASSIGN(fetched, get_manifest(store, source, entry.manifest));
    if (fetched.bytes.size() != entry.manifest.size_bytes) {
      return fail(ErrorCode::integrity, format("manifest {} has {} bytes, but the index says {}",
                                               entry.manifest.digest.string(), fetched.bytes.size(),
                                               entry.manifest.size_bytes));
    }
  }
  return fail(ErrorCode::integrity, "indexes are nested too deeply");
}

Result<Document> get_config(const Store& store, PullSource& source, const Descriptor& wanted) {
  if (auto document = stored(store, wanted.digest)) {
    return std::move(*document);
  }
  TRY_ASSIGN(std::string bytes, source.document(wanted));
  return Document{wanted.digest, std::move(bytes)};
}

/// From the first place that serves what it should. What a mirror sends is only known to be wrong
/// when all of it has been read, by another process.
class BlobDownload : public Download {
 public:
  BlobDownload(const Context& context, PullSource& source, Descriptor blob)
      : source_(source), blob_(std::move(blob)), context_(context) {}

  Result<void> run(std::uint64_t have, const RegistryClient::Append& append) override {
    return source_.download(blob_, have, append);
  }
  Standing standing() const override { return source_.standing(); }
  void learn(const Standing& standing) override {
    began_ = standing.began;
    source_.learn(standing);
  }
  bool elsewhere(const Error& error) override {
    const auto passed_over = source_.pass_over(began_, error);
    if (passed_over && !passed_over->empty()) {
      context_.reporter.warn(
          format("mirror '{}' serves a damaged layer {}: it is fetched elsewhere", *passed_over,
                 blob_.digest.abbreviated()),
          "");
    }
    return passed_over.has_value();
  }

 protected:
  PullSource& source_;
  const Descriptor blob_;

 private:
  const Context& context_;
  std::size_t began_ = 0;
};

/// Of a layer with a table of contents, what is not here.
class PartsDownload : public BlobDownload {
 public:
  PartsDownload(const Context& context,
                PullSource& source,
                Descriptor blob,
                std::shared_ptr<const ChunkPlan> chunks)
      : BlobDownload(context, source, std::move(blob)), chunks_(std::move(chunks)) {}

  Result<void> run(std::uint64_t have, const RegistryClient::Append& append) override {
    return fetch_parts(*chunks_, have, [&](std::uint64_t begin, std::uint64_t end) {
      return source_.download_part(blob_, begin, end, append);
    });
  }

 private:
  const std::shared_ptr<const ChunkPlan> chunks_;
};

/// Looked up only when there is something to leave out.
KnownFiles known_files_for(const Context& context, const ImagePlan& plan) {
  const bool wanted =
      std::any_of(plan.layers.begin(), plan.layers.end(), [&](const LayerPlan& layer) {
        return layer.contents && !context.store.has_layer(layer.chain_id);
      });
  return wanted ? known_files(context.store) : KnownFiles();
}

/// Reads the table of contents of the layer, and plans to leave out what is here. Whatever is wrong
/// with it, the layer can be had as a whole.
Result<void> leave_out_known(const Context& context,
                             PullSource& source,
                             const Descriptor& blob,
                             const KnownFiles& known,
                             LayerPlan& layer) {
  const BlobReader read = [&](std::uint64_t begin, std::uint64_t end) -> Result<std::string> {
    std::string bytes;
    TRY(source.download_part(blob, begin, end, [&](std::string_view piece) -> Result<void> {
      bytes += piece;
      return {};
    }));
    return bytes;
  };
  auto contents = read_contents(context.cancellation, *blob.contents, blob.size_bytes, read);
  if (!contents) {
    if (contents.error().code() == ErrorCode::interrupted) {
      return fail(contents.error());
    }
    LOG_INFO("layer {} is fetched as a whole: {}", blob.digest.abbreviated(),
             contents.error().to_line());
    return {};
  }
  auto plan = plan_chunks(*contents, blob.size_bytes, known);
  layer.large_files = std::move(contents->files);
  if (!plan) {
    return {};
  }
  LOG_INFO("layer {}: {} of {} bytes have to be fetched", blob.digest.abbreviated(),
           plan->fetched_bytes, blob.size_bytes);
  layer.chunks = std::make_shared<const ChunkPlan>(std::move(*plan));
  layer.chunk_bytes =
      Downloaded{format("{}.{}", context.store.partial_file(blob.digest), layer.chunks->name),
                 std::make_shared<PartsDownload>(context, source, blob, layer.chunks)};
  return {};
}

Result<ImagePlan> plan_pull(const Context& context,
                            PullSource& source,
                            const Reference& reference,
                            const Platform& platform) {
  TRY_ASSIGN(ResolvedManifest resolved, resolve(context.store, source, reference, platform));
  TRY_ASSIGN(Document config, get_config(context.store, source, resolved.manifest.config));
  TRY_ASSIGN(ImagePlan plan, plan_image(reference.string(), std::move(resolved.document),
                                        resolved.manifest.layers, std::move(config)));
  if (!runs_on(plan.parsed_config.platform, platform)) {
    return fail(
        Error(ErrorCode::unsupported,
              format("the image is for {}, not for {}",
                     text::sanitize(plan.parsed_config.platform.string()), platform.string())));
  }
  const KnownFiles known = known_files_for(context, plan);
  for (std::size_t i = 0; i < plan.layers.size(); ++i) {
    const Descriptor blob = resolved.manifest.layers[i];
    if (!known.empty() && blob.contents && !context.store.has_layer(plan.layers[i].chain_id)) {
      TRY(leave_out_known(context, source, blob, known, plan.layers[i]));
    }
    plan.layers[i].bytes = Downloaded{context.store.partial_file(blob.digest),
                                      std::make_shared<BlobDownload>(context, source, blob)};
  }
  return plan;
}

}  // namespace

Result<ImageRecord> pull(const Context& context,
                         const Reference& reference,
                         const Platform& platform) {
  context.reporter.step(format("pulling {}", reference.string()));
  const std::string what = format("cannot pull '{}'", reference.string());
  TRY_ASSIGN_CONTEXT(const auto connector,
                     registry::Connector::load(context.get_variable, context.timeouts), what);
  TRY_ASSIGN_CONTEXT(PullSource source, connector.pull_source(reference), what);
  TRY_ASSIGN_CONTEXT(const ImagePlan plan, plan_pull(context, source, reference, platform), what);
  // The workers of the layers are forked from here.
  source.disconnect();
  auto record = install_image(context, plan);
  if (!record) {
    const bool bad_bytes = record.error().code() == ErrorCode::integrity;
    const Error error = bad_bytes ? source.explain(record.error()) : record.error();
    return fail(explain_disk_error(error.context(what), context.store.path()));
  }
  return record;
}

}  // namespace devenv::image::fetch
