// SPDX-License-Identifier: MIT
#include "env/instance/images.hpp"

#include <utility>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/sha256.hpp"
#include "env/base/text.hpp"
#include "env/instance/catalog.hpp"
#include "env/instance/qualify.hpp"
#include "env/instance/worker.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "env/sys/file.hpp"
#include "env/sys/file_lock.hpp"
#include "env/sys/tree.hpp"

namespace devenv::instance {
namespace {

Result<image::ImageRecord> run_for_image(const Workspace& workspace,
                                         const std::vector<std::string>& arguments,
                                         Reporter& reporter) {
  return run_worker<image::ImageRecord>(workspace, arguments, reporter);
}

/// What was made of the distribution's packages before; nullopt when nothing was.
Result<std::optional<image::ImageRecord>> find_bootstrapped(const image::Store& store,
                                                            const Bootstrap& source) {
  return store.find_image(format("localhost/bootstrap/{}:{}", source.distribution, source.suite));
}

Result<image::ImageRecord> bootstrap(const Workspace& workspace,
                                     const image::Store& store,
                                     const Bootstrap& source,
                                     PullPolicy policy,
                                     Reporter& reporter) {
  if (policy == PullPolicy::if_missing) {
    TRY_ASSIGN(auto present, find_bootstrapped(store, source));
    if (present) {
      return *std::move(present);
    }
  }
  return run_for_image(workspace,
                       {"bootstrap", "--store", store.path(), "--distribution", source.distribution,
                        "--suite", source.suite},
                       reporter);
}

/// Images that were made, saved or imported here: no registry has them.
Result<image::ImageRecord> find_local(const image::Store& store, const image::Reference& named) {
  const std::string reference = named.string();
  TRY_ASSIGN(auto present, store.find_image(reference));
  if (!present && named.digest()) {
    TRY_ASSIGN(present, store.find_by_digest(named));
  }
  if (present) {
    return *std::move(present);
  }
  TRY_ASSIGN(const std::vector<image::ImageRecord> images, store.images());
  std::vector<std::string> names;
  for (const image::ImageRecord& image : images) {
    names.push_back(image.reference);
  }
  const auto similar = text::closest(reference, names);
  return fail(
      Error(ErrorCode::not_found,
            format("there is no image '{}': images of 'localhost' are made here, no registry "
                   "has them",
                   reference))
          .with_hint(similar ? format("did you mean '{}'? All of them: devenv image list",
                                      text::sanitize(*similar))
                             : "the images that are here: devenv image list"));
}

Result<image::ImageRecord> pull(const Workspace& workspace,
                                const image::Store& store,
                                const FromRegistry& source,
                                PullPolicy policy,
                                Reporter& reporter) {
  TRY_ASSIGN(const image::Reference named, qualify(workspace, source.reference, reporter));
  const std::string reference = named.string();
  if (named.registry() == "localhost") {
    return find_local(store, named);
  }
  if (policy == PullPolicy::if_missing) {
    TRY_ASSIGN(auto present, store.find_image(reference));
    // Not the registry's as soon as it can be reached: what is built on this one would be built
    // anew.
    if (!present && source.fallback) {
      TRY_ASSIGN(present, find_bootstrapped(store, *source.fallback));
    }
    if (present) {
      return *std::move(present);
    }
  }
  auto pulled = run_for_image(workspace, {"pull", "--store", store.path(), reference}, reporter);
  if (pulled || pulled.error().code() != ErrorCode::network || !source.fallback) {
    return pulled;
  }
  LOG_INFO("pull failed: {}", pulled.error().to_line());
  reporter.step(
      format("{} cannot be reached: using the distribution's packages instead", named.registry()));
  return bootstrap(workspace, store, *source.fallback, PullPolicy::if_missing, reporter);
}

/// Layers belong to ids of the map: only root of its namespace may remove them.
Result<void> remove_paths(const sandbox::IdMap& map, const std::vector<std::string>& paths) {
  const auto remove = [&paths]() -> Result<void> {
    for (const std::string& path : paths) {
      TRY(sys::remove_tree(path));
    }
    return {};
  };
  return sandbox::run_as_namespace_root(map, remove);
}

/// Of a file as it is; "" for what is none. Its change time cannot be set back.
std::string stamp_of(const std::string& path) {
  const auto info = sys::stat_path(path);
  if (!info || !*info || !S_ISREG((*info)->st_mode)) {
    return "";
  }
  return format("{} {} {}.{} {}", (*info)->st_ino, (*info)->st_size, (*info)->st_ctim.tv_sec,
                (*info)->st_ctim.tv_nsec, path);
}

/// The same of what a check reads: nullopt when it is a file that is not there.
std::optional<std::string> stamp_of_check(const std::string& place) {
  if (place.empty() || place.find("://") != std::string::npos) {
    return place;
  }
  std::string stamp = stamp_of(place);
  return stamp.empty() ? std::nullopt : std::optional(std::move(stamp));
}

/// Names what an archive is now, and what it was checked by: files by their stamps, URLs by what
/// was asked for. "" for what may be something else each time.
std::string identity_of(const ArchiveFile& source) {
  const std::string place = source.is_url() ? format("url {}", source.path) : stamp_of(source.path);
  if (place.empty() || source.is_standard_input()) {
    return "";
  }
  const ArchiveCheck& check = source.check;
  const auto checksums = stamp_of_check(check.checksums);
  const auto keyring = stamp_of_check(check.keyring);
  if (!checksums || !keyring) {
    return "";
  }
  std::string identity = place;
  for (const std::string& part : {source.tag, source.name, check.sha256, *checksums, *keyring}) {
    identity += part.empty() ? "" : "|" + part;
  }
  return identity;
}

std::vector<std::string> import_arguments(const image::Store& store, const ArchiveFile& source) {
  std::vector<std::string> arguments = {"import", "--store", store.path()};
  const auto add = [&](const char* flag, const std::string& value) {
    if (!value.empty()) {
      arguments.insert(arguments.end(), {flag, value});
    }
  };
  add("--tag", source.tag);
  add("--name", source.name);
  add("--sha256", source.check.sha256);
  add("--checksums", source.check.checksums);
  add("--keyring", source.check.keyring);
  arguments.insert(arguments.end(), {"--", source.path});
  return arguments;
}

/// What the note says that became of an archive; nullopt when that is not there any more.
Result<std::optional<image::ImageRecord>> find_imported(const image::Store& store,
                                                        const std::string& note,
                                                        const std::string& digest) {
  const auto known = sys::read_file_if_exists(note);
  const auto lines = text::lines(known && *known ? std::string_view(**known) : "");
  return lines.size() == 2 && lines[0] == digest
             ? store.find_image(lines[1])
             : Result<std::optional<image::ImageRecord>>(std::nullopt);
}

/// While one process imports an archive, others wait, and then find it done.
class ImportTurn {
 public:
  static Result<ImportTurn> wait(const std::string& note) {
    TRY_ASSIGN(sys::FileLock lock,
               sys::FileLock::acquire(note + ".lock", sys::LockMode::exclusive));
    return ImportTurn(note + ".lock", std::move(lock));
  }
  ImportTurn(ImportTurn&& other) noexcept
      : file_(std::exchange(other.file_, {})), lock_(std::move(other.lock_)) {}
  ImportTurn& operator=(ImportTurn&&) = delete;
  ~ImportTurn() {
    if (!file_.empty()) {
      (void)sys::remove_file(file_);  // whoever waits for it makes it anew
    }
  }

