// SPDX-License-Identifier: MIT
// The bodies of the processes that work on one layer. They run in forked children: they report
// through `reports` and return an exit code.
#pragma once

#include <sys/types.h>

#include <string>

#include "env/image/fetch/layer_job.hpp"
#include "env/image/layer/unpack.hpp"

namespace devenv::image::fetch {

/// What a worker shares with the foreman, who made it.
struct WorkerEnds {
  pid_t foreman = -1;
  int reports = -1;  ///< write end: messages for the foreman
  std::string
      memory_lock{};  ///< a file: held by the unpacker that needs much memory, one at a time
};

/// Fills the partial file of a Downloaded job, from what it has already to the end. `announcements`
/// is the write end of the pipe that GrowingFileSource reads.
int run_downloader(const WorkerEnds& ends, const LayerJob& job, int partial, int announcements);

/// Runs a Piped job's program into `output`.
int run_program(const WorkerEnds& ends, const LayerJob& job, int output);

/// Unpacks a layer into `<job.directory>/fs`, which is made anew. `input` is the partial file
/// (Downloaded, with `announcements` as its read end), the file (InFile) or a pipe (Piped).
/// Runs as root of the namespace.
int run_unpacker(const WorkerEnds& ends,
                 const LayerJob& job,
                 int input,
                 int announcements,
                 const UnpackLimits& limits);

/// Adds what to do about a full disk; other errors stay as they are. `directory` is the store or
/// something in its tmp.
Error explain_disk_error(const Error& error, const std::string& directory);

}  // namespace devenv::image::fetch
