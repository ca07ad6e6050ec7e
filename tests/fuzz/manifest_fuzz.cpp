// SPDX-License-Identifier: MIT
// Documents of registries and lines of devenv-image: every reader gets every input.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "env/base/json.hpp"
#include "env/base/text.hpp"
#include "env/image/chunked.hpp"
#include "env/image/config.hpp"
#include "env/image/feature.hpp"
#include "env/image/manifest.hpp"
#include "env/image/record.hpp"
#include "env/image/worker_events.hpp"

using namespace devenv::image;

namespace {

/// libFuzzer reports an abort together with the input.
void must(bool condition) {
  if (!condition) {
    std::abort();
  }
}

/// Whatever goes wrong, a person can be shown why.
void check(const devenv::Error& error) {
  for (const devenv::Error* each = &error; each != nullptr; each = each->cause()) {
    must(devenv::text::sanitize(each->message()) == each->message());
  }
  must(error.code() != devenv::ErrorCode::failed);
}

void check(const Manifest& manifest) {
  must(!manifest.layers.empty() && manifest.layers.size() <= kMaxLayers);
  must(manifest.config.size_bytes <= kMaxDocumentBytes);
  must(manifest.download_bytes() <= kMaxLayers * kMaxLayerBytes);
}

void check(const Index& index) {
  for (const char* platform : {"linux/amd64", "linux/arm/v7", "linux/arm64"}) {
    const auto chosen = choose_entry(index, *Platform::parse(platform));
    if (chosen) {
      must(chosen->is_image && chosen->manifest.size_bytes <= kMaxDocumentBytes);
    } else {
      check(chosen.error());
    }
  }
}

void read_manifest(std::string_view text) {
  int accepted = 0;
  for (const std::string_view type : {std::string_view(), kDockerManifestType, kDockerListType,
                                      kOciManifestType, kOciIndexType}) {
    const auto document = parse_manifest(text, type);
    if (!document) {
      check(document.error());
      continue;
    }
    std::visit([](const auto& each) { check(each); }, *document);
    accepted += std::holds_alternative<Index>(*document) ? 1 : 100;
  }
  // Never a manifest under one name and an index under another.
  must(accepted < 100 || accepted % 100 == 0);
}

void read_config(std::string_view text) {
  for (const std::size_t layers : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
    const auto config = parse_config(text, layers);
    if (!config) {
      check(config.error());
      continue;
    }
    must(config->diff_ids.size() == layers && config->platform.os == "linux");
    for (const std::string& variable : config->environment) {
      must(variable.find('=') != std::string::npos && variable.find('\0') == std::string::npos);
    }
  }
}

void read_contents(std::string_view text, ContentsKind kind) {
  constexpr std::uint64_t kEnd = 1'000'000;
  const auto files = parse_contents(text, kind, kEnd);
  if (!files) {
    check(files.error());
    return;
  }
  std::uint64_t position = 0;
  for (const LargeFile& file : *files) {
    must(file.begin >= position && file.begin <= file.end && file.end <= kEnd);
    must(file.begin < file.end || kind == ContentsKind::estargz);
    position = file.end;
  }
}

void read_feature(std::string_view text) {
  if (const auto layer = parse_feature_manifest(text); !layer) {
    check(layer.error());
  } else {
    must(layer->size_bytes <= kMaxFeatureBytes && layer->media_type == kFeatureLayerType);
  }
  const auto feature = parse_feature(text);
  if (!feature) {
    check(feature.error());
    return;
  }
  const auto again = Feature::from_json(feature->to_json());
  must(again && *again == *feature);
}

class Listener final : public devenv::Reporter {
 public:
  void step(std::string_view message) override { safe(message); }
  void warn(std::string_view message, std::string_view hint) override {
    safe(message);
    safe(hint);
  }
  void progress(std::string_view id,
                std::string_view activity,
                std::uint64_t /*done*/,
                std::uint64_t /*total*/,
                bool /*finished*/) override {
    safe(id);
    safe(activity);
  }

 private:
  static void safe(std::string_view text) { must(devenv::text::sanitize(text) == text); }
};

void read_events(std::string_view text) {
  Listener listener;
  for (const std::string_view line : devenv::text::lines(text)) {
    const auto outcome = handle_event(line, listener);
    if (outcome && *outcome) {
      std::visit(
          [](const auto& value) {
            using Value = std::decay_t<decltype(value)>;
            must(Value::from_json(value.to_json()) == value);
          },
          **outcome);
    } else if (outcome) {
      const devenv::Json json = error_to_json(outcome->error());
      must(error_to_json(error_from_json(json)) == json);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_events(text);
  read_feature(text);
  read_contents(text, ContentsKind::zstd_chunked);
  read_contents(text, ContentsKind::estargz);
  (void)parse_stargz_footer(text);
  const auto json = devenv::json::parse(text);
  if (!json) {
    // No reader gets further than that.
    check(json.error());
    must(!parse_manifest(text, "") && !parse_config(text, 0));
    return 0;
  }
  must(devenv::json::parse(devenv::json::dump(*json)) == *json);
  read_manifest(text);
  read_config(text);
  return 0;
}
