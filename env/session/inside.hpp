// SPDX-License-Identifier: MIT
// What is put right inside: by an entry, after it joined the namespaces and before the command
// takes over, and at the end of a start.
#pragma once

#include <string>
#include <vector>

#include "env/host/shares.hpp"
#include "env/sys/users.hpp"

namespace devenv::session {

/// Links to what the host has got since the start: a restarted daemon's directory below /run, and,
/// in a runtime directory of our own, everything that is shared. Never an error: what cannot be
/// made is as if the host did not have it. `host_runtime` is XDG_RUNTIME_DIR on the host.
void refresh_links(const host::ShareChoice& shares,
                   const std::string& host_runtime,
                   const sys::User& user);

/// Language variables with the locales that the image does not have replaced by C.UTF-8 (C where
/// not even that is there), which keeps programs from warning at each start. musl knows no locales
/// but never warns. Source: locale(7), setlocale(3); glibc's locale/locarchive.h for the archive.
void use_known_locales(std::vector<std::string>& variables);

/// At a start: locales that these variables ask for, that the image does not have but can make
/// (localedef(1), and what Debian's `locales` or Fedora's `glibc-locale-source` brings). Once: they
/// are kept with what else is changed. Never fails.
void make_missing_locales(const std::vector<std::string>& variables);

}  // namespace devenv::session
