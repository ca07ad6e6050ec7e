// SPDX-License-Identifier: MIT
// An image of the store becomes a file: an OCI layout and a docker archive in one tar.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/image/fetch/outgoing.hpp"
#include "env/image/layer/tar_stream.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"

namespace devenv::image::fetch {
namespace {

constexpr mode_t kFileMode = 0644;
constexpr mode_t kDirectoryMode = 0755;

class FileSink final : public ByteSink {
 public:
  explicit FileSink(int fd) : fd_(fd) {}
  Result<void> write(std::string_view bytes) override { return sys::write_all(fd_, bytes); }

 private:
  int fd_;
};

std::string blob_name(const Digest& digest) {
  return "blobs/sha256/" + digest.hex();
}

/// Writes a tar that depends on nothing but what is put into it.
class Archive {
 public:
  explicit Archive(ByteSink& sink) : tar_(sink) {}

  Result<void> add_directory(const std::string& path) {
    return tar_.add_header({.kind = EntryKind::directory, .path = path, .mode = kDirectoryMode});
  }

  Result<void> add(const std::string& path, std::string_view bytes) {
    return add_from(path, bytes.size(),
                    [&](std::span<char> buffer, std::uint64_t offset) -> Result<std::size_t> {
                      return bytes.substr(offset).copy(buffer.data(), buffer.size());
                    });
  }

  Result<void> add_file(const std::string& path, int file, std::uint64_t size) {
    return add_from(path, size, [&](std::span<char> buffer, std::uint64_t offset) {
      return sys::read_at(file, buffer, offset);
    });
  }

  Result<void> finish() { return tar_.finish(); }

 private:
  template <typename Read>
  Result<void> add_from(const std::string& path, std::uint64_t size, Read read) {
    TRY(tar_.add_header({.path = path, .mode = kFileMode, .size = size}));
    std::uint64_t done = 0;
    while (done < size) {
      TRY_ASSIGN(const std::size_t count, tar_.add_bytes(size - done, [&](std::span<char> buffer) {
        return read(buffer, done);
      }));
      if (count == 0) {
        return fail(ErrorCode::failed, format("'{}' is shorter than it was", path));
      }
      done += count;
    }
    return tar_.add_zeros(tar_padding(size));
  }