 private:
  ImportTurn(std::string file, sys::FileLock lock)
      : file_(std::move(file)), lock_(std::move(lock)) {}
  std::string file_;
  sys::FileLock lock_;
};

/// What was made of an archive is used again as long as the archive is the same.
Result<image::ImageRecord> import_archive(const Workspace& workspace,
                                          const image::Store& store,
                                          const ArchiveFile& source,
                                          PullPolicy policy,
                                          Reporter& reporter) {
  constexpr int kStandardInput = 0;
  const std::string identity = identity_of(source);
  // Not the identity itself: a URL's query may be a secret.
  const std::string digest = sha256_of(identity).hex();
  const std::string note = format("{}/imports/{}", store.path(), digest.substr(0, 16));
  std::optional<ImportTurn> turn;
  if (policy == PullPolicy::if_missing && !identity.empty()) {
    TRY_ASSIGN(auto before, find_imported(store, note, digest));
    if (!before) {
      TRY(sys::make_directories(store.path() + "/imports", 0700));
      TRY_ASSIGN(ImportTurn own, ImportTurn::wait(note));
      turn.emplace(std::move(own));
      TRY_ASSIGN(before, find_imported(store, note, digest));
    }
    if (before) {
      return *std::move(before);
    }
  }
  TRY_ASSIGN(image::ImageRecord image,
             run_worker<image::ImageRecord>(
                 workspace, import_arguments(store, source), reporter,
                 WorkerInput{.fd = source.is_standard_input() ? kStandardInput : -1}));
  if (!identity.empty() && identity_of(source) == identity) {
    TRY(sys::make_directories(store.path() + "/imports", 0700));
    TRY(sys::replace_file(note, format("{}\n{}\n", digest, image.manifest_digest.string()), 0600));
  }
  return image;
}

}  // namespace

Result<image::ImageRecord> obtain_image(const Workspace& workspace,
                                        const ImageSource& source,
                                        PullPolicy policy,
                                        Reporter& reporter) {
  TRY_ASSIGN(const image::Store store, workspace.store());
  if (const auto* registry = std::get_if<FromRegistry>(&source)) {
    return pull(workspace, store, *registry, policy, reporter);
  }
  if (const auto* packages = std::get_if<Bootstrap>(&source)) {
    return bootstrap(workspace, store, *packages, policy, reporter);
  }
  if (const auto* engine = std::get_if<EngineImage>(&source)) {
    std::vector<std::string> arguments = {"engine", "--store", store.path(), "--engine",
                                          engine->engine};
    if (!engine->name_here.empty()) {
      arguments.insert(arguments.end(), {"--name", engine->name_here});
    }
    arguments.insert(arguments.end(), {"--", engine->name});
    return run_for_image(workspace, arguments, reporter);
  }
  return import_archive(workspace, store, std::get<ArchiveFile>(source), policy, reporter);
}

Result<PruneResult> prune_images(const Workspace& workspace, PruneScope scope, bool dry_run) {
  TRY_ASSIGN(const sandbox::IdMap map, workspace.id_map());
  TRY_ASSIGN(const image::Store store, workspace.store());
  const auto usage = [&workspace]() -> Result<image::StoreUsage> {
    TRY_ASSIGN(UsedImages used, used_images(workspace));
    return image::StoreUsage{.layers = std::move(used.layers),
                             .manifests = std::move(used.manifests)};
  };
  const bool all = scope == PruneScope::unused_images;
  TRY_ASSIGN(const sys::FileSystemInfo before, sys::file_system_info(store.path()));
  PruneResult result;
  bool more = true;
  while (more) {
    TRY_ASSIGN(image::PrunePlan plan, store.plan_prune(usage, all));
    result.removed_images.insert(result.removed_images.end(), plan.images.begin(),
                                 plan.images.end());
    result.removed_paths += plan.paths.size();
    result.problems = std::move(plan.problems);
    if (dry_run) {
      return result;
    }
    for (const std::string& reference : plan.images) {
      TRY(store.remove_image(reference));
    }
    if (!plan.paths.empty()) {
      TRY(remove_paths(map, plan.paths));
    }
    more = plan.more && (!plan.images.empty() || !plan.paths.empty());
  }
  TRY(store.remove_stale_locks());
  TRY_ASSIGN(const sys::FileSystemInfo after, sys::file_system_info(store.path()));
  result.freed_bytes = after.available_bytes > before.available_bytes
                           ? after.available_bytes - before.available_bytes
                           : 0;
  return result;
}

}  // namespace devenv::instance
