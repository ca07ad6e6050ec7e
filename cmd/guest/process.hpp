// SPDX-License-Identifier: MIT
// What the applets that stay or that wait have in common.
#pragma once

#include <initializer_list>
#include <optional>

namespace devenv::guest {

/// The number in `text`, which must be that of an open file beyond standard error.
std::optional<int> parse_fd(const char* text);

/// Gives back the pages of the program itself: the kernel maps all that is in its cache, which
/// would be nine tenths of what a waiting process is counted with. The few still needed come back
/// by themselves.
void forget_program_pages();

/// The signals do nothing from now on.
void ignore_signals(std::initializer_list<int> numbers);

/// Blocks the signals and gives a file to read them from (signalfd(2)); -1 when there is none.
/// One that is ignored, as after nohup(1), stays so.
int hold_signals(std::initializer_list<int> numbers);
/// The next signal of such a file; 0 when there is none.
int next_signal(int signals);

/// No signal is ignored, handled or blocked any more: for a child that becomes another program.
void release_signals();

}  // namespace devenv::guest
