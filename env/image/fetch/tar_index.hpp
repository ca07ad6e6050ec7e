// SPDX-License-Identifier: MIT
// Where things are in a tar file: image archives are read in place, not unpacked.
//
// Layers are read by libarchive (layer/); this is only for the outer tar of an image archive, whose
// entries are needed by name and offset, which a stream reader cannot give.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "env/base/result.hpp"

namespace devenv::image::fetch {

/// One 512-byte header. Source: POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar manual.
struct TarHeader {
  std::string name;  ///< with the ustar prefix
  std::string link;
  char type = '0';
  std::uint64_t size = 0;  ///< of the data that follows
};
/// nullopt when the checksum is wrong: not a tar header.
std::optional<TarHeader> parse_tar_header(std::string_view block);

/// The name of the first real entry in the beginning of a tar stream (pax and GNU extensions are
/// understood, "./" is no entry); nullopt when it is not a tar.
std::optional<std::string> first_entry_name(std::string_view beginning);

struct TarEntry {
  std::uint64_t offset = 0;  ///< of its data
  std::uint64_t size = 0;
  char type = '0';
  std::string link;
};

/// The entries of a tar file by name, without "./" and trailing slashes.
class TarIndex {
 public:
  /// Reads the headers. nullopt when there is what an image archive never has: very many entries,
  /// or sparse files.
  /// Errors: integrity when damaged, and for an OCI layout that has very many entries.
  static Result<std::optional<TarIndex>> read(int fd, std::uint64_t file_size);

  /// The regular file of that name; symbolic and hard links are followed within the archive.
  const TarEntry* find(std::string_view name) const;

 private:
  std::map<std::string, TarEntry, std::less<>> entries_;
};

/// "a/../b/./c" is "b/c"; nullopt when it leads above the top.
std::optional<std::string> normalize_path(std::string_view path);

}  // namespace devenv::image::fetch
