// SPDX-License-Identifier: MIT
// Pushing to a registry that goes wrong in its own ways.
#include <doctest/doctest.h>

#include "env/base/format.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "tests/integration/fetch/fixture.hpp"
#include "tests/support/tar_builder.hpp"

namespace devenv::image::fetch::testing {
namespace {

/// A store with an imported image, so that a push has something to pack.
class PushedStore {
 public:
  PushedStore() : record(import_into(store)) {}

  Run push(const std::string& reference, const Variables& variables = {}) const {
    return run_worker({"push", "--store", store.path(), "--base", record.manifest_digest.string(),
                       "--origin", record.reference, reference},
                      variables);
  }

  StoreFolder store;
  ImageRecord record;

 private:
  static ImageRecord import_into(const StoreFolder& store) {
    const std::string tar =
        test::TarBuilder()
            .directory("./")
            .directory("bin/")
            // Half of it stays large when it is packed.
            .file("bin/large", std::string(300'000, 'x') + sys::random_hex(200'000))
            .finish();
    const std::string file = store.beside("image.tar");
    REQUIRE(sys::write_file_atomic(file, tar));
    return run_worker({"import", "--store", store.path(), file}).record();
  }
};

std::size_t count(const FaultRegistry& registry,
                  const char* method,
                  const std::string& fault,
                  const char* rest = "") {
  return registry.requests({std::string(method) + " /v2/" + fault + "/", rest});
}

}  // namespace

TEST_CASE("push: what was pushed can be pulled, and is not sent twice") {
  FaultRegistry* registry = push_registry();
  if (registry == nullptr) {
    return;
  }
  const PushedStore pushed;
  for (const char* way : {"ok", "absolute"}) {
    CAPTURE(way);
    const std::string reference = registry->reference(way, "1");
    const ImageRecord there = pushed.push(reference).record();
    CHECK(there.reference == reference);
    CHECK(count(*registry, "PUT", way, "/blobs/") == 2);
    CHECK(pushed.push(reference).record().manifest_digest == there.manifest_digest);
    CHECK(count(*registry, "PUT", way, "/blobs/") == 2);

    const StoreFolder other;
    const ImageRecord pulled = run_worker(pull(other, reference)).record();
    CHECK(pulled.manifest_digest == there.manifest_digest);
    CHECK(pulled.layers == there.layers);
    // Sent on as it is, from there.
    const std::string onward = registry->reference(std::string(way) + "-too", "2");
    const Run run = run_worker({"push", "--store", other.path(), "--base",
                                pulled.manifest_digest.string(), "--origin", reference, onward});
    CHECK(run.record().manifest_digest == there.manifest_digest);
    CHECK(count(*registry, "POST", std::string(way) + "-too", "mount=") == 1);
    CHECK(other.images() == std::vector<std::string>{onward, reference});
  }
}

TEST_CASE("push: a blob that is not mounted is copied") {
  FaultRegistry* registry = push_registry();
  if (registry == nullptr) {
    return;
  }
  const PushedStore pushed;
  const std::string reference = registry->reference("source", "1");
  (void)pushed.push(reference).record();
  const StoreFolder other;
  const ImageRecord pulled = run_worker(pull(other, reference)).record();
  const std::string onward = registry->reference("no-mount", "1");
  const Run run = run_worker({"push", "--store", other.path(), "--base",
                              pulled.manifest_digest.string(), "--origin", reference, onward});
  CHECK(run.record().manifest_digest == pulled.manifest_digest);
  CHECK(count(*registry, "PUT", "no-mount", "/blobs/") == 2);
}

TEST_CASE("push: a transfer that breaks is started over") {
  FaultRegistry* registry = push_registry();
  if (registry == nullptr) {
    return;
  }
  const PushedStore pushed;
  for (const char* fault : {"flaky", "reset"}) {
    CAPTURE(fault);
    (void)pushed.push(registry->reference(fault, "1")).record();
    CHECK(count(*registry, "POST", fault) == 3);
    CHECK(count(*registry, "PUT", fault, "/blobs/") == 3);
  }
}

TEST_CASE("push: a token is asked for that allows it, with the password there is") {
  FaultRegistry* registry = push_registry();
  if (registry == nullptr) {
    return;
  }
  const PushedStore pushed;
  const std::string reference = registry->reference("token", "1");
  (void)pushed.push(reference).record();
  CHECK(registry->requests(
            {"GET /token", "scope=repository%3Atoken%2Fimage%3Apull%2Cpush", "auth=None"}) == 1);
  const std::string file = pushed.store.beside("auth.json");
  const std::string host = reference.substr(0, reference.find('/'));
  REQUIRE(sys::write_file_atomic(
      file, format(R"({{"auths":{{"{}":{{"auth":"dXNlcjpwYXNz"}}}}}})", host)));
  (void)pushed.push(reference, {"REGISTRY_AUTH_FILE=" + file}).record();
  CHECK(registry->requests({"GET /token", "auth=Basic dXNlcjpwYXNz"}) == 1);
}

TEST_CASE("push: what the registry refuses is one clear error, and leaves nothing") {
  FaultRegistry* registry = push_registry();
  if (registry == nullptr) {
    return;
  }
  const PushedStore pushed;
  struct Row {
    const char* fault;
    ErrorCode code;
    const char* message;
  };
  for (const Row& row :
       {Row{"denied", ErrorCode::network, "the registry does not let you push to"},
        Row{"read-only", ErrorCode::network,
            "the registry takes no pushes (HTTP 405): unsupported"},
        Row{"early", ErrorCode::network, "(HTTP 400): not that one"},
        Row{"broken", ErrorCode::network, "(HTTP 503): come back later"},
        Row{"no-location", ErrorCode::network, "the registry does not say where to send a blob"},
        Row{"lost", ErrorCode::integrity, "the registry took the manifest but does not have"}}) {
    CAPTURE(row.fault);
    const std::string reference = registry->reference(row.fault, "1");
    const Error error = pushed.push(reference).error();
    CHECK(error.code() == row.code);
    CHECK(error.message() == "cannot push '" + reference + "'");
    CHECK_MESSAGE(error.to_line().find(row.message) != std::string::npos, error.to_line());
  }
  CHECK(pushed.store.names("tmp").empty());
  CHECK(pushed.store.images() == std::vector<std::string>{"localhost/image:latest"});
}

}  // namespace devenv::image::fetch::testing
