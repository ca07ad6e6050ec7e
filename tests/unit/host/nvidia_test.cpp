// SPDX-License-Identifier: MIT
#include "env/host/nvidia.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "env/base/format.hpp"
#include "env/host/elf.hpp"
#include "tests/support/driver_tree.hpp"

namespace devenv::host {
namespace {

using test::DriverTree;
using test::library32;
using test::library64;

constexpr const char* kMulti = "/usr/lib/x86_64-linux-gnu";

std::string kind_name(DriverFileKind kind) {
  constexpr const char* kNames[] = {"library",    "gbm",          "vdpau",         "program",
                                    "egl_vendor", "egl_platform", "vulkan_driver", "vulkan_layer",
                                    "opencl",     "run"};
  return kNames[static_cast<int>(kind)];
}

/// "library 64 libcuda.so.1 = /usr/lib/libcuda.so.570.1", one a line.
std::string listing(const NvidiaFacts& facts) {
  std::string text;
  for (const DriverFile& file : facts.files) {
    text += format("{}{} {} = {}\n", kind_name(file.kind),
                   file.bits == 0 ? "" : format(" {}", file.bits), file.name, file.path);
  }
  return text;
}

std::string cdi_file(const std::string& edits) {
  return "cdiVersion: 0.5.0\nkind: nvidia.com/gpu\ncontainerEdits: " + edits + "\n";
}

}  // namespace

TEST_CASE("elf: class and soname, and nothing from what is damaged") {
  const DriverTree tree;
  const auto look = [&](const std::string& bytes) {
    tree.write("/file", bytes);
    const auto fd = sys::open_file(tree.root() + "/file", O_RDONLY);
    REQUIRE(fd);
    const auto library = read_elf_library(fd->get());
    return library ? format("{} {}", library->bits, library->soname) : "none";
  };
  CHECK(look(library64("libcuda.so.1")) == "64 libcuda.so.1");
  CHECK(look(library32("libcuda.so.1")) == "32 libcuda.so.1");
  CHECK(look(library64("")) == "64 ");
  CHECK(look(library64("../../etc/passwd")) == "64 ");
  CHECK(look(library64("..")) == "64 ");
  CHECK(look(library64(std::string(1000, 'x'))) == "64 ");
  CHECK(look("") == "none");
  CHECK(look("\x7f"
             "ELF") == "none");
  CHECK(look("/* GNU ld script */") == "none");
  const std::string whole = library64("libcuda.so.1");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK(look(whole.substr(0, size)) != "64 libcuda.so.1");
  }
  for (std::size_t i = EI_NIDENT; i < whole.size(); ++i) {
    std::string bent = whole;
    bent[i] = '\xff';
    look(bent);  // whatever it says, it ends
  }
}

TEST_CASE("nvidia: what a path is") {
  struct Case {
    const char* path;
    const char* kind;
  };
  for (const Case& test : {
           Case{"/usr/lib/libcuda.so", "library"},
           Case{"/usr/lib/libcuda.so.570.1", "library"},
           Case{"/usr/lib64/gbm/nvidia-drm_gbm.so", "gbm"},
           Case{"/usr/lib/x86_64-linux-gnu/vdpau/libvdpau_nvidia.so.1", "vdpau"},
           Case{"/usr/lib/xorg/modules/drivers/nvidia_drv.so", "none"},
           Case{"/usr/bin/nvidia-smi", "program"},
           Case{"/usr/share/glvnd/egl_vendor.d/10_nvidia.json", "egl_vendor"},
           Case{"/etc/vulkan/icd.d/nvidia_icd.json", "vulkan_driver"},
           Case{"/etc/vulkan/icd.d/README", "none"},
           Case{"/etc/vulkan/implicit_layer.d/nvidia_layers.json", "vulkan_layer"},
           Case{"/usr/share/egl/egl_external_platform.d/10_nvidia_wayland.json", "egl_platform"},
           Case{"/etc/OpenCL/vendors/nvidia.icd", "opencl"},
           Case{"/run/nvidia-persistenced/socket", "run"},
           Case{"/var/run/nvidia-persistenced/socket", "run"},
           Case{"/run/devenv/user", "none"},
           Case{"/run/host", "none"},
           Case{"/run/user/1000/bus", "none"},
           Case{"/run/.containerenv", "none"},
           Case{"/lib/firmware/nvidia/570.1/gsp_ga10x.bin", "none"},
           Case{"/etc/passwd", "none"},
           Case{"/", "none"},
       }) {
    CAPTURE(test.path);
    const auto kind = driver_file_kind(test.path);
    CHECK((kind ? kind_name(*kind) : "none") == test.kind);
  }
}

