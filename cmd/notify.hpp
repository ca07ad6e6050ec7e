// SPDX-License-Identifier: MIT
// Messages for people who have no terminal.
#pragma once

#include "env/base/result.hpp"

namespace devenv::cmd {

/// Shows an error on the desktop, by whichever program for that the host has (notify-send, gdbus).
/// Does not wait; without a session's bus nothing happens.
/// Source: Desktop Notifications Specification 1.2, "org.freedesktop.Notifications.Notify".
void notify(const Error& error);

}  // namespace devenv::cmd
