// SPDX-License-Identifier: MIT
// Tar archives made byte by byte, so that tests can also make the ones no tar program writes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace devenv::test {

/// What an entry has besides name and contents.
struct TarAttributes {
  unsigned mode = 0;  ///< 0: 0755 for directories, 0777 for links, else 0644
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  std::int64_t mtime = 1'600'000'000;
  /// Further pax records of the entry: {"mtime", "1600000000.25"}.
  std::vector<std::pair<std::string, std::string>> pax = {};
  /// Extended attributes, written as SCHILY.xattr.* records; values may be binary.
  std::vector<std::pair<std::string, std::string>> xattrs = {};
};

/// Appends entries (ustar headers; pax records where a field is too small) and gives the archive.
/// Names are written as they are: nothing is checked, shortened or made safe.
class TarBuilder {
 public:
  TarBuilder& file(std::string_view path, std::string_view contents, const TarAttributes& = {});
  TarBuilder& directory(std::string_view path, const TarAttributes& = {});
  TarBuilder& symlink(std::string_view path, std::string_view target, const TarAttributes& = {});
  TarBuilder& hard_link(std::string_view path, std::string_view target, const TarAttributes& = {});
  TarBuilder& fifo(std::string_view path, const TarAttributes& = {});
  TarBuilder& character_device(std::string_view path, unsigned major, unsigned minor);
  TarBuilder& block_device(std::string_view path, unsigned major, unsigned minor);
  /// An entry of any type; `size` is what the header says, whatever `body` has.
  TarBuilder& entry(char type,
                    std::string_view path,
                    std::string_view link_target,
                    std::string_view body,
                    std::uint64_t size,
                    const TarAttributes& = {});
  /// A sparse file in the pax 1.0 format: `pieces` are offset and contents, `size` the whole.
  TarBuilder& sparse_file(std::string_view path,
                          std::uint64_t size,
                          const std::vector<std::pair<std::uint64_t, std::string>>& pieces,
                          const TarAttributes& = {});
  /// Bytes as they are.
  TarBuilder& raw(std::string_view bytes);

  /// The archive with its two closing zero blocks.
  std::string finish() const;
  /// Without them.
  const std::string& unfinished() const { return bytes_; }

 private:
  std::string bytes_;
};

/// An archive with only one file: for tests of what carries it.
std::string tar_of_file(std::string_view path, std::string_view contents);

}  // namespace devenv::test
