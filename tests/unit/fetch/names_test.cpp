// SPDX-License-Identifier: MIT
// What is told from names, headers and words: import names, ELF, image archives, program output.
#include <doctest/doctest.h>

#include "env/image/codec/hash.hpp"
#include "env/image/fetch/elf_architecture.hpp"
#include "env/image/fetch/image_archive.hpp"
#include "env/image/fetch/image_plan.hpp"
#include "env/image/fetch/import_name.hpp"
#include "env/image/fetch/program_log.hpp"
#include "env/image/reference.hpp"

namespace devenv::image::fetch {
namespace {

TEST_CASE("import name: the file's stem as a repository") {
  struct Row {
    const char* path;
    const char* name;
  };
  for (const Row& row :
       {Row{"/images/alpine-3.20.3.tar.gz", "localhost/alpine-3.20.3:latest"},
        Row{"fedora-39.tar.xz", "localhost/fedora-39:latest"},
        Row{"./My Root FS.TGZ", "localhost/my-root-fs:latest"},
        Row{"/var/lib/layout/", "localhost/layout:latest"},
        Row{"rootfs.tar", "localhost/rootfs:latest"}, Row{"a__b..c", "localhost/a-b-c:latest"},
        Row{"_x_", "localhost/x:latest"}, Row{".tar", "localhost/tar:latest"},
        Row{"\xc3\xa4\xc3\xb6.tar", "localhost/image:latest"},
        Row{"/", "localhost/image:latest"}}) {
    CAPTURE(row.path);
    CHECK(default_import_name(row.path) == row.name);
    CHECK(Reference::parse(default_import_name(row.path)));
  }
  const std::string name = default_import_name(std::string(500, 'x'));
  CHECK(Reference::parse(name));
}

/// The first 20 bytes of an ELF file.
std::string elf(char bits, char order, unsigned machine) {
  std::string header(
      "\x7f"
      "ELF",
      4);
  header += {bits, order, 1};
  header.resize(18);
  const char low = static_cast<char>(machine & 0xffU);
  const char high = static_cast<char>(machine >> 8U);
  header += order == 1 ? std::string{low, high} : std::string{high, low};
  return header;
}

TEST_CASE("elf: machines by OCI's names") {
  CHECK(architecture_of_elf(elf(2, 1, 62)) == "amd64");
  CHECK(architecture_of_elf(elf(2, 1, 183)) == "arm64");
  CHECK(architecture_of_elf(elf(1, 1, 3)) == "386");
  CHECK(architecture_of_elf(elf(1, 1, 40)) == "arm");
  CHECK(architecture_of_elf(elf(2, 1, 243)) == "riscv64");
  CHECK(architecture_of_elf(elf(2, 1, 21)) == "ppc64le");
  CHECK(architecture_of_elf(elf(2, 2, 22)) == "s390x");
  CHECK(architecture_of_elf(elf(2, 1, 258)) == "loong64");
}

TEST_CASE("elf: anything else is not known") {
  CHECK(architecture_of_elf(elf(2, 2, 62)) == "");
  CHECK(architecture_of_elf(elf(1, 1, 62)) == "");  // x32
  CHECK(architecture_of_elf(elf(2, 1, 9999)) == "");
  CHECK(architecture_of_elf(elf(2, 1, 62).substr(0, 19)) == "");
  CHECK(architecture_of_elf("#!/bin/sh and more than 20 bytes") == "");
  CHECK(architecture_of_elf("") == "");
}

TEST_CASE("image archive: is told by its first entry") {
  const std::string hex(64, 'a');
  for (const std::string& name :
       {std::string("blobs"), std::string("blobs/sha256"), std::string("oci-layout"),
        std::string("index.json"), std::string("manifest.json"), std::string("repositories"), hex,
        hex + "/layer.tar", hex + ".json", hex + ".tar"}) {
    CAPTURE(name);
    CHECK(names_image_archive(name));
  }
  for (const char* name :
       {"", "bin", "bin/sh", "etc/oci-layout", "blob", "usr/blobs/x", "abc.json"}) {
    CAPTURE(name);
    CHECK_FALSE(names_image_archive(name));
  }
}

TEST_CASE("image plan: made documents are stable and fit together") {
  const Digest diff = sha256("tar");
  const Document config = make_config("arm64", diff);
  CHECK(config.digest == sha256(config.bytes));
  CHECK(config.bytes == make_config("arm64", diff).bytes);
  const std::vector<Descriptor> layers = {{"application/vnd.oci.image.layer.v1.tar", diff, 3}};
  const Document manifest = make_manifest(config, layers);
  const auto parsed = parse_manifest(manifest.bytes, "");
  REQUIRE(parsed);
  CHECK(std::get<Manifest>(*parsed).layers.at(0).digest == diff);
  const auto plan = plan_image("localhost/x:latest", manifest, layers, config);
  REQUIRE(plan);
  CHECK(plan->parsed_config.platform.architecture == "arm64");
  CHECK(plan->layers.at(0).chain_id == diff);
  CHECK_FALSE(plan_image("localhost/x:latest", manifest, {}, config));
}

TEST_CASE("program log: tells the steps and keeps the errors") {
  std::vector<std::string> steps;
  ProgramLog log([&](std::string_view step) { steps.emplace_back(step); });
  log.add("I: automatically chosen mode: unshare\nI: running apt-get up");
  log.add("date...\r\nGet:1 http://x\nI: installing\x1b[1m packages...\n");
  log.add("E: Unable to locate package\x07\nE: apt failed\nI: removing tempdir\n");
  CHECK(steps == std::vector<std::string>{"running apt-get update", "installing\\x1b[1m packages"});
  CHECK(log.summary() == "Unable to locate package\\x07; apt failed");
  CHECK_FALSE(log.blames_network());
  log.add("W: Could not resolve 'deb.debian.org'\n");
  CHECK(log.blames_network());
}

TEST_CASE("program log: without errors the last lines have to do") {
  ProgramLog log([](std::string_view) {});
  CHECK(log.summary() == "");
  for (int i = 0; i < 100; ++i) {
    log.add(std::to_string(i) + "\n");
  }
  CHECK(log.summary() == "97; 98; 99");
}

}  // namespace
}  // namespace devenv::image::fetch
