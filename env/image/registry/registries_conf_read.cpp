// SPDX-License-Identifier: MIT
// RegistriesConf: reading the files.
#include <algorithm>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/base/toml.hpp"
#include "env/image/registries_files.hpp"
#include "env/image/registry/registries_conf.hpp"
#include "env/sys/file.hpp"

namespace devenv::image::registry {
namespace {

constexpr std::size_t kMaxFileBytes = 1024U * 1024;

/// Reads one file, and says where in it what is wrong.
class Reader {
 public:
  explicit Reader(const std::string& file) : file_(file) {}

  tl::unexpected<Error> wrong(const TomlPosition& position, std::string_view reason) const {
    return fail(ErrorCode::failed, format("{}:{}:{}: {}", text::sanitize(file_), position.line,
                                          position.column, reason));
  }

  /// The value of a type; nullptr when there is no such key.
  Result<const TomlValue*> get(const TomlValue& table, std::string_view key, TomlType type) const {
    const TomlMember* member = table.find(key);
    if (member == nullptr) {
      return nullptr;
    }
    if (member->value.type != type) {
      return wrong(member->value.position,
                   format("'{}' is {}, not {}", key, describe(type), describe(member->value.type)));
    }
    return &member->value;
  }

  Result<std::string> text_of(const TomlValue& table, std::string_view key) const {
    TRY_ASSIGN(const TomlValue* value, get(table, key, TomlType::text));
    return value == nullptr ? "" : value->text;
  }

  Result<bool> truth_of(const TomlValue& table, std::string_view key) const {
    TRY_ASSIGN(const TomlValue* value, get(table, key, TomlType::boolean));
    return value != nullptr && value->truth;
  }

  /// A host, with a path or not; "" when there is no such key.
  Result<std::string> location_of(const TomlValue& table, std::string_view key) const {
    TRY_ASSIGN(std::string location, text_of(table, key));
    while (location.ends_with('/')) {
      location.pop_back();
    }
    if (!location.empty() && !is_location(location)) {
      return wrong(table.find(key)->value.position,
                   format("'{}' is not a registry's host, with or without a path",
                          text::sanitize(location)));
    }
    return location;
  }

  /// The tables of an array.
  Result<std::vector<const TomlValue*>> tables_of(const TomlValue& table,
                                                  std::string_view key) const {
    TRY_ASSIGN(const TomlValue* list, get(table, key, TomlType::list));
    std::vector<const TomlValue*> tables;
    if (list != nullptr) {
      for (const TomlValue& item : list->items) {
        if (item.type != TomlType::table) {
          return wrong(item.position, format("'{}' has {} in it", key, describe(item.type)));
        }
        tables.push_back(&item);
      }
    }
    return tables;
  }

  /// A host by itself means one of Docker's repositories to a reference.
  static bool is_location(const std::string& location) {
    const std::string host = location.substr(0, location.find('/'));
    const auto reference = Reference::parse(host + "/x");
    return location.find("://") == std::string::npos && reference && !reference->is_short();
  }

