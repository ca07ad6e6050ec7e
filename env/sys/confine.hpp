// SPDX-License-Identifier: MIT
// What a process that reads bytes from outside can do when those bytes have taken it over.
#pragma once

#include <string>
#include <vector>

#include "env/base/result.hpp"

namespace devenv::sys {

struct VisibleDirectory {
  std::string path;  ///< absolute, without links
  bool writable = false;
};

/// This process sees from now on nothing but these directories, each where it was, in a mount
/// namespace of its own: what Landlock lets pass (the modes, owners, times and attributes of files)
/// is out of reach, too. What is open stays open, and leads out again when it is a directory.
///
/// Needs CAP_SYS_ADMIN in the user namespace. Errors: failed with errno.
/// Source: mount_namespaces(7), pivot_root(2).
Result<void> confine_view(const std::vector<VisibleDirectory>& directories);

/// This thread, and those it will start, can from now on open and change no file but below the open
/// directory (read also below `readable`; -1: there is none of either kind), use no TCP port, and
/// send signals to nobody but their own (Landlock). What is open stays usable.
///
/// As much of this as the kernel knows: files from Linux 5.19 on (before, it would not let hard
/// links be made either), TCP from 6.7, signals from 6.12. Whether files are closed off.
/// Errors: failed with errno when Landlock is there and refuses.
/// Source: landlock(7); Documentation/userspace-api/landlock.rst.
Result<bool> confine_files(int directory, int readable = -1);

/// As confine_files, for a program that only passes on what it reads: no file can be made, changed
/// or removed (from Linux 5.13 on); reading and executing are as before.
Result<bool> confine_writing();

enum class Paths { allowed, refused };

/// This thread, and those it will start, can from now on run no program, open no socket, look into
/// no other process, mount nothing, make no namespace, share no memory and type into no terminal:
/// such calls fail with EPERM (clone3 with ENOSYS, since a filter cannot see what it is asked).
/// With `Paths::refused` so do those that open, make, change or remove a file by its path, which
/// keeps them out of reach where Landlock is not there or too old. False where there are no such
/// filters. Errors: failed with errno. Source: seccomp(2);
/// Documentation/userspace-api/seccomp_filter.rst.
Result<bool> confine_calls(Paths paths);

}  // namespace devenv::sys
