// SPDX-License-Identifier: MIT
#include "env/instance/bundle.hpp"

#include <fcntl.h>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"
#include "env/instance/staging.hpp"
#include "env/instance/worker.hpp"
#include "env/sandbox/flatten.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "env/sys/file.hpp"
#include "env/sys/tree.hpp"

namespace devenv::instance {
namespace {

constexpr const char* kConfigFile = "config.json";
constexpr const char* kMadeBy = "dev.devenv.bundle";  ///< an annotation of ours
constexpr const char* kShell = "/bin/sh";

constexpr std::size_t kName = 0;
constexpr std::size_t kId = 2;   ///< in passwd(5) and group(5)
constexpr std::size_t kGid = 3;  ///< in passwd(5)

/// The fields of the first line that has `value` there; empty when there is none.
std::vector<std::string_view> line_with(std::string_view text,
                                        std::size_t field,
                                        std::string_view value) {
  for (const std::string_view line : text::lines(text)) {
    auto fields = text::split(line, ':');
    if (fields.size() > field && fields[field] == value) {
      return fields;
    }
  }
  return {};
}

Result<std::uint32_t> number_at(const std::vector<std::string_view>& fields,
                                std::size_t index,
                                std::string_view name) {
  const auto number =
      fields.size() > index ? text::parse_number(std::string(fields[index])) : std::nullopt;
  if (!number || *number > UINT32_MAX - 1) {
    return fail(ErrorCode::not_found,
                format("the image has no user or group '{}'", text::sanitize(name)));
  }
  return static_cast<std::uint32_t>(*number);
}

Json mount(const char* target,
           const char* type,
           const char* source,
           std::vector<std::string> options) {
  return Json{
      {"destination", target}, {"type", type}, {"source", source}, {"options", std::move(options)}};
}

/// Those of a container without root: /sys is the host's, read-only, since only who owns the
/// network namespace may mount another.
Json mounts() {
  return Json::array(
      {mount("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}),
       mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
       mount("/dev/pts", "devpts", "devpts",
             {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"}),
       mount("/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}),
       mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}),
       mount("/sys", "none", "/sys", {"rbind", "nosuid", "noexec", "nodev", "ro"})});
}

Json mappings(const std::vector<sandbox::IdExtent>& extents) {
  Json list = Json::array();
  for (const sandbox::IdExtent& extent : extents) {
    list.push_back(
        {{"containerID", extent.inside}, {"hostID", extent.outside}, {"size", extent.count}});
  }
  return list;
}

std::vector<std::string> arguments_of(const image::RunConfig& config) {
  std::vector<std::string> arguments = config.entrypoint;
  arguments.insert(arguments.end(), config.command.begin(), config.command.end());
  return arguments.empty() ? std::vector<std::string>{kShell} : arguments;
}

/// Numbers can do without a file, and without one that is a directory, say.
Result<std::string> accounts_in(int root, const char* file, const std::string& user) {
  auto contents = sys::read_file_in_root(root, file);
  if (!contents && user.find_first_not_of("0123456789:") == std::string::npos) {
    LOG_INFO("{}", contents.error().to_line());
    return std::string();
  }
  TRY_CONTEXT(contents, format("cannot find the image's user '{}'", text::sanitize(user)));
  return contents->value_or("");
}

/// As namespace root.
Result<void> fill_bundle(const std::string& directory,
                         const std::vector<std::string>& layers,
                         const image::RunConfig& config,
                         const sandbox::IdMap& map,
                         bool terminal) {
  // First, so that what is left of a bundle that was never finished can be removed.
  TRY(sys::write_file_atomic(format("{}/{}", directory, kConfigFile),
                             json::dump(Json{{"annotations", {{kMadeBy, "unfinished"}}}}) + "\n",
                             0644));
  const std::string rootfs = directory + "/rootfs";
  TRY(sys::make_directories(rootfs, 0755));
  TRY(sandbox::flatten_layers(layers, rootfs));
  TRY_ASSIGN(const sys::UniqueFd root, sys::open_file(rootfs, O_PATH | O_DIRECTORY));
  TRY_ASSIGN(const std::string passwd, accounts_in(root.get(), "/etc/passwd", config.user));
  TRY_ASSIGN(const std::string group, accounts_in(root.get(), "/etc/group", config.user));
  TRY_ASSIGN(const BundleUser user, find_bundle_user(config.user, passwd, group));
  return sys::write_file_atomic(format("{}/{}", directory, kConfigFile),
                                json::dump(bundle_config(config, user, map, terminal), 2) + "\n",
                                0644);
}

}  // namespace

Result<BundleUser> find_bundle_user(const std::string& user,
                                    std::string_view passwd,
                                    std::string_view group) {
  BundleUser found;
  const std::size_t colon = user.find(':');
  const std::string name = user.substr(0, colon);
  if (text::parse_number(name)) {
    TRY_ASSIGN(found.uid, number_at({name}, 0, name));
    const auto entry = line_with(passwd, kId, name);
    if (entry.size() > kGid) {
      TRY_ASSIGN(found.gid, number_at(entry, kGid, name));
    }
  } else if (!name.empty()) {
    const auto entry = line_with(passwd, kName, name);
    TRY_ASSIGN(found.uid, number_at(entry, kId, name));
    TRY_ASSIGN(found.gid, number_at(entry, kGid, name));
  }
  if (colon != std::string::npos) {
    const std::string group_name = user.substr(colon + 1);
    const bool is_number = text::parse_number(group_name).has_value();
    TRY_ASSIGN(found.gid, is_number
                              ? number_at({group_name}, 0, group_name)
                              : number_at(line_with(group, kName, group_name), kId, group_name));
  }
  return found;
}

Json bundle_config(const image::RunConfig& config,
                   const BundleUser& user,
                   const sandbox::IdMap& map,
                   bool terminal) {
  const std::vector<std::string> capabilities = {
      "CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FOWNER",          "CAP_FSETID",
      "CAP_KILL",    "CAP_SETGID",       "CAP_SETUID",          "CAP_SETPCAP",
      "CAP_SETFCAP", "CAP_SYS_CHROOT",   "CAP_NET_BIND_SERVICE"};
  Json namespaces = Json::array();
  for (const char* type : {"pid", "ipc", "uts", "mount", "user"}) {
    namespaces.push_back({{"type", type}});
  }
  return Json{
      {"ociVersion", "1.0.2"},
      {"process",
       {{"terminal", terminal},
        {"user", {{"uid", user.uid}, {"gid", user.gid}}},
        {"args", arguments_of(config)},
        {"env", config.environment},
        {"cwd", config.working_directory.empty() ? "/" : config.working_directory},
        {"capabilities",
         {{"bounding", capabilities}, {"effective", capabilities}, {"permitted", capabilities}}}}},
      {"root", {{"path", "rootfs"}, {"readonly", false}}},
      {"hostname", "bundle"},
      {"mounts", mounts()},
      {"annotations", {{kMadeBy, "1"}}},
      {"linux",
       {{"namespaces", std::move(namespaces)},
        {"uidMappings", mappings(map.uids)},
        {"gidMappings", mappings(map.gids)},
        {"maskedPaths", {"/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"}},
        {"readonlyPaths",
         {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}}}}};
}

Result<void> make_bundle(const Workspace& workspace,
                         const image::ImageRecord& image,
                         const std::string& directory,
                         bool terminal,
                         Reporter& reporter) {
  if (sys::exists(directory)) {
    return fail(ErrorCode::conflict, format("'{}' is there", text::sanitize(directory)));
  }
  TRY_ASSIGN(const sandbox::IdMap map, workspace.id_map());
  TRY_ASSIGN(const image::Store store, workspace.store());
  TRY_ASSIGN(const auto locks, lock_layers(store, image.layers));
  TRY_ASSIGN(
      const auto config,
      run_worker<image::RunConfig>(
          workspace, {"config", "--store", store.path(), "--base", image.manifest_digest.string()},
          reporter));
  std::vector<std::string> layers;
  for (auto layer = image.layers.rbegin(); layer != image.layers.rend(); ++layer) {
    layers.push_back(store.layer_tree(*layer));
  }
  reporter.step(format("making a bundle of {}", text::sanitize(image.reference)));
  TRY(sys::make_directories(directory, 0755));
  auto filled = sandbox::run_as_namespace_root(
      map, [&] { return fill_bundle(directory, layers, config, map, terminal); });
  if (!filled) {
    (void)delete_in_namespace(map, directory);
    const Error error = filled.error().context(
        format("cannot make a bundle of {}", text::sanitize(image.reference)));
    return fail(error.sys_errno() != ENOSPC && error.sys_errno() != EDQUOT
                    ? error
                    : error.with_hint("a bundle has all of the image's files: make room for them"));
  }
  return {};
}

Result<void> remove_bundle(const Workspace& workspace, const std::string& directory) {
  constexpr std::size_t kLimit = 1024U * 1024;
  const auto text = sys::read_file(format("{}/{}", directory, kConfigFile), kLimit);
  const auto config = text ? json::parse(*text) : Result<Json>(fail(text.error()));
  const Json* const annotations = config ? json::find(*config, "annotations") : nullptr;
  if (annotations == nullptr || json::find(*annotations, kMadeBy) == nullptr) {
    return fail(Error(ErrorCode::conflict,
                      format("'{}' is no bundle that devenv has made", text::sanitize(directory)))
                    .with_hint("remove it yourself"));
  }
  TRY_ASSIGN(const sandbox::IdMap map, workspace.id_map());
  return delete_in_namespace(map, directory);
}

}  // namespace devenv::instance
