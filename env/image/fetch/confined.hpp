// SPDX-License-Identifier: MIT
// Whoever makes bytes may know of a defect in what reads them: what does so is a process of its
// own, which has hardly more than them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "env/base/result.hpp"
#include "env/image/fetch/cancellation.hpp"

namespace devenv::image::fetch {

/// Standard input and output are /dev/null from now on (a worker's answers go there), and what else
/// is open is closed but `kept`. Errors: failed.
Result<void> close_off(const std::vector<int>& kept);

/// Logs what a kernel does not have, or why it was refused.
void note_missing(const char* what, const Result<bool>& done);

/// What `work` returns, run in a child of this process that can open no file, run no program and
/// reach no network, as far as the kernel can see to it; of what is open it has `kept`. Until the
/// end of `work` nothing else is done but waiting. Errors: those of `work`; interrupted; integrity
/// when the child dies of it; failed when somebody kills it, as a kernel without memory does.
Result<std::string> run_confined(Cancellation& cancellation,
                                 const std::vector<int>& kept,
                                 const std::function<Result<std::string>()>& work);

/// Of a process that ended without saying why. `who`: "the process that reads it".
Error died(const std::string& who, const sys::ExitStatus& status);

}  // namespace devenv::image::fetch
