// SPDX-License-Identifier: MIT
// signed_text: gpgv looks at signatures.
#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"
#include "env/image/fetch/checksums.hpp"
#include "env/image/fetch/open_archive.hpp"
#include "env/image/registry/base64.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"

namespace devenv::image::fetch {
namespace {

constexpr std::string_view kClearsigned = "-----BEGIN PGP SIGNED MESSAGE-----";
constexpr std::string_view kArmoredKey = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
constexpr std::size_t kMaxKeyringBytes = 16U * 1024 * 1024;

/// The bytes of the armored keys in a text, which gpgv does not read as they are; nullopt when one
/// is damaged. Source: RFC 9580, 6.2 "Forming ASCII Armor".
std::optional<std::string> dearmored(std::string_view text) {
  std::string keys;
  std::string block;
  enum class At { outside, headers, body, checksum } at = At::outside;
  for (const std::string_view each : text::lines(text)) {
    const std::string_view line = text::trim(each);
    if (line == kArmoredKey) {
      at = At::headers;
    } else if (at == At::headers && line.empty()) {
      at = At::body;
    } else if (at == At::body && line.starts_with('=')) {
      at = At::checksum;  // gpgv looks at what is in the keys
    } else if (line.starts_with("-----END") && at != At::outside) {
      const auto bytes = registry::decode_base64(block);
      if (!bytes || bytes->empty()) {
        return std::nullopt;
      }
      keys += *bytes;
      block.clear();
      at = At::outside;
    } else if (at == At::body) {
      block += line;
    }
  }
  return at == At::outside && !keys.empty() ? std::optional(std::move(keys)) : std::nullopt;
}

/// The keys in the form that gpgv takes: as a file of that form, or one that is made of them.
struct Keyring {
  std::string path;
  sys::UniqueFd made;
};

Result<sys::UniqueFd> file_with(const Context& context, std::string_view bytes) {
  TRY_ASSIGN(sys::UniqueFd file, open_nameless_file(context));
  TRY(sys::write_all(file.get(), bytes));
  return file;
}

std::string path_of(const sys::UniqueFd& file) {
  return format("/proc/self/fd/{}", file.get());
}

Result<Keyring> open_keyring(const Context& context, const std::string& keyring) {
  TRY_ASSIGN_CONTEXT(const std::string bytes, sys::read_regular_file(keyring, kMaxKeyringBytes),
                     "cannot read the keyring");
  if (bytes.find(kArmoredKey) == std::string::npos) {
    TRY_ASSIGN(std::string absolute, sys::canonical_path(keyring));  // else below ~/.gnupg
    return Keyring{std::move(absolute), {}};
  }
  const auto keys = dearmored(bytes);
  if (!keys) {
    return fail(ErrorCode::usage,
                format("the armored key in '{}' is damaged", text::sanitize(keyring)));
  }
  TRY_ASSIGN(sys::UniqueFd made, file_with(context, *keys));
  std::string path = path_of(made);
  return Keyring{std::move(path), std::move(made)};
}

/// The last thing it said, without its own name in front.
std::string last_words(const std::string& messages) {
  std::string last = "it said nothing";
  for (const std::string_view line : text::lines(messages)) {
    if (!text::trim(line).empty()) {
      last = std::string(line.starts_with("gpgv: ") ? line.substr(6) : line);
    }
  }
  return text::sanitize(last);
}

/// Whether a key of the ring that is neither revoked nor expired has made a good signature, and
/// nothing is wrong with the rest but that other keys have signed as well. The exit status says
/// neither: it is that of success for keys that were revoked, and of failure for a second signature
/// by somebody else. Source: GnuPG, doc/DETAILS, "Format of the --status-fd output".
bool is_well_signed(std::string_view messages) {
  constexpr std::string_view kStatus = "[GNUPG:] ";
  bool good = false;
  bool accepted = false;
  for (std::string_view line : text::lines(messages)) {
    if (!line.starts_with(kStatus)) {
      continue;
    }
    line.remove_prefix(kStatus.size());
    const std::string_view word = line.substr(0, line.find(' '));
    if (word == "NEWSIG") {
      good = false;
    } else if (word == "GOODSIG") {
      good = true;
    } else if (word == "VALIDSIG") {
      accepted = accepted || good;
    } else if (word == "KEYREVOKED" || word == "KEYEXPIRED" || word == "SIGEXPIRED" ||
               word == "EXPSIG" || word == "EXPKEYSIG" || word == "REVKEYSIG") {
      good = false;
    } else if (word == "BADSIG" || word == "NODATA" || word == "UNEXPECTED" || word == "BADARMOR" ||
               word == "ERROR" || word == "FAILURE") {
      return false;
    }
  }
  return accepted;
}

/// What is for people.
std::string without_status(std::string_view messages) {
  std::string kept;
  for (const std::string_view line : text::lines(messages)) {
    if (!line.starts_with("[GNUPG:] ")) {
      kept.append(line).append("\n");
    }
  }
  return kept;
}

}  // namespace

bool is_clearsigned(std::string_view text) {
  return text.starts_with(kClearsigned) ||
         text.find("\n" + std::string(kClearsigned)) != std::string_view::npos;
}

Result<std::string> signed_text(const Context& context,
                                const std::string& text,
                                const std::optional<std::string>& detached,
                                const std::string& keyring) {
  if (!sys::find_program("gpgv")) {
    return fail(Error(ErrorCode::unsupported, "gpgv, which looks at signatures, is not installed")
                    .with_hint("install it (package gpgv, or gnupg2), or check the list yourself "
                               "and write '#sha256=HEX' behind the URL"));
  }
  TRY_ASSIGN(const Keyring keys, open_keyring(context, keyring));
  TRY_ASSIGN(const sys::UniqueFd message, file_with(context, text));
  sys::Command command{
      .argv = {"gpgv", "--status-fd", "2", "--weak-digest", "SHA1", "--keyring", keys.path},
      .kept_fds = {message.get()}};
  if (keys.made.valid()) {
    command.kept_fds.push_back(keys.made.get());
  }
  sys::UniqueFd signature;
  if (detached) {
    TRY_ASSIGN(signature, file_with(context, *detached));
    command.kept_fds.push_back(signature.get());
    command.argv.insert(command.argv.end(), {path_of(signature), path_of(message)});
  } else {
    command.argv.insert(command.argv.end(), {"--output", "-", path_of(message)});
  }
  TRY_ASSIGN(const sys::Captured outcome, sys::run_captured(command));
  LOG_INFO("gpgv {}: {}", outcome.status.to_string(), text::sanitize(outcome.err));
  if (!is_well_signed(outcome.err)) {
    return fail(Error(ErrorCode::integrity,
                      format("no valid key of '{}' has signed it: {}", text::sanitize(keyring),
                             last_words(without_status(outcome.err)))));
  }
  return detached ? text : outcome.out;
}

}  // namespace devenv::image::fetch
