// SPDX-License-Identifier: MIT
#include "env/image/layer/reader.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include <algorithm>
#include <exception>
#include <string>
#include <vector>

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::image {
namespace {

constexpr long kNanosecondsPerSecond = 1'000'000'000;

/// The "C" locale for this thread while it lives.
///
/// libarchive converts pax names from UTF-8 to the locale's character set. In a UTF-8 locale that
/// composes accents, so a name would change; in "C" it fails, gives a warning and leaves the bytes
/// as they are, which is what we want.
class CLocaleScope {
 public:
  CLocaleScope() : old_(::uselocale(c_locale())) {}
  ~CLocaleScope() { ::uselocale(old_); }
  CLocaleScope(const CLocaleScope&) = delete;
  CLocaleScope& operator=(const CLocaleScope&) = delete;

 private:
  static locale_t c_locale() {
    static const locale_t locale = ::newlocale(LC_ALL_MASK, "C", nullptr);
    return locale;
  }
  locale_t old_;
};

std::string_view view(const char* text) {
  return text == nullptr ? "" : text;
}

}  // namespace

struct TarReader::State {
  explicit State(ByteSource& bytes) : source(bytes), buffer(kBlockSize) {
    if (tar == nullptr) {
      std::terminate();  // no memory
    }
    // Decompression is ours, and no other format: a mtree or cpio "layer" is malformed.
    ::archive_read_support_format_tar(tar.get());
    ::archive_read_support_format_empty(tar.get());
  }

  static la_ssize_t read(archive* /*unused*/, void* self, const void** block) {
    auto* state = static_cast<State*>(self);
    auto bytes = state->source.next(state->buffer);
    if (!bytes) {
      state->source_error = std::move(bytes).error();
      return ARCHIVE_FATAL;
    }
    *block = bytes->data();
    return static_cast<la_ssize_t>(bytes->size());
  }

  Error failure() const {
    if (source_error) {
      return *source_error;
    }
    return {ErrorCode::integrity, format("malformed tar archive: {}",
                                         text::sanitize(view(::archive_error_string(tar.get()))))};
  }

  Result<void> open();
  Result<void> fill();
  void fill_attributes();

  ByteSource& source;
  std::vector<char> buffer;
  std::unique_ptr<archive, int (*)(archive*)> tar{::archive_read_new(), &::archive_read_free};
  archive_entry* raw = nullptr;  // owned by `tar`
  Entry entry;
  std::optional<Error> source_error;
  bool opened = false;
};

Result<void> TarReader::State::open() {
  if (!opened) {
    opened = true;
    if (::archive_read_open(tar.get(), this, nullptr, &State::read, nullptr) != ARCHIVE_OK) {
      return fail(failure());
    }
  }
  return {};
}

namespace {

std::optional<EntryKind> kind_of(archive_entry* raw) {
  if (::archive_entry_hardlink(raw) != nullptr) {
    return EntryKind::hard_link;
  }
  switch (::archive_entry_filetype(raw)) {
    case AE_IFREG:
      return EntryKind::regular;
    case AE_IFDIR:
      return EntryKind::directory;
    case AE_IFLNK:
      return EntryKind::symlink;
    case AE_IFIFO:
      return EntryKind::fifo;
    case AE_IFCHR:
    case AE_IFBLK:
      return EntryKind::device;
    case AE_IFSOCK:
      return EntryKind::socket;
    default:
      return std::nullopt;
  }
}

}  // namespace

Result<void> TarReader::State::fill() {
  const auto kind = kind_of(raw);
  entry.path = view(::archive_entry_pathname(raw));
  if (!kind || ::archive_entry_size(raw) < 0) {
    return fail(ErrorCode::integrity,
                format("malformed tar archive: unknown type of '{}'", text::sanitize(entry.path)));
  }
  entry.kind = *kind;
  entry.link_target = view(*kind == EntryKind::hard_link ? ::archive_entry_hardlink(raw)
                                                         : ::archive_entry_symlink(raw));
  entry.mode = ::archive_entry_perm(raw);
  entry.uid = ::archive_entry_uid(raw);
  entry.gid = ::archive_entry_gid(raw);
  entry.mtime = {
      .tv_sec = ::archive_entry_mtime(raw),
      .tv_nsec = std::clamp(::archive_entry_mtime_nsec(raw), 0L, kNanosecondsPerSecond - 1)};
  entry.size =
      *kind == EntryKind::regular ? static_cast<std::uint64_t>(::archive_entry_size(raw)) : 0;
  fill_attributes();
  return {};
}

void TarReader::State::fill_attributes() {
  entry.attributes.clear();
  if (::archive_entry_xattr_reset(raw) == 0) {
    return;
  }
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  while (::archive_entry_xattr_next(raw, &name, &value, &size) == ARCHIVE_OK) {
    entry.attributes.push_back(
        {.name = view(name), .value = {static_cast<const char*>(value), size}});
  }
}

TarReader::TarReader(ByteSource& source) : state_(std::make_unique<State>(source)) {}

TarReader::~TarReader() = default;

Result<const Entry*> TarReader::next() {
  const CLocaleScope locale;
  TRY(state_->open());
  const int status = ::archive_read_next_header(state_->tar.get(), &state_->raw);
  if (state_->source_error) {
    return fail(*state_->source_error);  // which libarchive may take for an empty archive
  }
  if (status == ARCHIVE_EOF) {
    return nullptr;
  }
  // A warning is about character sets or a keyword it does not know: the values are there, unless
  // it gave up on the extended header. ARCHIVE_RETRY is a header with a wrong checksum, and it
  // would look for the next one.
  const bool complete = status == ARCHIVE_OK ||
                        (status == ARCHIVE_WARN &&
                         view(::archive_error_string(state_->tar.get())).find("malformed pax") ==
                             std::string_view::npos);
  if (!complete) {
    return fail(state_->failure());
  }
  TRY(state_->fill());
  return &state_->entry;
}

Result<std::optional<TarReader::Block>> TarReader::next_block() {
  const void* bytes = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  const int status = ::archive_read_data_block(state_->tar.get(), &bytes, &size, &offset);
  if (status == ARCHIVE_EOF) {
    return std::nullopt;
  }
  if ((status != ARCHIVE_OK && status != ARCHIVE_WARN) || offset < 0) {
    return fail(state_->failure());
  }
  return Block{.bytes = {static_cast<const char*>(bytes), size},
               .offset = static_cast<std::uint64_t>(offset)};
}

}  // namespace devenv::image
