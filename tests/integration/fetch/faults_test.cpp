// SPDX-License-Identifier: MIT
// Registries that go wrong: one clear error each, and nothing half-made in the store.
#include <doctest/doctest.h>

#include <list>

#include "tests/integration/fetch/fixture.hpp"

namespace devenv::image::fetch::testing {
namespace {

/// Layer trees in the making: there must be none after a run, whatever happened.
void check_nothing_half_made(const StoreFolder& store) {
  CHECK(store.names("tmp") == store.names("tmp", ".partial"));
}

TEST_CASE("faults: what passes is got over") {
  FaultRegistry* registry = fault_registry();
  if (registry == nullptr) {
    return;
  }
  // Side by side: most of their time is waiting before the next attempt.
  struct Pull {
    Pull(const FaultRegistry& from, const char* name)
        : fault(name), worker(pull(store, from.reference(name, "big"))) {}
    std::string fault;
    StoreFolder store;
    RunningWorker worker;
  };
  std::list<Pull> pulls;
  for (const char* fault : {"redirect", "chunked", "busy-once", "broken-once", "reset-once",
                            "truncated-once", "no-ranges", "no-ranges-once"}) {
    pulls.emplace_back(*registry, fault);
  }
  for (Pull& one : pulls) {
    CAPTURE(one.fault);
    const Run run = one.worker.finish();
    CHECK(run.record().layers.size() == 4);
    CHECK(one.store.names("tmp").empty());
  }
}

TEST_CASE("faults: what stays is one clear error") {
  FaultRegistry* registry = fault_registry();
  if (registry == nullptr) {
    return;
  }
  struct Row {
    const char* fault;
    const char* tag;
    ErrorCode code;
    const char* words;
    const char* hint;
  };
  const std::vector<Row> rows = {
      {"missing", "small", ErrorCode::not_found, "there is no image", "name and tag"},
      {"login", "small", ErrorCode::network, "denied (HTTP 401): who are you", "name"},
      {"forbidden", "small", ErrorCode::network, "denied (HTTP 403): not for you", "name"},
      {"busy", "small", ErrorCode::network, "(HTTP 429) (limit 100 per 6 hours, 0 left)",
       "try again in 10 minutes"},
      {"broken", "small", ErrorCode::network, "(HTTP 503)", "try again later"},
      {"broken-token", "small", ErrorCode::network, "cannot serve a token", "try again later"},
      {"reset", "small", ErrorCode::network, "Connection reset by peer", ""},
      {"redirect-loop", "small", ErrorCode::network, "redirects", ""},
      {"huge-manifest", "small", ErrorCode::integrity, "more than 4194304 bytes", ""},
      {"other-manifest", "small", ErrorCode::integrity, "has digest sha256:", ""},
      {"schema1", "small", ErrorCode::unsupported, "schema 1", "tag"},
      {"wrong-digest", "big", ErrorCode::integrity, "instead of sha256:", "damaged"},
      {"too-long", "big", ErrorCode::integrity, "instead of the", ""},
      {"too-short", "big", ErrorCode::integrity, "instead of the", ""},
      {"truncated", "big", ErrorCode::network, "broke off after", ""},
      {"wrong-range", "big", ErrorCode::integrity, "another part", ""},
      {"no-blobs", "big", ErrorCode::network, "does not have blob sha256:", ""},
      {"ok", "foreign", ErrorCode::unsupported, "linux/s390x", ""},
      {"ok", "foreign-index", ErrorCode::unsupported, "linux/s390x", ""},
      {"ok", "wrong-diff-id", ErrorCode::integrity, "but the image's config says", ""},
      {"ok", "no-tar", ErrorCode::integrity, "cannot unpack layer", ""},
      {"ok", "escape", ErrorCode::integrity, "../../escaped", ""},
  };
  struct Pull {
    Pull(const FaultRegistry& from, const Row& wanted)
        : row(wanted),
          reference(from.reference(wanted.fault, wanted.tag)),
          worker(pull(store, reference)) {}
    const Row& row;
    std::string reference;
    StoreFolder store;
    RunningWorker worker;
  };
  std::list<Pull> pulls;
  for (const Row& row : rows) {
    pulls.emplace_back(*registry, row);
  }
  for (Pull& one : pulls) {
    const Row& row = one.row;
    const StoreFolder& store = one.store;
    CAPTURE(row.fault);
    CAPTURE(row.tag);
    const Error error = one.worker.finish().error();
    CHECK(error.code() == row.code);
    CHECK(error.message() == "cannot pull '" + one.reference + "'");
    CHECK_MESSAGE(error.to_line().find(row.words) != std::string::npos, error.to_line());
    CHECK_MESSAGE(error.hint().find(row.hint) != std::string::npos, error.hint());
    CHECK(store.images().empty());
    CHECK(store.names("layers").empty());
    check_nothing_half_made(store);
  }
}

TEST_CASE("faults: nobody listens, no such host") {
  const StoreFolder store;
  for (const char* reference : {"127.0.0.1:1/x/y:1", "registry.invalid/x:1"}) {
    const Error error = run_worker(pull(store, reference)).error();
    CHECK(error.code() == ErrorCode::network);
    CHECK(error.hint().find("network connection") != std::string::npos);
  }
}

TEST_CASE("faults: a registry that stops sending is given up") {
  FaultRegistry* registry = fault_registry();
  if (registry == nullptr) {
    return;
  }
  const StoreFolder store;
  const Run run =
      run_worker(pull(store, registry->reference("silent", "small")), {"DEVENV_IMAGE_TIMEOUT=1"});
  const Error error = run.error();
  CHECK(error.code() == ErrorCode::network);
  CHECK(error.to_line().find("broke off after") != std::string::npos);
  check_nothing_half_made(store);
}

TEST_CASE("faults: a temporary failure is asked about three times, a long wait not at all") {
  FaultRegistry* registry = fault_registry();
  if (registry == nullptr) {
    return;
  }
  const StoreFolder store;
  const std::size_t broken = registry->requests({"/v2/broken/"});
  (void)run_worker(pull(store, registry->reference("broken", "small"))).error();
  CHECK(registry->requests({"/v2/broken/"}) == broken + 3);
  const std::size_t busy = registry->requests({"/v2/busy/"});
  (void)run_worker(pull(store, registry->reference("busy", "small"))).error();
  CHECK(registry->requests({"/v2/busy/"}) == busy + 1);
}

TEST_CASE("faults: an image beyond the limit") {
  FaultRegistry* registry = fault_registry();
  if (registry == nullptr) {
    return;
  }
  const StoreFolder store;
  Arguments arguments = pull(store, registry->reference("ok", "bomb"));
  arguments.insert(arguments.end(), {"--max-size", "10M"});
  const Error error = run_worker(arguments).error();
  CHECK(error.code() == ErrorCode::integrity);
  CHECK(error.to_line().find("10485760") != std::string::npos);
  check_nothing_half_made(store);
  const Run allowed =
      run_worker(pull(store, registry->reference("ok", "bomb")), {"DEVENV_IMAGE_MAX_SIZE=100M"});
  CHECK(allowed.record().size_bytes == 64U * 1024 * 1024);
}

/// A store in which the large layer of "big" has been downloaded in part, as `bytes`.
struct Resumed {
  Resumed(FaultRegistry& registry,
          const std::string& fault,
          const std::string& bytes,
          std::size_t layer)
      : digest(registry.layers("big")[layer]) {
    const std::string partial = store.path() + "/tmp/" + digest.substr(7) + ".partial";
    REQUIRE(sys::make_directories(store.path() + "/tmp", 0700));
    REQUIRE(sys::write_file_atomic(partial, bytes, 0600));
    run = run_worker(pull(store, registry.reference(fault, "big")));
  }
  StoreFolder store;
  std::string digest;
  Run run;
};

TEST_CASE("resume: goes on where an earlier download ended") {
  FaultRegistry* registry = fault_registry();
  if (registry == nullptr) {
    return;
  }
  const std::string blob = registry->blob(registry->layers("big")[1]);
  const std::string range = format("range=bytes=1000000-{} ", blob.size() - 1);
  const Resumed resumed(*registry, "resume", blob.substr(0, 1'000'000), 1);
  CHECK(resumed.run.record().layers.size() == 4);
  CHECK(registry->requests({"/v2/resume/", resumed.digest}) == 1);
  CHECK(registry->requests({"/v2/resume/", resumed.digest, range}) == 1);
  CHECK(resumed.store.names("tmp").empty());
}

TEST_CASE("resume: what is complete needs no network") {
  FaultRegistry* registry = fault_registry();
  if (registry == nullptr) {
    return;
  }
  const Resumed resumed(*registry, "complete", registry->blob(registry->layers("big")[1]), 1);
  CHECK(resumed.run.record().layers.size() == 4);
  CHECK(registry->requests({"/v2/complete/", resumed.digest}) == 0);
}

TEST_CASE("resume: a registry without ranges is read from the start") {
  FaultRegistry* registry = fault_registry();
  if (registry == nullptr) {
    return;
  }
  const std::string blob = registry->blob(registry->layers("big")[1]);
  const Resumed resumed(*registry, "no-ranges", blob.substr(0, 1'000'000), 1);
  CHECK(resumed.run.record().layers.size() == 4);
}

TEST_CASE("resume: what a crash has damaged is fetched anew") {
  FaultRegistry* registry = fault_registry();
  if (registry == nullptr) {
    return;
  }
  const std::string blob = registry->blob(registry->layers("big")[1]);
  struct Row {
    const char* fault;
    std::string bytes;
  };
  for (const Row& row :
       {Row{"zeros", std::string(1'000'000, '\0')}, Row{"longer", blob + "and more"},
        Row{"full", std::string(blob.size(), 'x')}}) {
    CAPTURE(row.fault);
    const Resumed resumed(*registry, row.fault, row.bytes, 1);
    CHECK(resumed.run.record().layers.size() == 4);
    CHECK(resumed.store.names("tmp").empty());
  }
}

}  // namespace
}  // namespace devenv::image::fetch::testing
