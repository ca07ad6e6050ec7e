// SPDX-License-Identifier: MIT
#include "env/image/fetch/image_archive.hpp"

#include <array>
#include <set>

#include "env/base/format.hpp"
#include "env/base/json.hpp"
#include "env/base/text.hpp"
#include "env/image/codec/hash.hpp"
#include "env/image/fetch/sources.hpp"
#include "env/sys/file.hpp"
#include "env/sys/tree.hpp"

namespace devenv::image::fetch {
namespace {

constexpr std::size_t kDigestHex = 64;

bool is_hex_id(std::string_view name) {
  return name.size() == kDigestHex &&
         name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string blob_name(const Digest& digest) {
  return format("blobs/sha256/{}", digest.hex());
}

/// The media type that fits how the bytes start; nullopt when they are not compressed.
std::optional<std::string_view> compressed_layer_type(std::string_view start) {
  struct Magic {
    std::string_view bytes;
    std::string_view type;
  };
  constexpr std::array<Magic, 4> kMagics = {{
      {"\x1f\x8b", "application/vnd.oci.image.layer.v1.tar+gzip"},
      {"\x28\xb5\x2f\xfd", "application/vnd.oci.image.layer.v1.tar+zstd"},
      {"\xfd"
       "7zXZ",
       "application/vnd.oci.image.layer.v1.tar"},  // has no type of its own
      {"BZh", "application/vnd.oci.image.layer.v1.tar"},
  }};
  for (const Magic& magic : kMagics) {
    if (start.starts_with(magic.bytes)) {
      return magic.type;
    }
  }
  return std::nullopt;
}

/// Whether an image that the archive calls `name` is meant by `tag`: "docker.io/library/box:1" is
/// by "docker.io/library/box:1", "box:1" and "1".
bool is_called(std::string_view name, std::string_view tag) {
  return name == tag ||
         (name.size() > tag.size() && name.ends_with(tag) &&
          (name[name.size() - tag.size() - 1] == ':' || name[name.size() - tag.size() - 1] == '/'));
}

/// Which image it is that is wanted, of names that the archive has.
Error which_one(const std::set<std::string>& names, const std::string& tag) {
  const std::string all =
      text::sanitize(join(std::vector<std::string>(names.begin(), names.end()), ", "));
  if (tag.empty()) {
    return Error(ErrorCode::unsupported, "the archive holds several images")
        .with_hint(
            format("write the tag behind it, as in oci-archive:FILE:TAG; there are {}", all));
  }
  const Error error(ErrorCode::not_found,
                    format("the archive holds no image '{}'", text::sanitize(tag)));
  return names.empty() ? error : error.with_hint(format("there are {}", all));
}

/// The only image of an index, whatever it is for; else the one for the platform.
Result<IndexEntry> choose(const Index& index, const Platform& platform) {
  const IndexEntry* only = nullptr;
  std::size_t images = 0;
  for (const IndexEntry& entry : index.entries) {
    if (entry.is_image) {
      only = &entry;
      ++images;
    }
  }
  return images == 1 ? Result<IndexEntry>(*only) : choose_entry(index, platform);
}

/// index.json without what has another name than the one that is wanted.
Result<Index> named(const Index& index, const std::string& tag) {
  Index chosen{index.media_type, {}};
  std::set<std::string> names;
  for (const IndexEntry& entry : index.entries) {
    if (entry.is_image && !entry.name.empty()) {
      names.insert(entry.name);
    }
    if (tag.empty() || is_called(entry.name, tag)) {
      chosen.entries.push_back(entry);
    }
  }
  if ((tag.empty() && names.size() > 1) || (!tag.empty() && chosen.entries.empty())) {
    return fail(which_one(names, tag));
  }
  return chosen;
}

/// manifest.json of a docker archive: a list of images; exactly one is wanted.
Result<const Json*> choose_docker_image(const Json& list, const std::string& tag) {
  if (!list.is_array() || list.empty()) {
    return fail(ErrorCode::integrity, "manifest.json lists no image");
  }
  if (list.size() == 1 && tag.empty()) {
    return &list[0];
  }
  std::set<std::string> names;
  for (const Json& image : list) {
    // null where an image was saved by its id.
    const auto tags = json::get_strings(image, "RepoTags");
    for (const std::string& name : tags.value_or(std::vector<std::string>{})) {
      if (!tag.empty() && is_called(name, tag)) {
        return &image;
      }
      names.insert(name);
    }
  }
  return fail(which_one(names, tag));
}

}  // namespace

bool names_image_archive(std::string_view first_entry) {
  for (const std::string_view name :
       {"blobs", "oci-layout", "index.json", "manifest.json", "repositories"}) {
    if (first_entry == name) {
      return true;
    }
  }
  const std::string_view top = first_entry.substr(0, first_entry.find('/'));
  return first_entry.starts_with("blobs/") || is_hex_id(top.substr(0, top.find('.')));
}

Result<ImageArchive> ImageArchive::open_directory(const std::string& path) {
  ImageArchive archive;
  TRY_ASSIGN(archive.file_, sys::open_file(path, O_RDONLY | O_DIRECTORY));
  return archive;
}

Result<std::optional<ImageArchive>> ImageArchive::open_tar(sys::UniqueFd file) {
  TRY_ASSIGN(const struct stat info, sys::stat_fd(file.get()));
  ImageArchive archive;
  TRY_ASSIGN(archive.index_, TarIndex::read(file.get(), static_cast<std::uint64_t>(info.st_size)));
  if (!archive.index_) {
    return std::nullopt;
  }
  archive.file_ = std::move(file);
  return std::optional<ImageArchive>(std::move(archive));
}

std::optional<ImageArchive::Part> ImageArchive::part(const std::string& name) {
  if (index_) {
    const TarEntry* entry = index_->find(name);
    if (entry == nullptr) {
      return std::nullopt;
    }
    return Part{{file_.get(), entry->offset}, entry->size};
  }
  // Links stay inside; a FIFO must not be waited for.
  auto fd = sys::open_in_root(file_.get(), name, O_RDONLY | O_NONBLOCK);
  const auto info = fd ? sys::stat_fd(fd->get()) : fail(fd.error());
  if (!info || !S_ISREG(info->st_mode)) {
    return std::nullopt;
  }
  opened_.push_back(std::move(*fd));
  return Part{{opened_.back().get(), 0}, static_cast<std::uint64_t>(info->st_size)};
}

Result<ImageArchive::Part> ImageArchive::require(const std::string& name) {
  const auto found = part(name);
  if (!found) {
    return fail(ErrorCode::integrity, format("the archive has no '{}'", text::sanitize(name)));
  }
  return *found;
}

Result<std::string> ImageArchive::read(const std::string& name) {
  TRY_ASSIGN(const Part found, require(name));
  if (found.size > kMaxDocumentBytes) {
    return fail(ErrorCode::integrity,
                format("'{}' has {} bytes", text::sanitize(name), found.size));
  }
  std::string bytes(found.size, '\0');
  FileSource source(found.place.fd, found.place.offset, found.size);
  for (std::size_t have = 0; have < bytes.size();) {
    TRY_ASSIGN(const std::size_t count, source.read({bytes.data() + have, bytes.size() - have}));
    have += count;
  }
  return bytes;
}

Result<Document> ImageArchive::read_blob(const Descriptor& blob) {
  TRY_ASSIGN(std::string bytes, read(blob_name(blob.digest)));
  if (bytes.size() != blob.size_bytes || sha256(bytes) != blob.digest) {
    return fail(ErrorCode::integrity, format("blob {} is damaged", blob.digest.string()));
  }
  return Document{blob.digest, std::move(bytes)};
}

bool ImageArchive::is_docker_archive() {
  const auto text = read("manifest.json");
  const auto list = text ? json::parse(*text) : fail(text.error());
  return list && list->is_array() && !list->empty() &&
         json::find((*list)[0], "Layers") != nullptr && json::find((*list)[0], "Config") != nullptr;
}

Result<ImagePlan> ImageArchive::plan(const std::string& reference, const Wanted& wanted) {
  return is_oci_layout() ? plan_oci(reference, wanted) : plan_docker(reference, wanted.tag);
}

Result<ImagePlan> ImageArchive::plan_oci(const std::string& reference, const Wanted& wanted) {
  TRY_ASSIGN(std::string text, read("index.json"));
  Document current{sha256(text), std::move(text)};
  for (int depth = 0; depth <= kMaxIndexDepth + 1; ++depth) {
    TRY_ASSIGN(const ManifestDocument document, parse_manifest(current.bytes, ""));
    if (const auto* manifest = std::get_if<Manifest>(&document)) {
      TRY_ASSIGN(Document config, read_blob(manifest->config));
      TRY_ASSIGN(ImagePlan plan,
                 plan_image(reference, std::move(current), manifest->layers, std::move(config)));
      for (LayerPlan& layer : plan.layers) {
        TRY_ASSIGN(const Part found, require(blob_name(layer.digest)));
        if (found.size != layer.size_bytes) {
          return fail(ErrorCode::integrity,
                      format("blob {} has {} bytes instead of {}", layer.digest.string(),
                             found.size, layer.size_bytes));
        }
        layer.bytes = found.place;
      }
      return plan;
    }
    const auto& index = std::get<Index>(document);
    TRY_ASSIGN(const Index chosen, depth == 0 ? named(index, wanted.tag) : Result<Index>(index));
    TRY_ASSIGN(const IndexEntry entry, choose(chosen, wanted.platform));
    TRY_ASSIGN(current, read_blob(entry.manifest));
  }
  return fail(ErrorCode::integrity, "indexes are nested too deeply");
}

Result<Descriptor> ImageArchive::describe_layer(const Part& layer, const Digest& diff_id) {
  std::array<char, 8> start{};
  TRY_ASSIGN(const std::size_t count, sys::read_at(layer.place.fd, start, layer.place.offset));
  const auto type = compressed_layer_type({start.data(), count});
  if (!type) {
    return Descriptor{"application/vnd.oci.image.layer.v1.tar", diff_id, layer.size};
  }
  FileSource source(layer.place.fd, layer.place.offset, layer.size);
  HashingSource hashed(source, layer.size);
  TRY_ASSIGN(Digest digest, hashed.finish());
  return Descriptor{std::string(*type), std::move(digest), layer.size};
}

Result<ImagePlan> ImageArchive::plan_docker(const std::string& reference, const std::string& tag) {
  TRY_ASSIGN(const std::string text, read("manifest.json"));
  TRY_ASSIGN(const Json list, json::parse(text));
  TRY_ASSIGN(const Json* image, choose_docker_image(list, tag));
  TRY_ASSIGN(const std::string config_name, json::get_string(*image, "Config"));
  TRY_ASSIGN(const auto names, json::get_strings(*image, "Layers"));
  TRY_ASSIGN(std::string config_bytes, read(config_name));
  Document config{sha256(config_bytes), std::move(config_bytes)};
  TRY_ASSIGN(const ImageConfig parsed, parse_config(config.bytes, names.size()));
  std::vector<Descriptor> layers;
  std::vector<Part> parts;
  for (std::size_t i = 0; i < names.size(); ++i) {
    TRY_ASSIGN(const Part found, require(names[i]));
    TRY_ASSIGN(Descriptor layer, describe_layer(found, parsed.diff_ids[i]));
    layers.push_back(std::move(layer));
    parts.push_back(found);
  }
  Document manifest = make_manifest(config, layers);
  TRY_ASSIGN(ImagePlan plan, plan_image(reference, std::move(manifest), layers, std::move(config)));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    plan.layers[i].bytes = parts[i].place;
  }
  return plan;
}

}  // namespace devenv::image::fetch