TEST_CASE("nvidia: a driver found where distributions put it") {
  const DriverTree tree;
  // Debian: alternatives, so that a link leads to a link.
  tree.write("/usr/lib/x86_64-linux-gnu/nvidia/current/libcuda.so.570.1",
             library64("libcuda.so.1"));
  tree.link("/usr/lib/x86_64-linux-gnu/nvidia/current/libcuda.so.1", "libcuda.so.570.1");
  tree.link("/etc/alternatives/libcuda", "/usr/lib/x86_64-linux-gnu/nvidia/current/libcuda.so.1");
  tree.link("/usr/lib/x86_64-linux-gnu/libcuda.so.1", "/etc/alternatives/libcuda");
  tree.write("/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.570.1", library64("libnvidia-ml.so.1"));
  tree.write("/usr/lib/x86_64-linux-gnu/libc.so.6", library64("libc.so.6"));
  tree.write("/usr/lib/x86_64-linux-gnu/libnvidia-container.so.1", library64("a"));
  tree.write("/usr/lib/x86_64-linux-gnu/libnvidia-text.so", "INPUT(libnvidia-ml.so)");
  tree.write("/usr/lib/i386-linux-gnu/libcuda.so.570.1", library32("libcuda.so.1"));
  tree.write("/usr/lib/x86_64-linux-gnu/libnvidia-allocator.so.1", library64(""));
  tree.link("/usr/lib/x86_64-linux-gnu/gbm/nvidia-drm_gbm.so", "../libnvidia-allocator.so.1");
  tree.write("/usr/lib/x86_64-linux-gnu/gbm/dri_gbm.so", library64(""));
  tree.write("/usr/lib/x86_64-linux-gnu/vdpau/libvdpau_nvidia.so.1", library64(""));
  tree.write("/usr/lib/x86_64-linux-gnu/vdpau/libvdpau_radeonsi.so.1", library64(""));
  tree.write("/usr/share/glvnd/egl_vendor.d/10_nvidia.json", "{}");
  tree.write("/usr/share/glvnd/egl_vendor.d/50_mesa.json", "{}");
  tree.write("/etc/vulkan/icd.d/nvidia_icd.json", "{}");
  tree.write("/etc/OpenCL/vendors/nvidia.icd", "libnvidia-opencl.so.1\n");
  tree.write("/usr/bin/nvidia-smi", "#!");
  // ... and where an administrator did.
  tree.write("/etc/ld.so.conf", "include ld.so.conf.d/*.conf\n/not/there # nor this\n");
  tree.write("/etc/ld.so.conf.d/extra.conf", "# comment\n /opt/driver/lib \n");
  tree.write("/etc/ld.so.conf.d/no.txt", "/opt/other\n");
  tree.write("/opt/driver/lib/libnvoptix.so.570.1", library64("libnvoptix.so.1"));
  tree.write("/opt/other/libnvcuvid.so.1", library64("libnvcuvid.so.1"));

  const NvidiaFacts facts = probe_nvidia(tree.root());
  CHECK(facts.warnings.empty());
  CHECK(facts.source.empty());
  CHECK(listing(facts) ==
        "library 32 libcuda.so = /usr/lib/i386-linux-gnu/libcuda.so.570.1\n"
        "library 32 libcuda.so.1 = /usr/lib/i386-linux-gnu/libcuda.so.570.1\n"
        "library 32 libcuda.so.570.1 = /usr/lib/i386-linux-gnu/libcuda.so.570.1\n"
        "library 64 libcuda.so = /usr/lib/x86_64-linux-gnu/nvidia/current/libcuda.so.570.1\n"
        "library 64 libcuda.so.1 = /usr/lib/x86_64-linux-gnu/nvidia/current/libcuda.so.570.1\n"
        "library 64 libcuda.so.570.1 = /usr/lib/x86_64-linux-gnu/nvidia/current/libcuda.so.570.1\n"
        "library 64 libnvidia-allocator.so.1 = /usr/lib/x86_64-linux-gnu/libnvidia-allocator.so.1\n"
        "library 64 libnvidia-ml.so = /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.570.1\n"
        "library 64 libnvidia-ml.so.1 = /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.570.1\n"
        "library 64 libnvidia-ml.so.570.1 = /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.570.1\n"
        "library 64 libnvoptix.so = /opt/driver/lib/libnvoptix.so.570.1\n"
        "library 64 libnvoptix.so.1 = /opt/driver/lib/libnvoptix.so.570.1\n"
        "library 64 libnvoptix.so.570.1 = /opt/driver/lib/libnvoptix.so.570.1\n"
        "gbm 64 nvidia-drm_gbm.so = /usr/lib/x86_64-linux-gnu/libnvidia-allocator.so.1\n"
        "vdpau 64 libvdpau_nvidia.so.1 = /usr/lib/x86_64-linux-gnu/vdpau/libvdpau_nvidia.so.1\n"
        "program nvidia-smi = /usr/bin/nvidia-smi\n"
        "egl_vendor 10_nvidia.json = /usr/share/glvnd/egl_vendor.d/10_nvidia.json\n"
        "vulkan_driver nvidia_icd.json = /etc/vulkan/icd.d/nvidia_icd.json\n"
        "opencl nvidia.icd = /etc/OpenCL/vendors/nvidia.icd\n");
}

