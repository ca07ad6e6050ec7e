// SPDX-License-Identifier: MIT
// The bytes of an archive as an open file of this machine, wherever they come from.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/digest.hpp"
#include "env/base/result.hpp"
#include "env/image/fetch/fetch.hpp"
#include "env/sys/file_lock.hpp"
#include "env/sys/unique_fd.hpp"

namespace devenv::image::fetch {

/// An archive that can be read at any place.
struct OpenArchive {
  sys::UniqueFd fd;
  std::uint64_t size = 0;
  /// That was asked for, and found: it is looked at again when the bytes are used.
  std::optional<Digest> digest;
  std::string name;   ///< of the layer that it becomes: the last part of where it comes from
  std::string place;  ///< all of that, for errors; both are safe for a terminal

  /// Of a download: files that only another attempt would need, and the locks on them.
  std::vector<std::string> leftovers;
  std::map<Digest, sys::FileLock> locks;
  /// Nobody will want to go on with this download.
  void forget_download() const;
};

/// Says that it is nothing that can be imported, and what can.
Error no_archive(const std::string& name, std::string_view why);

/// A file in the store that has no name: needed as long as it is open, and whatever ends this
/// process, nothing is left.
Result<sys::UniqueFd> open_nameless_file(const Context& context);

/// What comes out of a pipe, up to its end, in a nameless file; progress is told as `id`.
/// Errors: integrity for more than the limit for images; interrupted.
Result<OpenArchive> collect_pipe(const Context& context, int pipe, const std::string& id);

/// A file that is there. Anything that might block or never end is refused.
Result<OpenArchive> open_archive_file(const std::string& path);

/// A file on a web server. What an earlier attempt has left is gone on with; `expected` is the
/// digest, where it is known. Errors: those of download_web_file; integrity for other bytes.
Result<OpenArchive> download_archive(const Context& context,
                                     const std::string& url,
                                     const std::optional<Digest>& expected);

/// The archive of a request, its digest checked. Errors: those of the above; usage for a place that
/// needs a checksum and has none; those of expected_digest.
Result<OpenArchive> open_archive(const Context& context, const ArchiveRequest& request);

/// "https://..." or "http://...", whatever is behind it.
bool is_web_address(std::string_view location);

}  // namespace devenv::image::fetch
