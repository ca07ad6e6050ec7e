// SPDX-License-Identifier: MIT
#include "env/session/nvidia.hpp"

#include <doctest/doctest.h>

#include "env/session/image_libc.hpp"
#include "env/session/plan.hpp"
#include "tests/support/driver_tree.hpp"

namespace devenv::session {
namespace {

using host::DriverFile;
using host::DriverFileKind;

host::NvidiaFacts sample() {
  return {
      .files =
          {
              {DriverFileKind::library, 32, "libcuda.so.1", "/usr/lib32/libcuda.so.570.1", ""},
              {DriverFileKind::library, 64, "libcuda.so.1", "/usr/lib64/libcuda.so.570.1", ""},
              {DriverFileKind::gbm, 64, "nvidia-drm_gbm.so", "/usr/lib64/liballocator.so", ""},
              {DriverFileKind::vdpau, 64, "libvdpau_nvidia.so.1", "/usr/lib64/vdpau/v.so", ""},
              {DriverFileKind::program, 0, "nvidia-smi", "/usr/bin/nvidia-smi", ""},
              {DriverFileKind::egl_vendor, 0, "10_nvidia.json", "/usr/share/10_nvidia.json",
               R"({"ICD": {"library_path": "libEGL_nvidia.so.0"}})"},
              {DriverFileKind::egl_platform, 0, "20.json", "/usr/share/20.json", "damaged"},
              {DriverFileKind::vulkan_driver, 0, "nvidia_icd.json", "/etc/vulkan/nvidia_icd.json",
               R"({"ICD": {"library_path": "/usr/lib64/libGLX_nvidia.so.0"}})"},
              {DriverFileKind::opencl, 0, "nvidia.icd", "/etc/OpenCL/vendors/nvidia.icd", ""},
              {DriverFileKind::run, 0, "nvidia-persistenced/socket", "/run/np/socket", ""},
          },
      .variables = {"NVIDIA_VISIBLE_DEVICES=void"}};
}

}  // namespace

TEST_CASE("nvidia: the plan") {
  CHECK(sandbox::to_string(plan_nvidia(sample())) ==
        "dir /run/devenv/nvidia mode=755 owner=0:0\n"
        "link /run/devenv/nvidia/lib32/libcuda.so.1 -> /run/host/usr/lib32/libcuda.so.570.1\n"
        "link /run/devenv/nvidia/lib64/libcuda.so.1 -> /run/host/usr/lib64/libcuda.so.570.1\n"
        "link /run/devenv/nvidia/lib64/gbm/nvidia-drm_gbm.so -> "
        "/run/host/usr/lib64/liballocator.so\n"
        "link /run/devenv/nvidia/lib64/vdpau/libvdpau_nvidia.so.1 -> "
        "/run/host/usr/lib64/vdpau/v.so\n"
        "link /run/devenv/nvidia/bin/nvidia-smi -> /run/host/usr/bin/nvidia-smi\n"
        "link? /run/devenv/bin/nvidia-smi -> ../nvidia/bin/nvidia-smi\n"
        "link /run/devenv/nvidia/share/glvnd/egl_vendor.d/10_nvidia.json -> "
        "/run/host/usr/share/10_nvidia.json\n"
        "file /run/devenv/nvidia/share/vulkan/icd.d/nvidia_icd.json mode=644 (60 bytes)\n"
        "link /run/devenv/nvidia/share/OpenCL/vendors/nvidia.icd -> "
        "/run/host/etc/OpenCL/vendors/nvidia.icd\n"
        "link? /run/nvidia-persistenced/socket -> /run/host/run/np/socket\n");
  CHECK(plan_nvidia({}).empty());
  // Beside the one in use, beneath /run.
  CHECK(sandbox::to_string(plan_nvidia({.files = {sample().files[1], sample().files[4]}},
                                       {.run = "", .directory = "nvidia.new"})) ==
        "dir /devenv/nvidia.new mode=755 owner=0:0\n"
        "link /devenv/nvidia.new/lib64/libcuda.so.1 -> /run/host/usr/lib64/libcuda.so.570.1\n"
        "link /devenv/nvidia.new/bin/nvidia-smi -> /run/host/usr/bin/nvidia-smi\n"
        "link? /devenv/bin/nvidia-smi -> ../nvidia/bin/nvidia-smi\n");
}

TEST_CASE("nvidia: variables for what is there, and the image's places after ours") {
  const auto variables = nvidia_variables(sample());
  CHECK(variables ==
        std::vector<std::string>{
            "NVIDIA_VISIBLE_DEVICES=void",
            "__EGL_VENDOR_LIBRARY_DIRS=/run/devenv/nvidia/share/glvnd/egl_vendor.d:"
            "/etc/glvnd/egl_vendor.d:/usr/share/glvnd/egl_vendor.d",
            "__EGL_EXTERNAL_PLATFORM_CONFIG_DIRS="
            "/run/devenv/nvidia/share/egl/egl_external_platform.d:"
            "/etc/egl/egl_external_platform.d:/usr/share/egl/egl_external_platform.d",
            "XDG_DATA_DIRS=/run/devenv/nvidia/share",
            "GBM_BACKENDS_PATH=/run/devenv/nvidia/lib64/gbm:/run/devenv/nvidia/lib32/gbm:"
            "/usr/lib/x86_64-linux-gnu/gbm:/usr/lib/aarch64-linux-gnu/gbm:"
            "/usr/lib/i386-linux-gnu/gbm:/usr/lib64/gbm:/usr/lib/gbm:/usr/lib32/gbm",
            "VDPAU_DRIVER_PATH=/run/devenv/nvidia/lib64/vdpau",
            "OCL_ICD_FILENAMES=libnvidia-opencl.so.1"});
  CHECK(nvidia_variables({}).empty());
}

TEST_CASE("nvidia: paths of libraries in JSON become names") {
  struct Case {
    const char* document;
    const char* result;
  };
  for (const Case& test : {
           Case{R"({"ICD": {"library_path": "a.so"}})", R"({"ICD": {"library_path": "a.so"}})"},
           Case{R"({"layers":[{"library_path":"/x/a.so"},{"library_path":"../b.so"}]})",
                "{\n  \"layers\": [\n    {\n      \"library_path\": \"a.so\"\n    },\n    {\n"
                "      \"library_path\": \"b.so\"\n    }\n  ]\n}\n"},
           Case{R"({"library_path": 7})", R"({"library_path": 7})"},
           Case{"[]", "[]"},
           Case{"7", "7"},
           Case{"{", ""},
       }) {
    CAPTURE(test.document);
    CHECK(with_bare_library_paths(test.document) == test.result);
  }
}

TEST_CASE("nvidia: what ldconfig is told") {
  const DriverLibraries libraries = driver_libraries(sample());
  CHECK(libraries.directories ==
        std::vector<std::string>{"/run/devenv/nvidia/lib32", "/run/devenv/nvidia/lib64"});
  CHECK(libraries.names == std::vector<std::string>{"lib32/libcuda.so.1", "lib64/libcuda.so.1"});
  const std::string begun = library_configuration(libraries, false);
  const std::string done = library_configuration(libraries, true);
  CHECK(begun ==
        "# By devenv: the host's NVIDIA driver. Written anew when that changes, removed with it.\n"
        "/run/devenv/nvidia/lib32\n/run/devenv/nvidia/lib64\n");
  CHECK(done != begun);
  DriverLibraries later = libraries;
  later.names.emplace_back("lib64/libnvidia-new.so.1");
  CHECK(library_configuration(later, true) != done);
  CHECK(library_configuration(later, false) == begun);
  CHECK(driver_libraries({}).directories.empty());
}

TEST_CASE("nvidia: musl or glibc") {
  const test::DriverTree alpine;
  const test::DriverTree upper;
  alpine.write("/lib/ld-musl-x86_64.so.1", "");
  alpine.write("/lib/ld-musl-aarch64.so.1", "");
  CHECK(why_not_glibc({upper.root(), alpine.root()}) ==
        "the image has musl, and NVIDIA's libraries need glibc");
  // What stands in for it may do; in Debian, musl is a package.
  upper.link("/lib64/ld-linux-x86-64.so.2", "/lib/libgcompat.so.0");
  upper.link("/lib/ld-linux-aarch64.so.1", "/lib/libgcompat.so.0");
  CHECK(why_not_glibc({upper.root(), alpine.root()}).empty());
  CHECK(why_not_glibc({}).empty());
}

TEST_CASE("nvidia: running.json keeps how the driver was shared") {
  RunningRecord record{.pid = 7, .server_pid = 8};
  CHECK_FALSE(record.to_json().contains("driver"));
  record.driver = {.variables = {"A=b"}, .watched = {"/usr/lib64"}, .stamp = "1.2.3"};
  const auto read = RunningRecord::from_json(record.to_json());
  REQUIRE(read);
  CHECK(read->driver == record.driver);
}

}  // namespace devenv::session
