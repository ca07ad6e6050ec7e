// SPDX-License-Identifier: MIT
// An image of the store goes to a registry.
#include <algorithm>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"
#include "env/image/codec/hash.hpp"
#include "env/image/fetch/compose.hpp"
#include "env/image/fetch/outgoing.hpp"
#include "env/image/fetch/publish.hpp"
#include "env/image/registry/connector.hpp"
#include "env/sys/file.hpp"

namespace devenv::image::fetch {
namespace {

using registry::Access;
using registry::HttpBody;
using registry::RegistryClient;

constexpr std::uint64_t kReportEvery = 1024U * 1024;

/// Somewhere the image's blobs may be had.
struct Origin {
  Reference reference;
  RegistryClient client;
  bool answers = true;  ///< false: it was asked once, in vain
};

class Pusher {
 public:
  Pusher(const Context& context, RegistryClient target, Reference reference)
      : context_(context), target_(std::move(target)), reference_(std::move(reference)) {}

  void add_origin(Origin origin) { origins_.push_back(std::move(origin)); }

  /// Makes the registry have the layer; what it has in the end may be described differently.
  Result<ImageLayer> place(const ImageLayer& layer, const Digest& chain_id);
  Result<void> send_documents(const ImagePlan& image);

 private:
  Result<bool> take_from(Origin& origin, const Descriptor& blob, const std::string& id);
  Result<ImageLayer> pack(const Digest& chain_id, const std::string& id);
  Result<void> send_file(int file, const Descriptor& blob, const std::string& id);
  Result<void> send_document(const Document& document);

