// SPDX-License-Identifier: MIT
// Which locales an image has, found out without running anything of it; and making the missing.
#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <map>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"
#include "env/session/image_program.hpp"
#include "env/session/inside.hpp"
#include "env/sys/file.hpp"

namespace devenv::session {
namespace {

constexpr const char* kLocaleDirectories[] = {"/usr/lib/locale", "/usr/lib64/locale",
                                              "/usr/lib/x86_64-linux-gnu/locale"};

constexpr const char* kLocaleMaker = "/usr/bin/localedef";
constexpr const char* kLocaleSources = "/usr/share/i18n";
constexpr std::chrono::seconds kMakingLimit{30};

/// Source: locale(7). Others that begin with LC_ mean nothing to the C library.
constexpr std::string_view kCategories[] = {
    "LC_ALL",         "LC_ADDRESS",   "LC_COLLATE",  "LC_CTYPE", "LC_IDENTIFICATION",
    "LC_MEASUREMENT", "LC_MESSAGES",  "LC_MONETARY", "LC_NAME",  "LC_NUMERIC",
    "LC_PAPER",       "LC_TELEPHONE", "LC_TIME"};

/// As glibc writes names into directories and its archive: "de_DE.UTF-8@euro" is
/// "de_DE.utf8@euro". Source: _nl_normalize_codeset.
std::string normalized(std::string_view name) {
  const std::size_t at = std::min(name.find('@'), name.size());
  const std::size_t dot = std::min(name.substr(0, at).find('.'), at);
  std::string text(name.substr(0, dot));
  if (dot < at) {
    text += '.';
    for (const char c : name.substr(dot + 1, at - dot - 1)) {
      if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
        text += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      }
    }
  }
  return text + std::string(name.substr(at));
}

/// The names in an archive, each followed by a zero byte. They are one block of its file, whose
/// place is in the header: magic, serial, then offset, used and size of the hash table of names,
/// then the same of the strings. Source: struct locarhead.
std::string archive_names(const std::string& path) {
  constexpr std::uint32_t kMagic = 0xde020109;
  constexpr std::size_t kLimit = 1024U * 1024;
  const auto file = sys::open_file(path, O_RDONLY | O_NONBLOCK);
  std::array<std::uint32_t, 7> header{};
  const std::span<char> bytes(reinterpret_cast<char*>(header.data()), sizeof header);
  if (!file || sys::read_at(file->get(), bytes, 0).value_or(0) != bytes.size() ||
      header[0] != kMagic || header[6] > kLimit) {
    return "";
  }
  std::string names(header[6], '\0');
  names.resize(sys::read_at(file->get(), names, header[5]).value_or(0));
  return names;
}

/// What the image has; each question costs a few system calls at most.
class KnownLocales {
 public:
  bool has(const std::string& name) {
    if (name.empty() || name == "C" || name == "POSIX") {
      return true;
    }
    const auto [known, is_new] = known_.try_emplace(name, false);
    if (is_new) {
      known->second = look_up(name);
    }
    return known->second;
  }

  /// Only glibc has something to look up.
  static bool any() {
    return std::any_of(std::begin(kLocaleDirectories), std::end(kLocaleDirectories),
                       [](const char* directory) { return sys::is_directory(directory); });
  }

 private:
  bool look_up(const std::string& name) {
    const std::string wanted = normalized(name);
    for (const std::string directory : kLocaleDirectories) {
      if (sys::exists(format("{}/{}/LC_CTYPE", directory, wanted)) ||
          sys::exists(format("{}/{}/LC_CTYPE", directory, name))) {
        return true;
      }
    }
    if (!archive_) {
      archive_ = std::string(1, '\0') + archive_names("/usr/lib/locale/locale-archive");
    }
    const std::string entry = std::string(1, '\0') + wanted + std::string(1, '\0');
    return archive_->find(entry) != std::string::npos;
  }

  std::map<std::string, bool> known_;
  std::optional<std::string> archive_;
};

bool is_language(std::string_view name) {
  return name == "LANG" ||
         std::find(std::begin(kCategories), std::end(kCategories), name) != std::end(kCategories);
}

/// What localedef makes a locale of.
struct LocaleSource {
  std::string name;           ///< "de_DE.UTF-8@euro"
  std::string definition;     ///< "de_DE@euro": a file below /usr/share/i18n/locales
  std::string character_map;  ///< "UTF-8"
};

/// nullopt for what is no name of this form, and for names without a character map.
std::optional<LocaleSource> source_of(std::string_view name) {
  const bool is_plain = std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '@' ||
           c == '-';
  });
  const std::size_t at = std::min(name.find('@'), name.size());
  const std::size_t dot = name.substr(0, at).find('.');
  if (!is_plain || dot == std::string_view::npos || dot == 0 || name.starts_with('-')) {
    return std::nullopt;
  }
  return LocaleSource{.name = std::string(name),
                      .definition = std::string(name.substr(0, dot)) + std::string(name.substr(at)),
                      .character_map = std::string(name.substr(dot + 1, at - dot - 1))};
}

/// "utf8", as some systems have it in LANG, is a file called UTF-8.
std::optional<std::string> find_character_map(const std::string& name) {
  std::vector<std::string> spellings = {name};
  if (normalized("." + name) == ".utf8") {
    spellings.emplace_back("UTF-8");
  }
  for (const std::string& spelling : spellings) {
    const std::string path = format("{}/charmaps/{}", kLocaleSources, spelling);
    if (sys::exists(path) || sys::exists(path + ".gz")) {
      return spelling;
    }
  }
  return std::nullopt;
}

Result<void> make_locale(const LocaleSource& source) {
  const auto map = find_character_map(source.character_map);
  if (!map || !sys::exists(format("{}/locales/{}", kLocaleSources, source.definition))) {
    return {};
  }
  LOG_INFO("making locale {}", source.name);
  // Into the archive, where the image's own tools put theirs.
  return run_image_program({kLocaleMaker, "-i", source.definition, "-f", *map, source.name},
                           kMakingLimit);
}

}  // namespace

void make_missing_locales(const std::vector<std::string>& variables) {
  if (!sys::is_executable(kLocaleMaker) || !sys::is_directory(kLocaleSources)) {
    return;
  }
  KnownLocales known;
  std::map<std::string, LocaleSource> missing;
  for (const std::string& variable : variables) {
    const std::size_t equals = std::min(variable.find('='), variable.size());
    const std::string value = variable.substr(std::min(equals + 1, variable.size()));
    if (!is_language(std::string_view(variable).substr(0, equals)) || known.has(value)) {
      continue;
    }
    if (auto source = source_of(value)) {
      missing.try_emplace(normalized(value), *std::move(source));
    }
  }
  for (const auto& entry : missing) {
    as_root_inside(format("there is no locale {}", entry.first),
                   [&] { return make_locale(entry.second); });
  }
}

void use_known_locales(std::vector<std::string>& variables) {
  std::optional<bool> is_glibc;
  KnownLocales known;
  for (std::string& variable : variables) {
    const std::size_t equals = variable.find('=');
    if (equals == std::string::npos || !is_language(std::string_view(variable).substr(0, equals))) {
      continue;
    }
    const std::string value = variable.substr(equals + 1);
    // A locale of the user's own is a path, which the image reads as it is.
    if (value.starts_with('/')) {
      continue;
    }
    is_glibc = is_glibc ? is_glibc : KnownLocales::any();
    if (*is_glibc && !known.has(value)) {
      variable.resize(equals + 1);
      variable += known.has("C.UTF-8") ? "C.UTF-8" : "C";
    }
  }
}

}  // namespace devenv::session
