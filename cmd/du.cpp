// SPDX-License-Identifier: MIT
#include "cmd/du.hpp"

#include "cmd/ui/table.hpp"
#include "env/base/byte_size.hpp"
#include "env/instance/usage.hpp"

namespace devenv::cmd {
namespace {

std::string text_of(std::uint64_t bytes) {
  return ByteSize{bytes}.to_string();
}

Json document_of(const instance::Usage& usage) {
  Json images = Json::array();
  for (const instance::ImageUsage& image : usage.images) {
    images.push_back({{"reference", image.reference},
                      {"total_bytes", image.total_bytes},
                      {"own_bytes", image.own_bytes}});
  }
  Json environments = Json::array();
  for (const instance::EnvironmentUsage& environment : usage.environments) {
    environments.push_back({{"name", environment.name},
                            {"own_bytes", environment.own_bytes},
                            {"below_bytes", environment.below_bytes}});
  }
  return Json{{"schema", 1},
              {"images", std::move(images)},
              {"environments", std::move(environments)},
              {"layers", usage.layers},
              {"layer_bytes", usage.layer_bytes},
              {"unused_bytes", usage.unused_bytes},
              {"other_bytes", usage.other_bytes},
              {"package_bytes", usage.package_bytes},
              {"total_bytes", usage.total_bytes()}};
}

std::string tables_of(const instance::Usage& usage, const Style& style) {
  std::string text;
  if (!usage.environments.empty()) {
    Table table{.header = {"ENVIRONMENT", "ITS OWN", "BELOW"}};
    for (const instance::EnvironmentUsage& environment : usage.environments) {
      table.rows.push_back(
          {environment.name, text_of(environment.own_bytes), text_of(environment.below_bytes)});
    }
    text += render(table, style) + "\n";
  }
  if (!usage.images.empty()) {
    Table table{.header = {"IMAGE", "ITS OWN", "ALL LAYERS"}};
    for (const instance::ImageUsage& image : usage.images) {
      table.rows.push_back({image.reference, text_of(image.own_bytes), text_of(image.total_bytes)});
    }
    text += render(table, style) + "\n";
  }
  std::vector<std::pair<std::string, std::string>> fields = {
      {"layers", format("{} in {}", text_of(usage.layer_bytes), usage.layers)},
      {"unused", usage.unused_bytes == 0
                     ? "none"
                     : format("{} of them: devenv image prune", text_of(usage.unused_bytes))},
      {"packages", usage.package_bytes == 0
                       ? "none"
                       : format("{}: devenv image prune --packages", text_of(usage.package_bytes))},
      {"other", text_of(usage.other_bytes)},
      {"in all", text_of(usage.total_bytes())},
  };
  return text + render_fields(fields);
}

}  // namespace

void add_du(CLI::App& app, DuOptions& options) {
  add_json_flag(app, options.json);
  app.footer(
      "What is its own is given back when it is removed; layers are shared by all that stand on "
      "them.");
}

Result<ExitCode> run_du(const DuOptions& options, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const instance::Usage usage, instance::measure_usage(*workspace));
  if (options.json) {
    context.ui().document(document_of(usage));
  } else {
    context.ui().data(tables_of(usage, context.ui().out_style()));
  }
  return ExitCode::done;
}

}  // namespace devenv::cmd
