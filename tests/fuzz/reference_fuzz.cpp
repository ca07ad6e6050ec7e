// SPDX-License-Identifier: MIT
// Image references: whatever is typed, what is accepted is well-formed and read back as the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "env/base/byte_size.hpp"
#include "env/base/text.hpp"
#include "env/image/platform.hpp"
#include "env/image/reference.hpp"

namespace {

/// libFuzzer reports an abort together with the input.
void must(bool condition) {
  if (!condition) {
    std::abort();
  }
}

void check(const devenv::image::Reference& reference) {
  const std::string canonical = reference.string();
  const auto again = devenv::image::Reference::parse(canonical);
  must(again.has_value() && *again == reference);
  must(devenv::text::sanitize(canonical) == canonical);
  must(reference.registry().find('/') == std::string::npos);
  must(reference.repository().find("..") == std::string::npos);
  must(!reference.repository().starts_with('/') && !reference.repository().ends_with('/'));
  must(reference.tag() || reference.digest());
  const std::string name = reference.suggested_name();
  must(!name.empty() && name.size() <= 63 && name.find('/') == std::string::npos);
  must(name.front() != '-' && name.front() != '.' && name.front() != '_');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto reference = devenv::image::Reference::parse(text)) {
    check(*reference);
  } else {
    must(reference.error().code() == devenv::ErrorCode::usage);
    must(devenv::text::sanitize(reference.error().message()) == reference.error().message());
  }
  if (const auto platform = devenv::image::Platform::parse(text)) {
    must(devenv::image::Platform::parse(platform->string()).has_value());
  }
  if (const auto bytes = devenv::ByteSize::parse(text)) {
    must(!bytes->to_string().empty());
  }
  return 0;
}
