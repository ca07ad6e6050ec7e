// SPDX-License-Identifier: MIT
#include "tests/support/compress.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <cstdlib>
#include <memory>

namespace devenv::test {
namespace {

int filter_of(Compression kind) {
  switch (kind) {
    case Compression::gzip:
      return ARCHIVE_FILTER_GZIP;
    case Compression::zstd:
      return ARCHIVE_FILTER_ZSTD;
    case Compression::xz:
      return ARCHIVE_FILTER_XZ;
    case Compression::bzip2:
      return ARCHIVE_FILTER_BZIP2;
    case Compression::none:
      break;
  }
  return ARCHIVE_FILTER_NONE;
}

void require(bool done) {
  if (!done) {
    std::abort();
  }
}

la_ssize_t append(archive* /*unused*/, void* out, const void* buffer, std::size_t size) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(buffer), size);
  return static_cast<la_ssize_t>(size);
}

}  // namespace

std::string compress(std::string_view bytes, Compression kind) {
  std::string out;
  const std::unique_ptr<archive, int (*)(archive*)> writer(archive_write_new(),
                                                           &archive_write_free);
  const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                       &archive_entry_free);
  require(archive_write_add_filter(writer.get(), filter_of(kind)) == ARCHIVE_OK);
  require(archive_write_set_format_raw(writer.get()) == ARCHIVE_OK);
  // No padding of the last block.
  require(archive_write_set_bytes_in_last_block(writer.get(), 1) == ARCHIVE_OK);
  require(archive_write_open(writer.get(), &out, nullptr, &append, nullptr) == ARCHIVE_OK);
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  require(archive_write_header(writer.get(), entry.get()) == ARCHIVE_OK);
  require(archive_write_data(writer.get(), bytes.data(), bytes.size()) ==
          static_cast<la_ssize_t>(bytes.size()));
  require(archive_write_close(writer.get()) == ARCHIVE_OK);
  return out;
}

}  // namespace devenv::test
