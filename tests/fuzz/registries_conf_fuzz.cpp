// SPDX-License-Identifier: MIT
// registries.conf: whatever stands in it, a name leads to places that are well-formed, and the same
// ones each time.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "env/base/text.hpp"
#include "env/image/registry/registries_conf.hpp"

using namespace devenv::image;
using namespace devenv::image::registry;

namespace {

/// libFuzzer reports an abort together with the input.
void must(bool condition) {
  if (!condition) {
    std::abort();
  }
}

/// Whatever goes wrong, a person can be shown why.
void check(const devenv::Error& error) {
  for (const devenv::Error* each = &error; each != nullptr; each = each->cause()) {
    must(devenv::text::sanitize(each->message()) == each->message());
  }
  must(devenv::text::sanitize(error.hint()) == error.hint());
}

/// What is asked is an image of a registry that somebody has named, not one of Docker's by default.
void check(const Reference& reference) {
  must(!reference.is_short());
  const auto again = Reference::parse(reference.string());
  must(again && *again == reference);
}

void look_up(const RegistriesConf& conf, const Reference& named) {
  const auto full = conf.qualify(named);
  if (!full) {
    check(full.error());
    return;
  }
  const auto places = conf.pull_places(*full);
  const auto primary = conf.primary(*full);
  if (!places) {
    check(places.error());
    return;
  }
  must(primary && !places->empty());
  must(places->back().reference == primary->reference);
  for (const Place& place : *places) {
    if (!place.file.empty()) {
      check(place.reference);
    }
    (void)conf.is_insecure(place.reference.registry());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto conf = RegistriesConf::parse(text, "fuzz.conf");
  if (!conf) {
    check(conf.error());
    must(conf.error().message().starts_with("fuzz.conf:"));
    return 0;
  }
  const std::string digest = "@sha256:" + std::string(64, 'a');
  for (const std::string& name :
       {std::string("debian"), std::string("team/web:1"), "quay.io/team/web:1" + digest,
        "a.b.corp.example:5000/x" + digest, std::string("[::1]:5000/x:1")}) {
    const Reference reference = Reference::parse(name).value();
    look_up(*conf, reference);
    // Said twice, it is what it was.
    RegistriesConf twice = *conf;
    twice.add(*conf);
    const auto once = conf->primary(reference);
    const auto again = twice.primary(reference);
    must(once.has_value() == again.has_value());
    must(!once || once->reference == again->reference);
  }
  return 0;
}
