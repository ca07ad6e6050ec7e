// SPDX-License-Identifier: MIT
#include "env/instance/usage.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/instance/catalog.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "env/sys/file.hpp"

namespace devenv::instance {
namespace {

constexpr std::uint64_t kBlock = 512;  // bytes of st_blocks (stat(3type))

/// One tree. What is removed meanwhile takes nothing.
class Walk {
 public:
  std::uint64_t measure(const std::string& path) {
    const auto info = sys::stat_at(AT_FDCWD, path);
    if (info && *info) {
      add(**info);
    }
    if (info && *info && S_ISDIR((*info)->st_mode)) {
      walk(sys::open_file(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    }
    return bytes_;
  }

 private:
  void add(const struct stat& info) {
    if (info.st_nlink > 1 && !S_ISDIR(info.st_mode) &&
        !seen_.insert({info.st_dev, info.st_ino}).second) {
      return;
    }
    bytes_ += static_cast<std::uint64_t>(info.st_blocks) * kBlock;
  }

  /// As deep as the tree: unpacking bounds that.
  void walk(Result<sys::UniqueFd> directory) {
    if (!directory) {
      return;
    }
    auto listed = sys::duplicate(directory->get());
    const auto names = listed ? sys::list_directory(*std::move(listed)) : fail(listed.error());
    for (const std::string& name : names.value_or(std::vector<std::string>())) {
      const auto info = sys::stat_at(directory->get(), name);
      if (!info || !*info) {
        continue;
      }
      add(**info);
      if (S_ISDIR((*info)->st_mode)) {
        walk(sys::open_at(directory->get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
      }
    }
  }

  std::uint64_t bytes_ = 0;
  std::set<std::pair<dev_t, ino_t>> seen_;
};

/// Of each path, in its order: as namespace root, who can look everywhere.
Result<std::vector<std::uint64_t>> disk_usage(const Workspace& workspace,
                                              const std::vector<std::string>& paths) {
  TRY_ASSIGN(const sandbox::IdMap map, workspace.id_map());
  TRY_ASSIGN(const image::Store store, workspace.store());
  TRY_ASSIGN(const image::Unfinished place, store.begin_unfinished("usage"));
  TRY_ASSIGN(const sys::UniqueFd file, sys::open_file(place.path, O_RDWR | O_CREAT | O_EXCL, 0600));
  TRY(sys::remove_file(place.path));
  TRY(sandbox::run_as_namespace_root(map, [&]() -> Result<void> {
    std::string lines;
    for (const std::string& path : paths) {
      lines += format("{}\n", Walk().measure(path));
    }
    return sys::write_all(file.get(), lines);
  }));
  constexpr std::size_t kLongestLine = 24;
  std::string text(paths.size() * kLongestLine, '\0');
  TRY_ASSIGN(const std::size_t count, sys::read_at(file.get(), text, 0));
  text.resize(count);
  std::vector<std::uint64_t> sizes;
  for (const std::string_view line : text::lines(text)) {
    sizes.push_back(text::parse_number(std::string(line)).value_or(0));
  }
  sizes.resize(paths.size());
  return sizes;
}

std::uint64_t sum_of(const LayerUsers& users, const std::set<Digest>& layers) {
  std::uint64_t bytes = 0;
  for (const Digest& layer : layers) {
    const auto found = users.layers.find(layer);
    bytes += found == users.layers.end() ? 0 : found->second;
  }
  return bytes;
}

/// How many images and environments need each layer.
std::map<Digest, std::size_t> count_users(const LayerUsers& users) {
  std::map<Digest, std::size_t> counts;
  for (const auto* group : {&users.images, &users.environments}) {
    for (const auto& [name, layers] : *group) {
      for (const Digest& layer : layers) {
        ++counts[layer];
      }
    }
  }
  return counts;
}

Result<std::vector<Digest>> layers_of_store(const image::Store& store) {
  std::vector<Digest> layers;
  const auto names = sys::list_directory(store.path() + "/layers");
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    if (auto digest = Digest::parse("sha256:" + name)) {
      layers.push_back(*std::move(digest));
    }
  }
  return layers;
}

Result<LayerUsers> find_users(const Workspace& workspace, const image::Store& store) {
  LayerUsers users;
  TRY_ASSIGN(const auto images, store.images());
  for (const image::ImageRecord& image : images) {
    users.images[image.reference].insert(image.layers.begin(), image.layers.end());
  }
  TRY_ASSIGN(const Listing listing, list_environments(workspace));
  for (const Environment& environment : listing.environments) {
    users.environments[environment.name.string()].insert(environment.state.layers.begin(),
                                                         environment.state.layers.end());
  }
  for (const EnvironmentDirectory& damaged : listing.damaged) {
    users.environments[damaged.name.string()];
  }
  return users;
}

}  // namespace

std::uint64_t Usage::total_bytes() const {
  std::uint64_t bytes = layer_bytes + other_bytes + package_bytes;
  for (const EnvironmentUsage& environment : environments) {
    bytes += environment.own_bytes;
  }
  return bytes;
}

Usage sum_up(const LayerUsers& users) {
  const std::map<Digest, std::size_t> counts = count_users(users);
  Usage usage;
  usage.layers = users.layers.size();
  for (const auto& [layer, bytes] : users.layers) {
    usage.layer_bytes += bytes;
    usage.unused_bytes += counts.contains(layer) ? 0 : bytes;
  }
  for (const auto& [reference, layers] : users.images) {
    std::set<Digest> own;
    std::copy_if(layers.begin(), layers.end(), std::inserter(own, own.end()),
                 [&](const Digest& layer) { return counts.at(layer) == 1; });
    usage.images.push_back({reference, sum_of(users, layers), sum_of(users, own)});
  }
  for (const auto& [name, layers] : users.environments) {
    const auto bytes = users.environment_bytes.find(name);
    usage.environments.push_back(
        {name, bytes == users.environment_bytes.end() ? 0 : bytes->second, sum_of(users, layers)});
  }
  return usage;
}

Result<Usage> measure_usage(const Workspace& workspace) {
  TRY_ASSIGN(const image::Store store, workspace.store());
  TRY_ASSIGN(LayerUsers users, find_users(workspace, store));
  TRY_ASSIGN(const auto layers, layers_of_store(store));
  std::vector<std::string> paths;
  for (const Digest& layer : layers) {
    paths.push_back(store.layer_directory(layer));
  }
  for (const auto& [name, unused] : users.environments) {
    paths.push_back(format("{}/{}", workspace.paths.environments(), name));
  }
  paths.push_back(store.path());
  paths.push_back(workspace.paths.cache + "/packages");
  TRY_ASSIGN(const auto sizes, disk_usage(workspace, paths));
  auto size = sizes.begin();
  for (const Digest& layer : layers) {
    users.layers[layer] = *size++;
  }
  for (const auto& [name, unused] : users.environments) {
    users.environment_bytes[name] = *size++;
  }
  Usage usage = sum_up(users);
  const std::uint64_t store_bytes = *size++;
  usage.other_bytes = store_bytes > usage.layer_bytes ? store_bytes - usage.layer_bytes : 0;
  usage.package_bytes = *size;
  return usage;
}

}  // namespace devenv::instance
