// SPDX-License-Identifier: MIT
// Pulling, when everything goes well.
#include <doctest/doctest.h>

#include <map>
#include <set>

#include "env/base/json.hpp"
#include "env/image/reference.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "tests/integration/fetch/fixture.hpp"

namespace devenv::image::fetch::testing {
namespace {

/// What a layer's trees have to be, looked at with the eyes of its root.
Result<void> check_big_image(const StoreFolder& store, const ImageRecord& record) {
  const std::string base = store.tree(record, 0);
  const std::string middle = store.tree(record, 2);
  const std::string top = store.tree(record, 3);
  TRY_ASSIGN(const auto hello, sys::stat_path(base + "/etc/hello"));
  EXPECT(hello && hello->st_uid == 0 && hello->st_gid == 0 && hello->st_size == 6);
  TRY_ASSIGN(const auto gone, sys::stat_path(middle + "/etc/gone"));
  EXPECT(gone && S_ISCHR(gone->st_mode) && gone->st_rdev == 0);
  // The layer has no entry for etc: it has the mode of the layer below.
  TRY_ASSIGN(const auto folder, sys::stat_path(middle + "/etc"));
  EXPECT(folder && (folder->st_mode & 07777U) == 0750);
  EXPECT(sys::exists(top + "/opt/new"));
  TRY_ASSIGN(const auto noise, sys::stat_path(store.tree(record, 1) + "/noise"));
  EXPECT(noise && noise->st_size == 3 * 1024 * 1024);
  return {};
}

TEST_CASE("pull: unpacks layers of every compression and records the image") {
  FaultRegistry* registry = fault_registry();
  if (registry == nullptr) {
    return;
  }
  const StoreFolder store;
  const Run run = run_worker(pull(store, registry->reference("ok", "big")));
  const ImageRecord record = run.record();
  CHECK(record.reference == registry->reference("ok", "big"));
  CHECK(record.architecture == "amd64");
  CHECK(record.environment == std::vector<std::string>{"PATH=/usr/bin:/bin", "LANG=C.UTF-8"});
  REQUIRE(record.layers.size() == 4);
  CHECK(record.size_bytes == 3 * 1024 * 1024 + 20 + 6 + 1 + 1 + 4 + 1);
  CHECK_OK(
      sandbox::run_as_namespace_root(store.map(), [&] { return check_big_image(store, record); }));
  CHECK(store.images() == std::vector<std::string>{record.reference});
  CHECK(store.names("tmp").empty());
  for (const Digest& layer : record.layers) {
    const auto text = sys::read_file(store.path() + "/layers/" + layer.hex() + "/layer.json");
    REQUIRE(text);
    const Json json = *json::parse(*text);
    CHECK(*json::get_uint(json, "schema") == 1);
    CHECK(*json::get_string(json, "chain_id") == layer.string());
    CHECK(Digest::parse(*json::get_string(json, "diff_id")));
    CHECK(json::get_uint(json, "size_bytes"));
    CHECK(json::get_uint(json, "entries"));
    CHECK(json::get_string(json, "created_at"));
  }
  CHECK(sys::exists(store.path() + "/blobs/sha256/" + record.manifest_digest.hex()));
  CHECK(sys::exists(store.path() + "/blobs/sha256/" + record.config_digest.hex()));
}

TEST_CASE("pull: gives a sign of life first, then tells about each layer until it is done") {
  FaultRegistry* registry = fault_registry();
  if (registry == nullptr) {
    return;
  }
  const StoreFolder store;
  const Run run = run_worker(pull(store, registry->reference("ok", "big")));
  (void)run.record();
  CHECK(run.first_event == "step");
  CHECK(run.steps == std::vector<std::string>{"pulling " + registry->reference("ok", "big")});
  std::map<std::string, std::vector<ProgressEvent>> by_layer;
  const std::set<std::string> words = {"waiting", "downloading", "unpacking"};
  for (const ProgressEvent& event : run.progress) {
    CHECK(words.count(event.activity) == 1);
    CHECK(event.done <= event.total);
    by_layer[event.id].push_back(event);
  }
  CHECK(by_layer.size() == 4);
  for (const auto& layer : by_layer) {
    CAPTURE(layer.first);
    const std::vector<ProgressEvent>& events = layer.second;
    CHECK(events.front().activity == "waiting");
    CHECK(events.back().finished);
    CHECK(events.back().done == events.back().total);
  }
}

TEST_CASE("pull: a tag that has not moved is one request") {
  FaultRegistry* registry = fault_registry();
  if (registry == nullptr) {
    return;
  }
  const StoreFolder store;
  for (const char* tag : {"big", "index"}) {
    CAPTURE(tag);
    const std::string reference = registry->reference("again", tag);
    (void)run_worker(pull(store, reference)).record();
    const std::size_t before = registry->requests({"/v2/again/"});
    const Run run = run_worker(pull(store, reference));
    (void)run.record();
    CHECK(registry->requests({"/v2/again/"}) == before + 1);
    CHECK(run.progress.empty());
  }
}

TEST_CASE("pull: what is named by a digest and there is no request at all") {
  FaultRegistry* registry = fault_registry();
  if (registry == nullptr) {
    return;
  }
  const StoreFolder store;
  const ImageRecord record =
      run_worker(pull(store, registry->reference("digest", "small"))).record();
  const std::size_t before = registry->requests({"/v2/digest/"});
  const std::string tagged = registry->reference("digest", "small");
  const std::string by_digest =
      tagged.substr(0, tagged.rfind(':')) + "@" + record.manifest_digest.string();
  CHECK(run_worker(pull(store, by_digest)).record().layers == record.layers);
  CHECK(registry->requests({"/v2/digest/"}) == before);
  CHECK(store.images().size() == 2);
}

TEST_CASE("pull: layers that another image brought are not fetched again") {
  FaultRegistry* registry = fault_registry();
  if (registry == nullptr) {
    return;
  }
  const StoreFolder store;
  (void)run_worker(pull(store, registry->reference("shared", "small"))).record();
  (void)run_worker(pull(store, registry->reference("shared", "big"))).record();
  CHECK(registry->requests({"/v2/shared/", registry->layers("small")[0]}) == 1);
  CHECK(store.names("layers").size() == 4);
}

TEST_CASE("pull: one blob in two places of an image is downloaded once") {
  FaultRegistry* registry = fault_registry();
  if (registry == nullptr) {
    return;
  }
  const StoreFolder store;
  const ImageRecord record =
      run_worker(pull(store, registry->reference("twice", "twice"))).record();
  REQUIRE(record.layers.size() == 3);
  CHECK(store.names("layers").size() == 3);
  CHECK(registry->requests({"/v2/twice/", registry->layers("twice")[0]}) == 1);
  CHECK(store.names("tmp").empty());
}

TEST_CASE("pull: more than a hundred layers") {
  FaultRegistry* registry = fault_registry();
  if (registry == nullptr) {
    return;
  }
  const StoreFolder store;
  const ImageRecord record = run_worker(pull(store, registry->reference("ok", "many"))).record();
  CHECK(record.layers.size() == 121);
  CHECK(store.names("layers").size() == 121);
}

TEST_CASE("pull: takes the platform's image out of an index, attestations aside") {
  FaultRegistry* registry = fault_registry();
  if (registry == nullptr) {
    return;
  }
  const StoreFolder store;
  const std::string reference = registry->reference("ok", "index");
  for (const char* architecture : {"amd64", "arm64", "riscv64"}) {
    Arguments arguments = pull(store, reference);
    arguments.insert(arguments.end(), {"--platform", std::string("linux/") + architecture});
    const ImageRecord record = run_worker(arguments).record();
    CHECK(record.architecture == architecture);
    CHECK(record.environment == std::vector<std::string>{std::string("ARCH=") + architecture});
  }
  CHECK(store.images() == std::vector<std::string>{reference});
}

TEST_CASE("pull: by several at once, each layer is fetched once") {
  FaultRegistry* registry = fault_registry();
  if (registry == nullptr) {
    return;
  }
  const StoreFolder store;
  const std::string reference = registry->reference("slow", "big");
  RunningWorker first(pull(store, reference));
  first.wait_for("downloading");
  RunningWorker second(pull(store, reference));
  const ImageRecord one = first.finish().record();
  const Run waited = second.finish();
  const ImageRecord two = waited.record();
  CHECK(one.layers == two.layers);
  CHECK(waited.steps.size() == 2);  // pulling, waiting
  for (const std::string& digest : registry->layers("big")) {
    CHECK(registry->requests({"/v2/slow/", digest}) == 1);
  }
}

TEST_CASE("pull: follows redirects, and the token stays with the registry") {
  FaultRegistry* registry = fault_registry();
  if (registry == nullptr) {
    return;
  }
  const StoreFolder store;
  (void)run_worker(pull(store, registry->reference("token", "big"))).record();
  CHECK(registry->requests({"main", "/v2/token/", "auth=Bearer a-token"}) > 0);
  CHECK(registry->requests({"other", "/v2/token/", "auth=None"}) == 4);
  CHECK(registry->requests({"other", "/v2/token/", "Bearer"}) == 0);
  // Asked for once, handed on to the downloads.
  CHECK(registry->requests({"/token?"}) == 1);
  CHECK(registry->requests({"/token?service=tests&scope=repository%3Atoken%2Fimage%3Apull"}) == 1);
}

TEST_CASE("pull: by a name that has to be looked up, past any proxy") {
  FaultRegistry* registry = fault_registry();
  if (registry == nullptr) {
    return;
  }
  const StoreFolder store;
  std::string reference = registry->reference("ok", "big");
  reference.replace(0, std::string_view("127.0.0.1").size(), "localhost");
  const Variables proxies = {"http_proxy=http://127.0.0.1:1", "https_proxy=http://127.0.0.1:1",
                             "all_proxy=http://127.0.0.1:1"};
  CHECK(run_worker(pull(store, reference), proxies).record().reference == reference);
}

TEST_CASE("pull: a certificate has to be trusted, on loopback too") {
  FaultRegistry* registry = fault_registry();
  const auto port = registry == nullptr
                        ? std::nullopt
                        : *sys::read_file_if_exists(registry->folder() + "/tls-port");
  if (!port) {
    MESSAGE("missing: openssl");
    CHECK(sys::get_variable("DEVENV_TESTS_MUST_RUN").empty());
    return;
  }
  const StoreFolder store;
  const std::string reference = format("localhost:{}/ok/image:big", *port);
  const Error error = run_worker(pull(store, reference)).error();
  CHECK(error.code() == ErrorCode::network);
  CHECK(error.to_line().find("certificate") != std::string::npos);
  CHECK(error.hint().find("SSL_CERT_FILE") != std::string::npos);
  const Variables trusted = {"SSL_CERT_FILE=" + registry->folder() + "/ca.pem"};
  CHECK(run_worker(pull(store, reference), trusted).record().layers.size() == 4);
}

}  // namespace
}  // namespace devenv::image::fetch::testing
