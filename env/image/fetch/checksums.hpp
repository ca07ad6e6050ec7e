// SPDX-License-Identifier: MIT
// What the bytes of an archive are checked by.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "env/base/digest.hpp"
#include "env/base/result.hpp"
#include "env/image/fetch/fetch.hpp"

namespace devenv::image::fetch {

/// The last part of a path or URL, without what is behind '?' and '#': what a list of checksums
/// calls the file.
std::string archive_name(std::string_view location);
/// A location as it is shown: of a URL neither the query nor what may be a password.
std::string shown_location(const std::string& location);

/// The SHA-256 of a file in a list of them: "HEX  NAME", "HEX *NAME" (sha256sum(1)) or
/// "SHA256 (NAME) = HEX" (BSD's sha256). Lines that are neither are passed over.
/// Errors: integrity when the list does not have the name, or has it twice with different sums.
Result<Digest> find_checksum(std::string_view list, std::string_view name);

Error wrong_checksum(const Digest& found, const Digest& expected);

/// The digest that the request says the archive has, itself or by a list of checksums, whose
/// signature is checked when there is a keyring. nullopt: it says nothing.
/// Errors: usage, not_found, network, integrity (no such line, no good signature), unsupported
/// (gpgv is missing).
Result<std::optional<Digest>> expected_digest(const Context& context,
                                              const ArchiveRequest& request);

/// What a key of the keyring has signed: `text`, with the signature in `detached`, or the part of a
/// clearsigned `text` that is signed, which is the only part that may be believed. gpgv(1) decides.
/// The keyring is a file of keys as gpg exports them, armored or not.
/// Errors: unsupported when gpgv is not installed, integrity when there is no good signature, usage
/// for a damaged keyring.
Result<std::string> signed_text(const Context& context,
                                const std::string& text,
                                const std::optional<std::string>& detached,
                                const std::string& keyring);

/// Whether the text has its signature around it.
bool is_clearsigned(std::string_view text);

}  // namespace devenv::image::fetch
