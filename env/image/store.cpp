// SPDX-License-Identifier: MIT
#include "env/image/store.hpp"

#include <algorithm>
#include <array>

#include "env/base/format.hpp"
#include "env/base/json.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"

namespace devenv::image {
namespace {

constexpr std::uint64_t kSchema = 1;
constexpr std::size_t kMaxFormatBytes = 64U * 1024;
constexpr std::size_t kMaxImagesBytes = 64U * 1024 * 1024;  // many thousands of images
constexpr std::size_t kMinPrefix = 6;

// Layers hold set-user-ID programs that belong to ids of the map: nobody else may reach them
// (CVE-2021-41091).
constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kFileMode = 0600;

Error damaged(const Error& why, const std::string& file) {
  return why.context(format("'{}' is damaged", file))
      .with_code(ErrorCode::integrity)
      .with_hint(format("set it aside with mv {0} {1}, then pull the images again",
                        text::shell_quote(file), text::shell_quote(file + ".damaged")));
}

/// A document of the store: an object whose "schema" this program knows.
Result<Json> read_document(const std::string& file, std::string_view text, std::size_t limit) {
  auto document = json::parse(text, {.max_bytes = limit});
  if (!document) {
    return fail(damaged(document.error(), file));
  }
  const auto schema = json::get_uint(*document, "schema");
  if (!schema) {
    return fail(damaged(schema.error(), file));
  }
  if (*schema > kSchema) {
    return fail(Error(ErrorCode::unsupported,
                      format("'{}' was written by a newer devenv (schema {}, this one knows {})",
                             file, *schema, kSchema))
                    .with_hint("update devenv"));
  }
  if (*schema != kSchema) {
    return fail(damaged(Error(ErrorCode::integrity, format("schema {} never was", *schema)), file));
  }
  return document;
}

Result<std::vector<ImageRecord>> read_records(const Json& document) {
  TRY_ASSIGN(const Json* array, json::get_array(document, "images"));
  std::vector<ImageRecord> records;
  records.reserve(array->size());
  for (const Json& json : *array) {
    TRY_ASSIGN_CONTEXT(ImageRecord record, ImageRecord::from_json(json),
                       format("image {} is malformed", records.size() + 1));
    records.push_back(std::move(record));
  }
  return records;
}

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_complete(const Store& store, const ImageRecord& record) {
  return std::all_of(record.layers.begin(), record.layers.end(),
                     [&](const Digest& layer) { return store.has_layer(layer); });
}

}  // namespace

Unfinished::~Unfinished() {
  if (lock.fd() != -1) {  // not moved from
    // While the lock is held: whoever waits for it finds that its file is not that of the name any
    // more (see FileLock), and starts over. An error would only leave it to prune.
    (void)sys::remove_file(lock_file);
  }
}

Result<Store> Store::open(const std::string& path, std::string_view id_map) {
  Store store(path);
  const auto prepare = [&]() -> Result<void> {
    for (const char* directory : {"/blobs/sha256", "/layers", "/locks", "/tmp"}) {
      TRY(sys::make_directories(path + directory, kDirectoryMode));
    }
    return store.check_format(id_map);
  };
  TRY_CONTEXT(prepare(), format("cannot open the image store '{}'", path));
  return store;
}

Result<void> Store::check_format(std::string_view id_map) const {
  const std::string file = path_ + "/format.json";
  TRY_ASSIGN(auto text, sys::read_file_if_exists(file, kMaxFormatBytes));
  if (!text) {
    // Of several processes that see a new store the first one writes, the others read what it
    // wrote.
    TRY_ASSIGN(const sys::FileLock lock,
               sys::FileLock::acquire(path_ + "/locks/images.lock", sys::LockMode::exclusive));
    TRY_ASSIGN(text, sys::read_file_if_exists(file, kMaxFormatBytes));
    if (!text) {
      return sys::write_file_atomic(
          file, json::dump(Json{{"schema", kSchema}, {"id_map", id_map}}) + "\n", kFileMode);
    }
  }
  TRY_ASSIGN(const Json document, read_document(file, *text, kMaxFormatBytes));
  const auto recorded = json::get_string(document, "id_map");
  if (!recorded) {
    return fail(damaged(recorded.error(), file));
  }
  if (*recorded != id_map) {
    return fail(
        Error(ErrorCode::conflict,
              format("its layers belong to the ids '{}', but yours are now '{}'",
                     text::sanitize(*recorded), id_map))
            .with_hint(
                "give your user the old ranges back in /etc/subuid and /etc/subgid; inside an "
                "environment, which has other ids, set XDG_DATA_HOME to have another store"));
  }
  return {};
}

std::string Store::layer_directory(const Digest& chain_id) const {
  return format("{}/layers/{}", path_, chain_id.hex());
}

std::string Store::layer_tree(const Digest& chain_id) const {
  return layer_directory(chain_id) + "/fs";
}

std::string Store::blob_file(const Digest& digest) const {
  return format("{}/blobs/sha256/{}", path_, digest.hex());
}

std::string Store::partial_file(const Digest& digest) const {
  return format("{}/tmp/{}.partial", path_, digest.hex());
}

std::string Store::temporary_directory() const {
  return path_ + "/tmp";
}

bool Store::has_layer(const Digest& chain_id) const {
  return sys::is_directory(layer_tree(chain_id));
}

std::string Store::lock_file(const Digest& digest) const {
  return format("{}/locks/{}", path_, digest.hex());
}

Result<sys::FileLock> Store::lock_layer(const Digest& chain_id, sys::LockMode mode) const {
  return sys::FileLock::acquire(lock_file(chain_id), mode);
}

Result<std::optional<sys::FileLock>> Store::try_lock_layer(const Digest& chain_id,
                                                           sys::LockMode mode) const {
  return sys::FileLock::try_acquire(lock_file(chain_id), mode);
}

std::string Store::unnamed_lock_file() const {
  return path_ + "/locks/unnamed.lock";
}

Result<sys::FileLock> Store::keep_unnamed_layers() const {
  return sys::FileLock::acquire(unnamed_lock_file(), sys::LockMode::shared);
}

Result<Unfinished> Store::begin_unfinished(std::string_view suffix) const {
  TRY_ASSIGN(const Digest id, Digest::parse("sha256:" + sys::random_hex(32)));
  TRY_ASSIGN(sys::FileLock lock, lock_layer(id, sys::LockMode::exclusive));
  return Unfinished(format("{}/tmp/{}.{}", path_, id.hex(), suffix), lock_file(id),
                    std::move(lock));
}

Result<void> Store::put_blob(const Digest& digest, std::string_view bytes) const {
  return sys::write_file_atomic(blob_file(digest), bytes, kFileMode);
}

Result<std::string> Store::read_blob(const Digest& digest) const {
  return sys::read_file(blob_file(digest));
}

std::string Store::images_file() const {
  return path_ + "/images.json";
}

Result<std::vector<ImageRecord>> Store::images() const {
  const std::string file = images_file();
  TRY_ASSIGN(const auto text, sys::read_file_if_exists(file, kMaxImagesBytes));
  if (!text) {
    return std::vector<ImageRecord>{};
  }
  TRY_ASSIGN(const Json document, read_document(file, *text, kMaxImagesBytes));
  auto records = read_records(document);
  if (!records) {
    return fail(damaged(records.error(), file));
  }
  std::sort(records->begin(), records->end(),
            [](const ImageRecord& a, const ImageRecord& b) { return a.reference < b.reference; });
  return records;
}

Result<std::optional<ImageRecord>> Store::find_image(std::string_view name) const {
  TRY_ASSIGN(const std::vector<ImageRecord> records, images());
  constexpr std::string_view kPrefix = "sha256:";
  const std::string_view hex = name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name;
  const bool is_prefix = hex.size() >= kMinPrefix && is_hex(hex);
  const ImageRecord* found = nullptr;
  for (const ImageRecord& record : records) {
    const bool exact = record.reference == name;
    if (!exact && !(is_prefix && record.manifest_digest.hex().starts_with(hex))) {
      continue;
    }
    if (!is_complete(*this, record)) {
      continue;
    }
    if (exact) {
      return record;
    }
    if (found != nullptr && found->manifest_digest != record.manifest_digest) {
      return fail(Error(ErrorCode::usage, format("'{}' fits several images", name))
                      .with_hint("give more digits of the digest, or the name"));
    }
    found = found == nullptr ? &record : found;
  }
  return found == nullptr ? std::nullopt : std::optional<ImageRecord>(*found);
}

Result<std::optional<ImageRecord>> Store::find_by_digest(const Reference& reference) const {
  TRY_ASSIGN(std::vector<ImageRecord> records, images());
  std::optional<ImageRecord> found;
  for (ImageRecord& record : records) {
    const auto named = Reference::parse(record.reference);
    if (reference.digest() != record.manifest_digest || !named ||
        !named->same_repository(reference) || !is_complete(*this, record)) {
      continue;
    }
    if (named->tag() == reference.tag()) {
      return record;
    }
    if (!found) {
      found = std::move(record);
    }
  }
  return found;
}

Result<void> Store::update_images(
    const std::function<Result<void>(std::vector<ImageRecord>&)>& change) const {
  TRY_ASSIGN(const sys::FileLock lock,
             sys::FileLock::acquire(path_ + "/locks/images.lock", sys::LockMode::exclusive));
  TRY_ASSIGN(std::vector<ImageRecord> records, images());
  TRY(change(records));
  Json array = Json::array();
  for (const ImageRecord& record : records) {
    array.push_back(record.to_json());
  }
  const Json document{{"schema", kSchema}, {"images", std::move(array)}};
  // Of writers that were killed: there is no other one now.
  const auto names = sys::list_directory(path_);
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    if (sys::without_temporary_suffix(name) == text::base_name(images_file())) {
      TRY(sys::remove_file(format("{}/{}", path_, name)));
    }
  }
  return sys::write_file_atomic(images_file(), json::dump(document, 1) + "\n", kFileMode);
}

Result<void> Store::put_image(const ImageRecord& record) const {
  TRY_CONTEXT(update_images([&](std::vector<ImageRecord>& records) -> Result<void> {
                std::erase_if(records, [&](const ImageRecord& other) {
                  return other.reference == record.reference;
                });
                records.push_back(record);
                return {};
              }),
              format("cannot record image '{}'", record.reference));
  return {};
}

Result<void> Store::remove_image(std::string_view reference) const {
  return update_images([&](std::vector<ImageRecord>& records) -> Result<void> {
    const auto removed = std::erase_if(
        records, [&](const ImageRecord& record) { return record.reference == reference; });
    if (removed == 0) {
      return fail(ErrorCode::not_found,
                  format("there is no image '{}'", text::sanitize(reference)));
    }
    return {};
  });
}

}  // namespace devenv::image