  TarStream tar_;
};

/// Source: OCI image-spec, image-layout.md and annotations.md. The name is there as podman and as
/// containerd read it.
std::string index_of(const ImagePlan& image, const std::string& type, const Reference& name) {
  return json::dump(
      Json{{"schemaVersion", 2},
           {"mediaType", "application/vnd.oci.image.index.v1+json"},
           {"manifests",
            Json::array({Json{{"mediaType", type},
                              {"digest", image.manifest.digest.string()},
                              {"size", image.manifest.bytes.size()},
                              {"annotations",
                               {{"io.containerd.image.name", name.string()},
                                {"org.opencontainers.image.ref.name", name.string()}}}}})}},
      -1);
}

/// Source: Docker Image Specification v1.2, "Combined Image JSON + Filesystem Changeset Format".
std::string docker_manifest_of(const ImagePlan& image,
                               const std::vector<PackedLayer>& layers,
                               const Reference& name) {
  Json paths = Json::array();
  for (const PackedLayer& each : layers) {
    paths.push_back(blob_name(each.layer.blob.digest));
  }
  Json entry{{"Config", blob_name(image.config.digest)}, {"Layers", std::move(paths)}};
  entry["RepoTags"] = Json::array({name.string()});
  return json::dump(Json::array({std::move(entry)}), -1);
}

Result<void> write_archive(const ImagePlan& image,
                           const std::vector<PackedLayer>& layers,
                           const Reference& name,
                           int file) {
  FileSink sink(file);
  Archive archive(sink);
  TRY(archive.add_directory("blobs/"));
  TRY(archive.add_directory("blobs/sha256/"));
  // Each blob once: an image may have the same layer twice.
  std::map<Digest, const PackedLayer*> blobs;
  for (const PackedLayer& each : layers) {
    blobs.emplace(each.layer.blob.digest, &each);
  }
  for (const auto& [digest, packed] : blobs) {
    TRY(archive.add_file(blob_name(digest), packed->file.get(), packed->layer.blob.size_bytes));
  }
  TRY(archive.add(blob_name(image.config.digest), image.config.bytes));
  TRY(archive.add(blob_name(image.manifest.digest), image.manifest.bytes));
  TRY_ASSIGN(const ManifestDocument parsed, parse_manifest(image.manifest.bytes, ""));
  TRY(archive.add("index.json", index_of(image, std::get<Manifest>(parsed).media_type, name)));
  TRY(archive.add("manifest.json", docker_manifest_of(image, layers, name)));
  TRY(archive.add("oci-layout", R"({"imageLayoutVersion":"1.0.0"})"));
  return archive.finish();
}

struct PackedImage {
  ImagePlan plan;
  std::vector<PackedLayer> layers;
};

Result<PackedImage> pack_image(const Context& context,
                               const NewImage& image,
                               const StoredImage& loaded) {
  const std::vector<ImageLayer> known = layers_of(loaded);
  std::vector<PackedLayer> layers;
  std::vector<ImageLayer> described;
  bool other_ids = false;
  for (std::size_t i = 0; i < known.size(); ++i) {
    const Digest& chain_id = loaded.plan.layers[i].chain_id;
    TRY_ASSIGN(PackedLayer packed,
               pack_stored_layer(context, chain_id, format("layer {}", chain_id.abbreviated())));
    const bool own = i + image.layers.size() >= known.size();
    if (own && packed.layer.diff_id != known[i].diff_id) {
      return fail(ErrorCode::integrity,
                  format("layer {} is not what it was when it was made", chain_id.abbreviated()));
    }
    other_ids = other_ids || packed.layer.diff_id != known[i].diff_id;
    described.push_back(packed.layer);
    layers.push_back(std::move(packed));
  }
  if (other_ids) {
    context.reporter.step(
        "layers that came packed by others were packed anew: the image in the "
        "file has other ids");
  }
  TRY_ASSIGN(ImagePlan plan, with_layers(loaded.plan, described));
  return PackedImage{std::move(plan), std::move(layers)};
}

/// A file without a name, which the kernel forgets if we are killed; or one with a name, where the
/// file system has no others.
struct UnfinishedFile {
  sys::UniqueFd fd;
  std::string path;
  bool is_named = false;
};

Result<UnfinishedFile> make_unfinished(const std::string& path) {
  UnfinishedFile file{.fd = {}, .path = format("{}.{}.partial", path, sys::random_hex(4))};
  if (auto unnamed = sys::open_file(sys::parent_of(path), O_WRONLY | O_TMPFILE, kFileMode)) {
    file.fd = std::move(*unnamed);
    return file;
  }
  TRY_ASSIGN(file.fd,
             sys::open_file(file.path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, kFileMode));
  file.is_named = true;
  return file;
}

/// The file appears when it is complete. "-": what standard input is open on gets the bytes as they
/// come (it is the one descriptor that the caller of this program can choose).
Result<void> write_file(const PackedImage& image, const Reference& name, const std::string& path) {
  if (path == "-") {
    return write_archive(image.plan, image.layers, name, STDIN_FILENO);
  }
  TRY_ASSIGN(UnfinishedFile file, make_unfinished(path));
  const auto write = [&]() -> Result<void> {
    TRY(write_archive(image.plan, image.layers, name, file.fd.get()));
    if (!file.is_named) {
      TRY(sys::name_file(file.fd.get(), file.path));
      file.is_named = true;
    }
    return sys::rename_path(file.path, path);
  };
  auto written = write();
  if (!written && file.is_named) {
    (void)sys::remove_file(file.path);
  }
  return written;
}

}  // namespace

Result<ImageRecord> save(const Context& context, NewImage image, const std::string& file) {
  const std::string what =
      format("cannot save '{}' as '{}'", image.reference.string(), text::sanitize(file));
  context.reporter.step(format("saving {}", image.reference.string()));
  TRY_ASSIGN_CONTEXT(const StoredImage loaded, load_new_image(context, image), what);
  TRY_ASSIGN(const auto locks, lock_parts(context, loaded.plan));
  TRY_ASSIGN_CONTEXT(const PackedImage packed, pack_image(context, image, loaded), what);
  TRY_CONTEXT(write_file(packed, image.reference, file), what);
  return describe(packed.plan);
}

}  // namespace devenv::image::fetch
