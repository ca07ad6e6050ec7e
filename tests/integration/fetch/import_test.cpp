// SPDX-License-Identifier: MIT
// Importing archives, and bootstrapping with a stand-in for mmdebstrap.
#include <doctest/doctest.h>

#include <csignal>

#include "tests/integration/fetch/fixture.hpp"
#include "tests/support/compress.hpp"
#include "tests/support/tar_builder.hpp"

namespace devenv::image::fetch::testing {
namespace {

using test::Compression;
using test::TarBuilder;

/// The beginning of an ELF program for aarch64.
const std::string kArm64(
    "\x7f"
    "ELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\xb7\0",
    20);

std::string root_filesystem() {
  return TarBuilder()
      .directory("./")
      .directory("./bin/")
      .file("./bin/busybox", kArm64)
      .symlink("./bin/sh", "/bin/busybox")
      .directory("./dev/")
      .character_device("./dev/null", 1, 3)
      .finish();
}

Run import(const StoreFolder& store, const std::string& file) {
  return run_worker({"import", "--store", store.path(), file});
}

std::string write(const StoreFolder& store, const std::string& name, std::string_view bytes) {
  const std::string path = store.beside(name);
  REQUIRE(sys::write_file_atomic(path, bytes));
  return path;
}

TEST_CASE("import: a root file system is the same image however it is compressed") {
  const StoreFolder store;
  std::optional<ImageRecord> first;
  struct Row {
    const char* name;
    Compression kind;
  };
  for (const Row& row :
       {Row{"plain.tar", Compression::none}, Row{"packed.tar.gz", Compression::gzip},
        Row{"packed.tar.zst", Compression::zstd}, Row{"packed.tar.xz", Compression::xz},
        Row{"packed.tar.bz2", Compression::bzip2}}) {
    CAPTURE(row.name);
    const Run run =
        import(store, write(store, row.name, test::compress(root_filesystem(), row.kind)));
    const ImageRecord record = run.record();
    CHECK(record.architecture == "arm64");
    CHECK(run.warnings.empty());
    CHECK(run.first_event == "step");
    first = first.value_or(record);
    CHECK(record.manifest_digest == first->manifest_digest);
    CHECK(record.layers == first->layers);
  }
  CHECK(store.images() ==
        std::vector<std::string>{"localhost/packed:latest", "localhost/plain:latest"});
  CHECK(store.names("layers").size() == 1);
  CHECK(store.names("tmp").empty());
  // The layer's, manifest's, config's, images.lock, memory.lock.
  CHECK(store.names("locks").size() == 5);
}

TEST_CASE("import: image archives in every form") {
  FaultRegistry* registry = fault_registry();
  if (registry == nullptr) {
    return;
  }
  const StoreFolder store;
  std::optional<ImageRecord> first;
  for (const char* name : {"one", "one.tar", "one.tar.gz", "docker.tar"}) {
    CAPTURE(name);
    const ImageRecord record = import(store, registry->folder() + "/" + name).record();
    CHECK(record.environment == std::vector<std::string>{"A=b"});
    CHECK(record.layers.size() == 2);
    first = first.value_or(record);
    CHECK(record.config_digest == first->config_digest);
    CHECK(record.layers == first->layers);
  }
  CHECK(store.images() ==
        std::vector<std::string>{"localhost/docker:latest", "localhost/one:latest"});
  CHECK(store.names("tmp").empty());
}

TEST_CASE("import: what is no archive is a clear error") {
  const StoreFolder store;
  REQUIRE(sys::make_directories(store.beside("folder")));
  const std::string good = test::compress(root_filesystem(), Compression::gzip);
  struct Row {
    std::string path;
    ErrorCode code;
    const char* words;
  };
  const std::vector<Row> rows = {
      {store.beside("missing.tar"), ErrorCode::not_found, "No such file"},
      {store.beside("folder"), ErrorCode::integrity, "not an OCI layout"},
      {"/dev/null", ErrorCode::integrity, "neither a file nor a directory"},
      {write(store, "empty", ""), ErrorCode::integrity, "is empty"},
      {write(store, "text", std::string(5000, 'x')), ErrorCode::integrity, "not a tar archive"},
      {write(store, "short", "x"), ErrorCode::integrity, "not a tar archive"},
      {write(store, "text.gz", test::compress("hello", Compression::gzip)), ErrorCode::integrity,
       "not a tar archive"},
      {write(store, "cut.tar.gz", good.substr(0, good.size() / 2)), ErrorCode::integrity,
       "truncated"},
      {write(store, "none.tar", std::string(10240, '\0')), ErrorCode::integrity, "no files"},
      {write(store, "bad-oci.tar",
             TarBuilder().file("oci-layout", "{}").file("index.json", "{}").finish()),
       ErrorCode::integrity, "cannot import"},
      {write(store, "bad-docker.tar",
             TarBuilder()
                 .file("manifest.json", R"([{"Config":"../../etc/passwd","Layers":["x"]}])")
                 .finish()),
       ErrorCode::integrity, "has no '../../etc/passwd'"},
      {write(store, "escape.tar", TarBuilder().file("../escaped", "x").finish()),
       ErrorCode::integrity, "'..'"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.path);
    const Error error = import(store, row.path).error();
    CHECK_MESSAGE(error.code() == row.code, error.to_line());
    CHECK(error.message() == "cannot import '" + row.path + "'");
    CHECK_MESSAGE(error.to_line().find(row.words) != std::string::npos, error.to_line());
  }
  CHECK(store.images().empty());
  CHECK(store.names("layers").empty());
  CHECK(store.names("tmp").empty());
}

/// A folder with a program of the name mmdebstrap that does `script`, first in PATH.
Variables with_mmdebstrap(const StoreFolder& store, const std::string& script) {
  REQUIRE(sys::make_directories(store.beside("bin")));
  REQUIRE(sys::write_file_atomic(store.beside("bin/mmdebstrap"), "#!/bin/sh\n" + script, 0755));
  return {format("PATH={}:{}", store.beside("bin"), sys::get_variable("PATH"))};
}

Run bootstrap(const StoreFolder& store,
              const Variables& variables,
              const std::string& suite = "trixie") {
  // A mirror of our own: the keys and the sources of the host do not matter.
  return run_worker({"bootstrap", "--store", store.path(), "--distribution", "debian", "--suite",
                     suite, "--mirror", "http://127.0.0.1:1/debian"},
                    variables);
}

TEST_CASE("bootstrap: what the program writes becomes an image") {
  const StoreFolder store;
  const std::string tar = write(store, "root.tar", root_filesystem());
  const Run run = bootstrap(
      store, with_mmdebstrap(store, format("echo \"$@\" >{}\necho 'I: installing packages...' >&2\n"
                                           "cat {}\n",
                                           store.beside("arguments"), tar)));
  const ImageRecord record = run.record();
  CHECK(record.reference == "localhost/bootstrap/debian:trixie");
  CHECK(record.architecture == "arm64");
  CHECK(run.steps == std::vector<std::string>{"bootstrapping debian trixie with mmdebstrap"});
  bool told = false;
  for (const ProgressEvent& event : run.progress) {
    CHECK(event.id == "debian trixie");
    told = told || event.activity == "installing packages";
  }
  CHECK(told);
  const auto arguments = sys::read_file(store.beside("arguments"));
  REQUIRE(arguments);
  CHECK(arguments->find("--variant=minbase") != std::string::npos);
  CHECK(arguments->find("http://127.0.0.1:1/debian trixie main\n") != std::string::npos);
}

TEST_CASE("bootstrap: a program that fails is believed, whatever it wrote") {
  const StoreFolder store;
  const std::string tar = write(store, "root.tar", root_filesystem());
  struct Row {
    std::string script;
    ErrorCode code;
    const char* words;
  };
  const std::vector<Row> rows = {
      {"echo 'E: no such suite' >&2\nexit 25\n", ErrorCode::failed,
       "mmdebstrap exited with status 25: no such suite"},
      {format("cat {}\necho 'E: too late' >&2\nexit 1\n", tar), ErrorCode::failed,
       "mmdebstrap exited with status 1: too late"},
      {format("head -c 1500 {}\nexit 3\n", tar), ErrorCode::failed,
       "mmdebstrap exited with status 3"},
      {format("head -c 1500 {}\n", tar), ErrorCode::integrity, "cannot unpack debian trixie"},
      {"echo 'E: Could not resolve host' >&2\nexit 25\n", ErrorCode::network, "Could not resolve"},
      {"true\n", ErrorCode::integrity, "cannot bootstrap debian trixie"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.script);
    const Error error = bootstrap(store, with_mmdebstrap(store, row.script)).error();
    CHECK_MESSAGE(error.code() == row.code, error.to_line());
    CHECK_MESSAGE(error.to_line().find(row.words) != std::string::npos, error.to_line());
  }
  CHECK(store.images().empty());
  CHECK(store.names("tmp").empty());
}

TEST_CASE("bootstrap: a signal is handed on, and the program's end awaited") {
  const StoreFolder store;
  const Variables variables =
      with_mmdebstrap(store, format("trap 'touch {}; exit 1' TERM\necho 'I: sleeping...' >&2\n"
                                    "while true; do sleep 0.1; done\n",
                                    store.beside("cleaned")));
  RunningWorker worker({"bootstrap", "--store", store.path(), "--distribution", "debian", "--suite",
                        "trixie", "--mirror", "http://127.0.0.1:1/debian"},
                       variables);
  worker.wait_for("sleeping");
  worker.signal(SIGTERM);
  CHECK(worker.finish().status.signal == SIGTERM);
  CHECK(sys::exists(store.beside("cleaned")));
  CHECK(store.names("tmp").empty());
}

TEST_CASE("bootstrap: names that are none") {
  const StoreFolder store;
  for (const char* suite : {"", "../x", "-x", "a b", "Trixie", ".", "x;y"}) {
    CAPTURE(suite);
    CHECK(bootstrap(store, {}, suite).error().code() == ErrorCode::usage);
  }
  CHECK(
      run_worker({"bootstrap", "--store", store.path(), "--distribution", "gentoo", "--suite", "x"})
          .error()
          .code() == ErrorCode::usage);
}

}  // namespace
}  // namespace devenv::image::fetch::testing
