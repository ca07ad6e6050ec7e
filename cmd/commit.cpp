// SPDX-License-Identifier: MIT
#include "cmd/commit.hpp"

#include "cmd/image.hpp"
#include "env/base/byte_size.hpp"
#include "env/build/commit.hpp"
#include "env/instance/catalog.hpp"

namespace devenv::cmd {
namespace {

Result<std::map<std::string, std::string>> parse_labels(const std::vector<std::string>& texts) {
  std::map<std::string, std::string> labels;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(Error(ErrorCode::usage, format("label '{}' is malformed", text::sanitize(text)))
                      .with_hint("write it as NAME=VALUE"));
    }
    labels.insert_or_assign(text.substr(0, equals), text.substr(equals + 1));
  }
  return labels;
}

}  // namespace

void add_commit(CLI::App& app, CommitOptions& options) {
  app.add_option("NAME", options.name, "the environment, which must not be running")
      ->type_name(kind::kEnvironment)
      ->required();
  app.add_option("REF", options.reference, "the name of the new image")
      ->type_name(kind::kReference)
      ->required();
  app.add_option("--label", options.labels, "a label of the image; may be repeated")
      ->type_name("NAME=VALUE");
  add_json_flag(app, options.json);
  app.footer(
      "What was changed in the environment becomes a layer on its image's. The environment stays "
      "as it is.\n"
      "\n"
      "Example:\n"
      "  devenv commit web registry.example.com/team/web:1\n"
      "  devenv image push registry.example.com/team/web:1");
}

Result<ExitCode> run_commit(const CommitOptions& options, Context& context) {
  TRY_ASSIGN(image::Reference reference, image::Reference::parse(options.reference));
  if (reference.digest()) {
    return fail(ErrorCode::usage, "a new image is named by a tag, not by a digest");
  }
  TRY_ASSIGN(auto labels, parse_labels(options.labels));
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const auto environment, instance::get_environment(*workspace, options.name));
  const build::CommitRequest request{std::move(reference), std::move(labels)};
  TRY_ASSIGN(const image::ImageRecord record,
             build::commit_environment(*workspace, environment, request, context.ui()));
  if (options.json) {
    context.ui().document(Json{{"schema", 1}, {"image", image_document(record)}});
    return ExitCode::done;
  }
  context.ui().note(format("'{}' is the image {} now ({})", options.name,
                           text::sanitize(record.reference),
                           ByteSize{record.size_bytes}.to_string()));
  return ExitCode::done;
}

}  // namespace devenv::cmd
