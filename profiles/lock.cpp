// SPDX-License-Identifier: MIT
#include "profiles/lock.hpp"

#include "env/base/format.hpp"
#include "profiles/toml_internal.hpp"
#include "profiles/toml_writer.hpp"

namespace devenv::profiles {
namespace {

constexpr std::string_view kVersion = "1";

std::vector<std::string> texts_of(const std::vector<Digest>& digests) {
  std::vector<std::string> texts;
  for (const Digest& digest : digests) {
    texts.push_back(digest.string());
  }
  return texts;
}

Result<ProjectLock> read_root(const TomlValue& root) {
  if (root.text_at("version") != kVersion) {
    return fail(Error(ErrorCode::unsupported, "it is of another version of the format")
                    .with_hint("update devenv"));
  }
  const TomlMember* const image = root.find("image");
  if (image == nullptr) {
    return fail(ErrorCode::integrity, "it has no [image]");
  }
  TRY_ASSIGN(Digest manifest, Digest::parse(image->value.text_at("manifest")));
  ProjectLock lock{.base = root.text_at("base"),
                   .architecture = root.text_at("architecture"),
                   .image = image->value.text_at("reference"),
                   .manifest = std::move(manifest),
                   .pushed = root.text_at("pushed")};
  for (const std::string& text : image->value.texts_at("layers")) {
    TRY_ASSIGN(Digest layer, Digest::parse(text));
    lock.image_layers.push_back(std::move(layer));
  }
  lock.image_environment = image->value.texts_at("environment");
  if (const TomlMember* const features = root.find("feature")) {
    for (const TomlValue& each : features->value.items) {
      TRY_ASSIGN(Digest digest, Digest::parse(each.text_at("manifest")));
      lock.features.push_back({each.text_at("reference"), std::move(digest)});
    }
  }
  if (const TomlMember* const layers = root.find("layer")) {
    for (const TomlValue& each : layers->value.items) {
      TRY_ASSIGN(Digest key, Digest::parse(each.text_at("key")));
      TRY_ASSIGN(Digest chain_id, Digest::parse(each.text_at("chain-id")));
      TRY_ASSIGN(Digest diff_id, Digest::parse(each.text_at("diff-id")));
      lock.layers.push_back({each.text_at("title"), std::move(key), std::move(chain_id),
                             std::move(diff_id), each.texts_at("packages")});
    }
  }
  if (const TomlMember* const packages = root.find("packages")) {
    lock.manager = packages->value.text_at("manager");
    lock.packages = packages->value.texts_at("installed");
  }
  if (lock.base.empty() || lock.image.empty() || lock.image_layers.empty()) {
    return fail(ErrorCode::integrity, "it names no base, no image or no layer");
  }
  return lock;
}

/// One line each: a change of one package is a change of one line.
std::string tall_list(const std::vector<std::string>& values) {
  std::string text = "[\n";
  for (const std::string& value : values) {
    text += format("  {},\n", toml_string(value));
  }
  return text + "]\n";
}

}  // namespace

std::string lock_file(std::string_view variant) {
  return variant.empty() ? "devenv.toml.lock" : format("devenv.toml.{}.lock", variant);
}

std::string write_lock(const ProjectLock& lock) {
  TomlWriter writer;
  writer.text("version", kVersion);
  writer.text("base", lock.base);
  writer.text("architecture", lock.architecture);
  writer.text("pushed", lock.pushed);
  writer.table("image");
  writer.text("reference", lock.image);
  writer.text("manifest", lock.manifest.string());
  writer.list("layers", texts_of(lock.image_layers));
  writer.list("environment", lock.image_environment);
  for (const LockedFeature& feature : lock.features) {
    writer.element("feature");
    writer.text("reference", feature.reference);
    writer.text("manifest", feature.manifest.string());
  }
  for (const LockedLayer& layer : lock.layers) {
    writer.element("layer");
    writer.text("title", layer.title);
    writer.text("key", layer.key.string());
    writer.text("chain-id", layer.chain_id.string());
    writer.text("diff-id", layer.diff_id.string());
    writer.list("packages", layer.packages);
  }
  std::string text =
      "# Written by `devenv lock`: keep it beside devenv.toml, in the repository.\n" +
      writer.take();
  if (!lock.manager.empty()) {
    text += format("\n[packages]\nmanager = {}\ninstalled = {}", toml_string(lock.manager),
                   tall_list(lock.packages));
  }
  return text;
}

Result<ProjectLock> read_lock(std::string_view text, const std::string& file) {
  const auto root = parse_toml(text, file);
  if (!root) {
    return fail(ErrorCode::integrity, root.error().to_string());
  }
  TRY_ASSIGN_CONTEXT(ProjectLock lock, read_root(*root), format("cannot use '{}'", file));
  return lock;
}

}  // namespace devenv::profiles