TEST_CASE("nvidia: NixOS and WSL") {
  const DriverTree nixos;
  nixos.write("/nix/store/x-nvidia/lib/libcuda.so.1", library64("libcuda.so.1"));
  nixos.link("/run/opengl-driver", "/nix/store/x-nvidia");
  nixos.write("/nix/store/x-nvidia/share/vulkan/icd.d/nvidia_icd.x86_64.json", "{}");
  CHECK(listing(probe_nvidia(nixos.root())) ==
        "library 64 libcuda.so = /nix/store/x-nvidia/lib/libcuda.so.1\n"
        "library 64 libcuda.so.1 = /nix/store/x-nvidia/lib/libcuda.so.1\n"
        "vulkan_driver nvidia_icd.x86_64.json = "
        "/nix/store/x-nvidia/share/vulkan/icd.d/nvidia_icd.x86_64.json\n");

  const DriverTree wsl;
  wsl.write("/usr/lib/wsl/lib/libdxcore.so", library64("libdxcore.so"));
  wsl.write("/usr/lib/wsl/lib/nvidia-smi", "#!");
  wsl.write("/usr/lib/libdxcore.so", library64("libdxcore.so"));
  CHECK(listing(probe_nvidia(wsl.root())) ==
        "library 64 libdxcore.so = /usr/lib/wsl/lib/libdxcore.so\n"
        "program nvidia-smi = /usr/lib/wsl/lib/nvidia-smi\n");

  CHECK(listing(probe_nvidia(DriverTree().root())).empty());
  CHECK(probe_nvidia("/does/not/exist").files.empty());
}

TEST_CASE("nvidia: a CDI file says what there is") {
  const DriverTree tree;
  const std::string library = format("{}/libcuda.so.570.1", kMulti);
  tree.write(library, library64("libcuda.so.1"));
  tree.write(format("{}/libnvidia-allocator.so.570.1", kMulti),
             library64("libnvidia-allocator.so.1"));
  tree.write(format("{}/libnvidia-ml.so.570.1", kMulti), library64("libnvidia-ml.so.1"));
  tree.write("/usr/bin/nvidia-smi", "#!");
  tree.write("/run/nvidia-persistenced/socket", "");
  tree.write("/etc/vulkan/icd.d/nvidia_icd.json", R"({"ICD": {}})");
  tree.write("/etc/passwd", "root");
  std::string mounts;
  for (const std::string& path :
       {library, format("{}/libnvidia-allocator.so.570.1", kMulti), std::string("/not/lib.so"),
        std::string("/usr/bin/nvidia-smi"), std::string("/run/nvidia-persistenced/socket"),
        std::string("/etc/passwd"), std::string("/etc/vulkan/icd.d/nvidia_icd.json")}) {
    mounts += format("{{hostPath: '{}', containerPath: '{}'}},", path, path);
  }
  tree.write("/etc/cdi/nvidia.yaml",
             cdi_file("{env: [A=b], mounts: [" + mounts +
                      "], hooks: [{hookName: createContainer, path: /x, args: [x, create-symlinks,"
                      "--link, '../libnvidia-allocator.so.1::" +
                      kMulti + "/gbm/nvidia-drm_gbm.so', --link, 'libcuda.so.1::" + kMulti +
                      "/libcuda_other.so', --link, 'nothing.so::" + kMulti +
                      "/dangling.so', --link, 'libcuda.so.1::/etc/shadow']}]}"));
  const NvidiaFacts facts = probe_nvidia(tree.root());
  CHECK(facts.warnings.empty());
  CHECK(facts.source == "/etc/cdi/nvidia.yaml");
  CHECK(facts.variables == std::vector<std::string>{"A=b"});
  CHECK(facts.watched ==
        std::vector<std::string>{"/var/run/cdi", "/etc/cdi", kMulti, "/etc/cdi/nvidia.yaml"});
  const std::string cuda = " = " + library + "\n";
  const std::string allocator = format(" = {}/libnvidia-allocator.so.570.1\n", kMulti);
  CHECK(listing(facts) == "library 64 libcuda.so" + cuda +            //
                              "library 64 libcuda.so.1" + cuda +      //
                              "library 64 libcuda.so.570.1" + cuda +  //
                              "library 64 libcuda_other.so" + cuda +  //
                              "library 64 libnvidia-allocator.so" + allocator +
                              "library 64 libnvidia-allocator.so.1" + allocator +
                              "library 64 libnvidia-allocator.so.570.1" + allocator +
                              "gbm 64 nvidia-drm_gbm.so" + allocator +
                              "program nvidia-smi = /usr/bin/nvidia-smi\n"
                              "vulkan_driver nvidia_icd.json = /etc/vulkan/icd.d/nvidia_icd.json\n"
                              "run nvidia-persistenced/socket = /run/nvidia-persistenced/socket\n");
}

