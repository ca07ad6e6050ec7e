// SPDX-License-Identifier: MIT
// What a word says that names an image: where it is, and in which form.
#include <algorithm>
#include <array>

#include "cmd/origin.hpp"
#include "env/base/format.hpp"
#include "env/base/sha256.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"

namespace devenv::cmd {
namespace {

constexpr std::string_view kChecksumMark = "#sha256=";
constexpr std::size_t kHexLength = 64;

bool looks_like_path(std::string_view word) {
  return word.starts_with('/') || word.starts_with("./") || word.starts_with("../");
}

/// "rootfs" of "downloads/rootfs.tar.xz": without directories and the endings of archives.
std::string archive_stem(std::string_view path) {
  while (path.ends_with('/')) {
    path.remove_suffix(1);
  }
  std::string name(text::base_name(path));
  constexpr std::array<std::string_view, 11> kEndings = {
      ".gz", ".xz", ".zst", ".bz2", ".tar", ".tgz", ".txz", ".tbz2", ".oci", ".squashfs", ".sqfs"};
  for (bool again = true; again;) {
    again = false;
    for (const std::string_view ending : kEndings) {
      if (name.size() > ending.size() && name.ends_with(ending)) {
        name.resize(name.size() - ending.size());
        again = true;
      }
    }
  }
  return name;
}

/// A word and the checksum that is written behind it.
struct Checked {
  std::string place;
  instance::ArchiveCheck check;
};

bool is_address(const std::string& word) {
  return word.find("://") != std::string::npos;
}

/// A file that has such a name is that file.
Result<Checked> split_checksum(const std::string& word) {
  const std::size_t mark = text::to_lower(word).rfind(kChecksumMark);
  if (mark == std::string::npos || (!is_address(word) && sys::exists(word))) {
    return Checked{word, {}};
  }
  std::string hex = text::to_lower(word.substr(mark + kChecksumMark.size()));
  if (hex.size() != kHexLength || hex.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return fail(ErrorCode::usage, format("'{}' is no SHA-256: it has 64 hex digits",
                                         text::sanitize(word.substr(mark + kChecksumMark.size()))));
  }
  return Checked{word.substr(0, mark), {.sha256 = std::move(hex)}};
}

Result<Origin> origin_from_archive(const std::string& word,
                                   const std::string& path,
                                   std::string tag,
                                   instance::ArchiveCheck check) {
  if (!sys::exists(path)) {
    return fail(ErrorCode::not_found, format("there is no file '{}'", text::sanitize(path)));
  }
  if (sys::is_directory(path) && !sys::exists(path + "/oci-layout")) {
    return fail(Error(ErrorCode::usage,
                      format("'{}' is a directory, but no OCI image layout", text::sanitize(path)))
                    .with_hint(format("make it an archive: tar -C {} -cf root.tar .",
                                      text::shell_quote(path))));
  }
  return Origin{.source = instance::ArchiveFile{path, std::move(tag), std::move(check)},
                .image = word,
                .suggested_name = archive_stem(path)};
}

/// What would end in the store, in listings and in the shell's history.
bool has_password(const std::string& url) {
  const std::size_t begin = url.find("://") + 3;
  return url.substr(begin, url.find_first_of("/?#", begin) - begin).find('@') != std::string::npos;
}

Origin origin_from_url(const std::string& word, Checked url) {
  const std::string_view path =
      std::string_view(url.place).substr(0, url.place.find_first_of("?#"));
  // Without a path the last part would be the host.
  const std::size_t slash = path.find('/', path.find("://") + 3);
  std::string name = slash == std::string_view::npos
                         ? ""
                         : archive_stem(text::percent_decode(path.substr(slash + 1)));
  return Origin{.source = instance::ArchiveFile{std::move(url.place), "", std::move(url.check)},
                .image = shown_word(word),
                .suggested_name = std::move(name)};
}

/// "file:///root.tar" and "file://localhost/root.tar".
Result<std::string> path_of_file_url(std::string_view url) {
  std::string_view rest = url.substr(std::string_view("file://").size());
  constexpr std::string_view kThisMachine = "localhost/";
  if (rest.starts_with(kThisMachine)) {
    rest.remove_prefix(kThisMachine.size() - 1);
  }
  if (!rest.starts_with('/')) {
    return fail(ErrorCode::usage,
                format("'{}' is no file of this machine: file:///PATH", text::sanitize(url)));
  }
  return text::percent_decode(rest);
}

Result<Origin> origin_from_web(const std::string& word) {
  TRY_ASSIGN(Checked checked, split_checksum(word));
  if (const std::size_t fragment = checked.place.find('#'); fragment != std::string::npos) {
    // Whoever writes one means something by it: a check that is not made must not look like one.
    return fail(Error(ErrorCode::usage, format("'{}' behind a URL says nothing to devenv",
                                               text::sanitize(checked.place.substr(fragment))))
                    .with_hint("a checksum is written '#sha256=HEX'"));
  }
  const std::string scheme = text::to_lower(word.substr(0, word.find("://")));
  if (scheme == "file") {
    TRY_ASSIGN(const std::string path, path_of_file_url(checked.place));
    return origin_from_archive(word, path, "", std::move(checked.check));
  }
  if (scheme != "http" && scheme != "https") {
    return fail(
        Error(ErrorCode::usage, format("nothing is fetched by '{}'", text::sanitize(scheme)))
            .with_hint("an archive's URL is one of https, http and file"));
  }
  if (has_password(checked.place)) {
    return fail(Error(ErrorCode::usage, "a URL with a user name or password in it is not taken")
                    .with_hint(format("fetch it by another program: curl -fu USER URL | devenv "
                                      "create NAME -i -{}",
                                      checked.check.sha256.empty()
                                          ? ""
                                          : format("{}{}", kChecksumMark, checked.check.sha256))));
  }
  return origin_from_url(word, std::move(checked));
}

Result<Origin> origin_from_registry(const std::string& word, const std::string& name) {
  TRY_ASSIGN(image::Reference reference, image::Reference::parse(name));
  std::string suggested = reference.suggested_name();
  return Origin{.source = instance::FromRegistry{.reference = std::move(reference)},
                .image = word,
                .suggested_name = std::move(suggested)};
}

/// "FILE", "FILE:TAG": a file that has a colon in its name is that file.
Result<Origin> origin_from_layout(const std::string& word, const std::string& place) {
  const std::size_t colon = sys::exists(place) ? std::string::npos : place.find(':');
  return origin_from_archive(word, place.substr(0, colon),
                             colon == std::string::npos ? "" : place.substr(colon + 1), {});
}

Result<Origin> origin_from_engine(const std::string& word,
                                  const char* engine,
                                  const std::string& name) {
  if (name.empty() || name.starts_with('[') || name.starts_with('-')) {
    return fail(ErrorCode::usage, format("'{}' names no image", text::sanitize(word)));
  }
  // "localhost/box:1" is called "box".
  const std::string_view last = text::base_name(std::string_view(name).substr(0, name.find('@')));
  return Origin{.source = instance::EngineImage{engine, name},
                .image = word,
                .suggested_name = std::string(last.substr(0, last.find(':')))};
}

/// nullopt when the word does not begin with the name of a place.
Result<std::optional<Origin>> origin_from_transport(const std::string& word) {
  const std::size_t colon = word.find(':');
  if (colon == std::string::npos) {
    return std::nullopt;
  }
  const std::string transport = word.substr(0, colon);
  const std::string rest = word.substr(colon + 1);
  // "oci:1.0" may as well be an image called oci.
  const bool is_path = rest.find('/') != std::string::npos || sys::exists(rest) ||
                       sys::exists(rest.substr(0, rest.find(':')));
  if (transport == "docker" && rest.starts_with("//")) {
    return origin_from_registry(word, rest.substr(2));
  }
  if ((transport == "oci" && is_path) || transport == "oci-archive" ||
      transport == "docker-archive") {
    return origin_from_layout(word, rest);
  }
  if (transport == "containers-storage") {
    return origin_from_engine(word, "podman", rest);
  }
  if (transport == "docker-daemon") {
    return origin_from_engine(word, "docker", rest);
  }
  if (transport == "dir" && is_path) {
    return fail(Error(ErrorCode::usage, "skopeo's own 'dir:' is no format that others read")
                    .with_hint(format("skopeo copy {} oci:DIRECTORY", text::shell_quote(word))));
  }
  return std::nullopt;
}

}  // namespace

std::string shown_word(const std::string& word) {
  constexpr std::string_view kHidden = "?...";
  constexpr std::size_t kDigits = 8;
  const std::size_t query = word.find('?');
  if (word.find("://") == std::string::npos || query == std::string::npos ||
      word.substr(query).starts_with(kHidden)) {
    return word;
  }
  const std::size_t fragment = std::min(word.find('#', query), word.size());
  const std::string digest = sha256_of(word.substr(query, fragment - query)).hex();
  return format("{}{}{}{}", word.substr(0, query), kHidden, digest.substr(0, kDigits),
                word.substr(fragment));
}

Result<Origin> origin_from_image(const std::string& word) {
  if (word == "-" || word.starts_with("-#")) {
    TRY_ASSIGN(Checked checked, split_checksum(word));
    return Origin{.source = instance::ArchiveFile{"-", "", std::move(checked.check)},
                  .image = word,
                  .suggested_name = ""};
  }
  if (!is_address(word) && sys::exists(word)) {
    // The same word is another file elsewhere.
    return origin_from_archive(sys::canonical_path(word).value_or(word), word, "", {});
  }
  TRY_ASSIGN(auto elsewhere, origin_from_transport(word));
  if (elsewhere) {
    return *std::move(elsewhere);
  }
  if (is_address(word)) {
    return origin_from_web(word);
  }
  TRY_ASSIGN(Checked checked, split_checksum(word));
  if (looks_like_path(word) || sys::exists(checked.place)) {
    return origin_from_archive(word, checked.place, "", std::move(checked.check));
  }
  return origin_from_registry(word, word);
}

Result<void> add_check(Origin& origin,
                       const std::optional<std::string>& checksums,
                       const std::optional<std::string>& keyring) {
  if (!checksums && !keyring) {
    return {};
  }
  // As an unset variable of a script gives it: nothing would be checked.
  if ((checksums && checksums->empty()) || (keyring && keyring->empty())) {
    return fail(
        ErrorCode::usage,
        format("{} has no value", checksums && checksums->empty() ? "--checksums" : "--keyring"));
  }
  auto* const archive = std::get_if<instance::ArchiveFile>(&origin.source);
  if (archive == nullptr) {
    return fail(ErrorCode::usage,
                format("{} goes with an archive", checksums ? "--checksums" : "--keyring"));
  }
  if (!checksums) {
    return fail(ErrorCode::usage, "--keyring goes with --checksums");
  }
  archive->check.checksums = *checksums;
  archive->check.keyring = keyring.value_or("");
  return {};
}

}  // namespace devenv::cmd