 private:
  const std::string& file_;
};

Result<MirrorUse> read_use(const Reader& reader, const TomlValue& table) {
  TRY_ASSIGN(const std::string use, reader.text_of(table, "pull-from-mirror"));
  if (use.empty() || use == "all") {
    return MirrorUse::all;
  }
  if (use == "digest-only") {
    return MirrorUse::digest_only;
  }
  if (use == "tag-only") {
    return MirrorUse::tag_only;
  }
  return reader.wrong(table.find("pull-from-mirror")->value.position,
                      "'pull-from-mirror' is all, digest-only or tag-only");
}

Result<Mirror> read_mirror(const Reader& reader, const TomlValue& table) {
  Mirror mirror;
  TRY_ASSIGN(mirror.location, reader.location_of(table, "location"));
  if (mirror.location.empty()) {
    return reader.wrong(table.position, "a mirror without a 'location'");
  }
  TRY_ASSIGN(mirror.insecure, reader.truth_of(table, "insecure"));
  TRY_ASSIGN(mirror.use, read_use(reader, table));
  return mirror;
}

Result<RegistryRule> read_rule(const Reader& reader, const TomlValue& table) {
  RegistryRule rule;
  TRY_ASSIGN(rule.location, reader.location_of(table, "location"));
  TRY_ASSIGN(const std::string prefix, reader.text_of(table, "prefix"));
  if (prefix.starts_with("*.")) {
    rule.prefix = prefix;
  } else {
    TRY_ASSIGN(rule.prefix, reader.location_of(table, "prefix"));
  }
  if (rule.prefix.empty()) {
    rule.prefix = rule.location;
  }
  if (rule.prefix.empty()) {
    return reader.wrong(table.position, "a registry without a 'prefix' and a 'location'");
  }
  TRY_ASSIGN(rule.insecure, reader.truth_of(table, "insecure"));
  TRY_ASSIGN(rule.blocked, reader.truth_of(table, "blocked"));
  TRY_ASSIGN(rule.mirror_by_digest_only, reader.truth_of(table, "mirror-by-digest-only"));
  TRY_ASSIGN(const auto mirrors, reader.tables_of(table, "mirror"));
  for (const TomlValue* mirror : mirrors) {
    TRY_ASSIGN(Mirror read, read_mirror(reader, *mirror));
    if (rule.mirror_by_digest_only && read.use != MirrorUse::all) {
      return reader.wrong(mirror->position, "'pull-from-mirror' beside 'mirror-by-digest-only'");
    }
    rule.mirrors.push_back(std::move(read));
  }
  return rule;
}

/// All [[registry]] of a file.
Result<std::vector<RegistryRule>> read_rules(const Reader& reader, const TomlValue& root) {
  TRY_ASSIGN(const auto tables, reader.tables_of(root, "registry"));
  std::vector<RegistryRule> rules;
  for (const TomlValue* table : tables) {
    TRY_ASSIGN(RegistryRule rule, read_rule(reader, *table));
    rules.push_back(std::move(rule));
  }
  return rules;
}

/// A list of hosts; nullopt when there is no such key.
Result<std::optional<std::vector<std::string>>> read_hosts(const Reader& reader,
                                                           const TomlValue& table,
                                                           std::string_view key) {
  TRY_ASSIGN(const TomlValue* list, reader.get(table, key, TomlType::list));
  if (list == nullptr) {
    return std::nullopt;
  }
  std::vector<std::string> hosts;
  for (const TomlValue& item : list->items) {
    if (item.type != TomlType::text || !Reader::is_location(item.text)) {
      return reader.wrong(item.position, format("'{}' has what is no host", key));
    }
    hosts.push_back(item.text);
  }
  return hosts;
}

Result<std::map<std::string, std::string>> read_aliases(const Reader& reader,
                                                        const TomlValue& root) {
  std::map<std::string, std::string> aliases;
  TRY_ASSIGN(const TomlValue* table, reader.get(root, "aliases", TomlType::table));
  if (table == nullptr) {
    return aliases;
  }
  for (const TomlMember& alias : table->members) {
    const std::string& full = alias.value.text;
    const bool usable =
        alias.value.type == TomlType::text &&
        // An empty one takes back what an earlier file said.
        (full.empty() || (Reader::is_location(full) && full.find('/') != std::string::npos));
    if (!usable) {
      return reader.wrong(alias.position,
                          format("the alias '{}' is not a full name", text::sanitize(alias.key)));
    }
    aliases.insert_or_assign(alias.key, full);
  }
  return aliases;
}

/// The list that a table of version 1 has: [registries.search], registries = [...].
Result<std::optional<std::vector<std::string>>> read_old_list(const Reader& reader,
                                                              const TomlValue& root,
                                                              std::string_view name) {
  TRY_ASSIGN(const TomlValue* all, reader.get(root, "registries", TomlType::table));
  if (all == nullptr) {
    return std::nullopt;
  }
  TRY_ASSIGN(const TomlValue* table, reader.get(*all, name, TomlType::table));
  return table == nullptr ? Result<std::optional<std::vector<std::string>>>(std::nullopt)
                          : read_hosts(reader, *table, "registries");
}

/// What version 1 can say of a registry: that it is insecure, or blocked.
Result<std::vector<RegistryRule>> read_old_rules(const Reader& reader, const TomlValue& root) {
  std::map<std::string, RegistryRule> rules;
  TRY_ASSIGN(const auto insecure, read_old_list(reader, root, "insecure"));
  for (const std::string& host : insecure.value_or(std::vector<std::string>{})) {
    rules[host].insecure = true;
  }
  TRY_ASSIGN(const auto blocked, read_old_list(reader, root, "block"));
  for (const std::string& host : blocked.value_or(std::vector<std::string>{})) {
    rules[host].blocked = true;
  }
  std::vector<RegistryRule> list;
  for (auto& [host, rule] : rules) {
    rule.prefix = host;
    rule.location = host;
    list.push_back(std::move(rule));
  }
  return list;
}

/// The names of *.conf in a directory, sorted; none when it cannot be read.
std::vector<std::string> drop_ins(const std::string& directory) {
  std::vector<std::string> files;
  const auto names = sys::list_directory(directory);
  if (names) {
    for (const std::string& name : *names) {
      if (name.ends_with(".conf")) {
        files.push_back(directory + "/" + name);
      }
    }
  }
  return files;
}

}  // namespace

Result<RegistriesConf> RegistriesConf::parse(std::string_view text, const std::string& file) {
  const Reader reader(file);
  const auto root = parse_toml(text);
  if (!root) {
    return reader.wrong(root.error().position, root.error().message);
  }
  const bool is_old = root->find("registries") != nullptr;
  TRY_ASSIGN(std::vector<RegistryRule> rules,
             is_old ? read_old_rules(reader, *root) : read_rules(reader, *root));
  RegistriesConf conf;
  for (RegistryRule& rule : rules) {
    rule.file = file;
    RegistriesConf one;
    one.rules_.push_back(std::move(rule));
    conf.add(std::move(one));
  }
  TRY_ASSIGN(conf.searched_, is_old ? read_old_list(reader, *root, "search")
                                    : read_hosts(reader, *root, "unqualified-search-registries"));
  conf.searched_file_ = file;
  TRY_ASSIGN(conf.aliases_, read_aliases(reader, *root));
  return conf;
}

Result<RegistriesConf> load_registries_conf(
    const std::function<std::string(const char*)>& get_variable,
    const std::string& system_directory) {
  const RegistriesFiles places = registries_files(get_variable, system_directory);
  RegistriesConf conf;
  const auto add = [&conf](const std::string& file) -> Result<void> {
    TRY_ASSIGN(const std::string contents, sys::read_regular_file(file, kMaxFileBytes));
    TRY_ASSIGN(RegistriesConf read, RegistriesConf::parse(contents, file));
    conf.add(std::move(read));
    return {};
  };
  std::vector<std::string> files;
  for (const std::string& file : places.main) {
    if (files.empty() && (places.named || sys::exists(file))) {
      files.push_back(file);
    }
  }
  for (const std::string& directory : places.drop_ins) {
    const auto found = drop_ins(directory);
    files.insert(files.end(), found.begin(), found.end());
  }
  if (sys::exists(places.learnt)) {
    files.push_back(places.learnt);
  }
  for (const std::string& file : files) {
    TRY_CONTEXT(add(file), "cannot read which registries there are");
  }
  return conf;
}

}  // namespace devenv::image::registry