  const Context& context_;
  RegistryClient target_;
  Reference reference_;
  std::vector<Origin> origins_;
};

Result<ImageLayer> Pusher::place(const ImageLayer& layer, const Digest& chain_id) {
  const std::string id = format("layer {}", layer.blob.digest.abbreviated());
  TRY_ASSIGN(const bool there, target_.has_blob(layer.blob.digest));
  if (there) {
    context_.reporter.progress(id, "there already", layer.blob.size_bytes, layer.blob.size_bytes,
                               true);
    return layer;
  }
  for (Origin& origin : origins_) {
    if (origin.answers) {
      TRY_ASSIGN(const bool taken, take_from(origin, layer.blob, id));
      if (taken) {
        return layer;
      }
    }
  }
  return pack(chain_id, id);
}

Result<bool> Pusher::take_from(Origin& origin, const Descriptor& blob, const std::string& id) {
  const Reference& from = origin.reference;
  if (from.registry() == reference_.registry()) {
    TRY_ASSIGN(const bool mounted, target_.mount_blob(blob.digest, from.repository()));
    if (mounted) {
      context_.reporter.progress(id, "mounted", blob.size_bytes, blob.size_bytes, true);
      return true;
    }
  }
  const auto there = origin.client.has_blob(blob.digest);
  if (!there || !*there) {
    if (!there) {
      origin.answers = false;
      LOG_INFO("{} does not give blob {}: {}", from.string(), blob.digest.abbreviated(),
               there.error().to_line());
    }
    return false;
  }
  TRY_ASSIGN(const sys::UniqueFd file, make_temporary_file(context_));
  Sha256 hash;
  std::uint64_t done = 0;
  const auto append = [&](std::string_view bytes) -> Result<void> {
    hash.update(bytes);
    done += bytes.size();
    context_.reporter.progress(id, "copying", done, blob.size_bytes, false);
    return sys::write_all(file.get(), bytes);
  };
  TRY_CONTEXT(origin.client.download(blob, 0, append),
              format("cannot copy a layer from '{}'", from.string()));
  if (hash.finish() != blob.digest) {
    return fail(ErrorCode::integrity,
                format("'{}' serves other bytes for blob {}", from.string(), blob.digest.string()));
  }
  TRY(send_file(file.get(), blob, id));
  return true;
}

Result<ImageLayer> Pusher::pack(const Digest& chain_id, const std::string& id) {
  target_.disconnect();  // a process is forked
  for (Origin& origin : origins_) {
    origin.client.disconnect();
  }
  TRY_ASSIGN(const PackedLayer packed, pack_stored_layer(context_, chain_id, id));
  const Descriptor& blob = packed.layer.blob;
  TRY_ASSIGN(const bool there, target_.has_blob(blob.digest));
  if (there) {
    context_.reporter.progress(id, "there already", blob.size_bytes, blob.size_bytes, true);
  } else {
    TRY(send_file(packed.file.get(), blob, id));
  }
  return packed.layer;
}

Result<void> Pusher::send_file(int file, const Descriptor& blob, const std::string& id) {
  std::uint64_t reported = 0;
  const HttpBody body{
      .size_bytes = blob.size_bytes,
      .read = [&](std::uint64_t offset, std::span<char> buffer) -> Result<std::size_t> {
        if (offset < reported || offset - reported >= kReportEvery) {
          reported = offset;
          context_.reporter.progress(id, "pushing", offset, blob.size_bytes, false);
          std::vector<sys::WaitEntry> none;  // is anybody still listening?
          TRY(context_.cancellation.wait(none, std::chrono::milliseconds(0)));
        }
        return sys::read_at(file, buffer, offset);
      }};
  TRY(target_.upload(blob.digest, body));
  context_.reporter.progress(id, "pushed", blob.size_bytes, blob.size_bytes, true);
  return {};
}

Result<void> Pusher::send_document(const Document& document) {
  TRY_ASSIGN(const bool there, target_.has_blob(document.digest));
  return there ? Result<void>{}
               : target_.upload(document.digest, registry::body_of(document.bytes));
}

Result<void> Pusher::send_documents(const ImagePlan& image) {
  TRY(send_document(image.config));
  TRY_ASSIGN(const ManifestDocument parsed, parse_manifest(image.manifest.bytes, ""));
  const std::string& type = std::get<Manifest>(parsed).media_type;
  TRY(target_.put_manifest(reference_.selector(), image.manifest.bytes, type));
  return target_.check_manifest(image.manifest.digest);
}

/// Where the manifest says that lower layers come from, and where the base came from. Not the
/// target itself, which is asked first anyway.
std::vector<Reference> origins_of(const NewImage& image, const Document& manifest) {
  std::vector<Reference> origins;
  for (const std::string& name : {base_name(manifest).value_or(""), image.base_reference}) {
    const auto reference = Reference::parse(name);
    const bool other = reference && (reference->registry() != image.reference.registry() ||
                                     reference->repository() != image.reference.repository());
    if (!name.empty() && other && is_in_registry(*reference) &&
        std::find(origins.begin(), origins.end(), *reference) == origins.end()) {
      origins.push_back(*reference);
    }
  }
  return origins;
}

Result<Pusher> make_pusher(const Context& context,
                           const NewImage& image,
                           const StoredImage& loaded) {
  TRY_ASSIGN(const auto connector,
             registry::Connector::load(context.get_variable, context.timeouts));
  TRY_ASSIGN(const registry::Place place, connector.conf().primary(image.reference));
  Access access{.push = true};
  std::vector<Origin> origins;
  for (const Reference& reference : origins_of(image, loaded.plan.manifest)) {
    const auto from = connector.conf().primary(reference);
    auto client = connector.client(reference, {});
    if (!from || !client) {
      continue;  // blocked, say: its layers are packed
    }
    if (from->reference.registry() == place.reference.registry()) {
      access.mount_from.push_back(from->reference.repository());
    }
    origins.push_back({from->reference, *std::move(client)});
  }
  TRY_ASSIGN(RegistryClient target, connector.client(image.reference, std::move(access)));
  Pusher pusher(context, std::move(target), place.reference);
  for (Origin& origin : origins) {
    pusher.add_origin(std::move(origin));
  }
  return pusher;
}

Result<ImageRecord> push_loaded(const Context& context,
                                const NewImage& image,
                                const StoredImage& loaded) {
  TRY_ASSIGN(const auto locks, lock_parts(context, loaded.plan));
  TRY_ASSIGN(Pusher pusher, make_pusher(context, image, loaded));
  const std::vector<ImageLayer> layers = layers_of(loaded);
  std::vector<ImageLayer> placed;
  bool packed = false;
  bool other_ids = false;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    TRY_ASSIGN(ImageLayer layer, pusher.place(layers[i], loaded.plan.layers[i].chain_id));
    const bool own = i + image.layers.size() >= layers.size();
    if (own && layer.diff_id != layers[i].diff_id) {
      return fail(ErrorCode::integrity, format("layer {} is not what it was when it was made",
                                               loaded.plan.layers[i].chain_id.abbreviated()));
    }
    packed = packed || layer.blob.digest != layers[i].blob.digest;
    other_ids = other_ids || layer.diff_id != layers[i].diff_id;
    placed.push_back(std::move(layer));
  }
  ImagePlan final_plan = loaded.plan;
  if (packed) {
    TRY_ASSIGN(final_plan, with_layers(loaded.plan, placed));
  }
  if (other_ids) {
    context.reporter.step(
        "the base image is in no registry: its layers were packed anew and have other ids there");
  }
  TRY(pusher.send_documents(final_plan));
  if (!is_complete(context.store, final_plan)) {
    return describe(final_plan);
  }
  TRY_ASSIGN(const auto final_locks, lock_parts(context, final_plan));
  return record_image(context, final_plan);
}

}  // namespace

Result<ImageRecord> compose(const Context& context, NewImage image) {
  TRY_ASSIGN_CONTEXT(const StoredImage loaded, load_new_image(context, image),
                     format("cannot make '{}'", image.reference.string()));
  TRY_ASSIGN(const auto locks, lock_parts(context, loaded.plan));
  if (!is_complete(context.store, loaded.plan)) {
    return fail(ErrorCode::not_found, "a layer of the base image is not in the store");
  }
  return record_image(context, loaded.plan);
}

Result<ImageRecord> push(const Context& context, NewImage image) {
  const std::string what = format("cannot push '{}'", image.reference.string());
  if (image.reference.digest()) {
    return fail(Error(ErrorCode::usage, what + ": a push needs a tag, not a digest"));
  }
  if (!is_in_registry(image.reference)) {
    return fail(Error(ErrorCode::usage, what + ": 'localhost' is where local images are")
                    .with_hint("name a registry: registry.example.com/team/image:tag"));
  }
  context.reporter.step(format("pushing {}", image.reference.string()));
  TRY_ASSIGN_CONTEXT(const StoredImage loaded, load_new_image(context, image), what);
  auto record = push_loaded(context, image, loaded);
  if (!record) {
    return fail(record.error().context(what));
  }
  return record;
}

}  // namespace devenv::image::fetch