TEST_CASE("nvidia: a bad CDI file is a warning, and the driver is found without it") {
  struct Case {
    const char* name;
    std::string contents;
    const char* warning;
  };
  const std::string lost = cdi_file(
      "{mounts: [{hostPath: /usr/lib/libcuda.so.1, containerPath: /usr/lib/libcuda.so.1}]}");
  for (const Case& test :
       {Case{"a.json", "", ""}, Case{"a.yaml", "", ""}, Case{"a.txt", "nvidia.com/gpu", ""},
        Case{"a.json", R"({"kind": "example.com/not-nvidia.com/gpu"})", ""},
        Case{"a.json", "{\"nvidia.com/gpu\"",
             "ignoring /etc/cdi/a.json: malformed JSON at byte 18: "},
        Case{"a.yaml", "nvidia.com/gpu: [", "ignoring /etc/cdi/a.yaml: malformed YAML in line "},
        Case{"a.yaml", cdi_file("{mounts: 1}"),
             "ignoring /etc/cdi/a.yaml: member 'mounts' is missing or not an array"},
        Case{"a.yaml", cdi_file("{}"),
             "ignoring /etc/cdi/a.yaml: none of the libraries that it names is there"},
        Case{"a.yaml", lost,
             "ignoring /etc/cdi/a.yaml: none of the libraries that it names is there"},
        Case{"a\x1b.yaml", cdi_file("1"),
             "ignoring /etc/cdi/a\\x1b.yaml: member 'containerEdits' is missing or not an object"},
        Case{"a.json", std::string(5U << 20, ' '), "ignoring /etc/cdi/a.json: "}}) {
    CAPTURE(test.contents.substr(0, 200));
    const DriverTree tree;
    tree.write("/usr/lib64/libcuda.so.1", library64("libcuda.so.1"));
    tree.write(std::string("/etc/cdi/") + test.name, test.contents);
    const NvidiaFacts facts = probe_nvidia(tree.root());
    CHECK(facts.warnings.size() == (*test.warning == '\0' ? 0 : 1));
    if (!facts.warnings.empty()) {
      CHECK(facts.warnings[0].starts_with(test.warning));
    }
    CHECK(facts.source.empty());
    CHECK(listing(facts) ==
          "library 64 libcuda.so = /usr/lib64/libcuda.so.1\n"
          "library 64 libcuda.so.1 = /usr/lib64/libcuda.so.1\n");
  }
}

TEST_CASE("nvidia: /var/run/cdi comes before /etc/cdi, and a FIFO is not waited for") {
  const DriverTree tree;
  tree.write("/usr/lib/libcuda.so.1", library64("libcuda.so.1"));
  const std::string file = cdi_file(
      "{mounts: [{hostPath: /usr/lib/libcuda.so.1, containerPath: /usr/lib/libcuda.so.1}]}");
  tree.write("/etc/cdi/nvidia.yaml", file);
  tree.write("/run/cdi/nvidia.yaml", file);
  tree.link("/var/run", "/run");
  CHECK(probe_nvidia(tree.root()).source == "/var/run/cdi/nvidia.yaml");
  tree.remove("/run/cdi/nvidia.yaml");
  REQUIRE(::mkfifo((tree.root() + "/run/cdi/nvidia.yaml").c_str(), 0600) == 0);
  const NvidiaFacts facts = probe_nvidia(tree.root());
  CHECK(facts.source == "/etc/cdi/nvidia.yaml");
  CHECK(facts.warnings.size() == 1);
}

TEST_CASE("nvidia: the stamp changes with the driver, and not without") {
  const DriverTree tree;
  tree.write("/usr/lib64/libcuda.so.1", library64("libcuda.so.1"));
  const NvidiaFacts facts = probe_nvidia(tree.root());
  CHECK(facts.watched == std::vector<std::string>{"/var/run/cdi", "/etc/cdi", "/usr/lib64"});
  CHECK(nvidia_stamp(facts.watched, tree.root()) == facts.stamp);
  tree.write("/usr/lib64/libcuda.so.2", library64("libcuda.so.1"));
  const std::string later = nvidia_stamp(facts.watched, tree.root());
  CHECK(later != facts.stamp);
  tree.write("/etc/cdi/nvidia.yaml", "");
  CHECK(nvidia_stamp(facts.watched, tree.root()) != later);
}

}  // namespace devenv::host
