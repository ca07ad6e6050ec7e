// SPDX-License-Identifier: MIT
#include "env/base/yaml.hpp"

#include <yaml.h>

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::yaml {
namespace {

Error damaged(const yaml_mark_t& mark, std::string_view what) {
  return Error(ErrorCode::integrity, format("malformed YAML in line {}: {}", mark.line + 1, what));
}

/// An event of the parser, given back at the end.
class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  Event(Event&& other) noexcept : event_(std::exchange(other.event_, {})) {}
  Event& operator=(Event&&) = delete;
  ~Event() { yaml_event_delete(&event_); }

  yaml_event_t* get() { return &event_; }
  const yaml_event_t* operator->() const { return &event_; }
  Error error(std::string_view what) const { return damaged(event_.start_mark, what); }

 private:
  yaml_event_t event_{};
};

std::string_view text_of(const yaml_char_t* bytes, std::size_t size) {
  // libyaml's bytes are unsigned.
  return {reinterpret_cast<const char*>(bytes), size};
}

Json plain_value(std::string_view text) {
  if (text.empty() || text == "~" || text == "null") {
    return nullptr;
  }
  if (text == "true" || text == "false") {
    return text == "true";
  }
  if (const auto number = text::parse_number(text)) {
    return *number;
  }
  return std::string(text);
}

class Reader {
 public:
  Reader(std::string_view text, const json::Limits& limits) : limits_(limits) {
    ready_ = yaml_parser_initialize(&parser_) == 1;
    if (ready_) {
      yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                   text.size());
    }
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() {
    if (ready_) {
      yaml_parser_delete(&parser_);
    }
  }

  Result<Json> document() {
    if (!ready_) {
      return fail(ErrorCode::failed, "there is no memory for reading YAML");
    }
    TRY(expect(YAML_STREAM_START_EVENT, "a stream"));
    TRY(expect(YAML_DOCUMENT_START_EVENT, "a document"));
    TRY_ASSIGN(const Event first, next());
    TRY_ASSIGN(Json value, node(first, 0));
    TRY(expect(YAML_DOCUMENT_END_EVENT, "the end of the document"));
    TRY(expect(YAML_STREAM_END_EVENT, "nothing after the first document"));
    return value;
  }

 private:
  Result<Event> next() {
    Event event;
    if (yaml_parser_parse(&parser_, event.get()) != 1) {
      return fail(damaged(parser_.problem_mark, parser_.problem == nullptr
                                                    ? "it cannot be read"
                                                    : text::sanitize(parser_.problem)));
    }
    return event;
  }

  Result<void> expect(yaml_event_type_t type, std::string_view what) {
    TRY_ASSIGN(const Event event, next());
    return event->type == type ? Result<void>() : fail(event.error(format("expected {}", what)));
  }

  Result<Json> node(const Event& event, int depth) {
    if (depth > limits_.max_depth) {
      return fail(event.error(format("more than {} levels", limits_.max_depth)));
    }
    switch (event->type) {
      case YAML_SCALAR_EVENT:
        return scalar(event);
      case YAML_SEQUENCE_START_EVENT:
        return sequence(event, depth);
      case YAML_MAPPING_START_EVENT:
        return mapping(event, depth);
      case YAML_ALIAS_EVENT:
        return fail(event.error("aliases are not supported"));
      default:
        return fail(event.error("a value is missing"));
    }
  }

  static Result<Json> scalar(const Event& event) {
    const auto& data = event->data.scalar;
    if (data.tag != nullptr) {
      return fail(event.error("tags are not supported"));
    }
    const std::string_view text = text_of(data.value, data.length);
    return data.style == YAML_PLAIN_SCALAR_STYLE ? plain_value(text) : Json(std::string(text));
  }

  Result<Json> sequence(const Event& start, int depth) {
    if (start->data.sequence_start.tag != nullptr) {
      return fail(start.error("tags are not supported"));
    }
    Json list = Json::array();
    while (true) {
      TRY_ASSIGN(const Event event, next());
      if (event->type == YAML_SEQUENCE_END_EVENT) {
        return list;
      }
      TRY_ASSIGN(Json value, node(event, depth + 1));
      list.push_back(std::move(value));
    }
  }

  Result<Json> mapping(const Event& start, int depth) {
    if (start->data.mapping_start.tag != nullptr) {
      return fail(start.error("tags are not supported"));
    }
    Json object = Json::object();
    while (true) {
      TRY_ASSIGN(const Event key, next());
      if (key->type == YAML_MAPPING_END_EVENT) {
        return object;
      }
      if (key->type != YAML_SCALAR_EVENT) {
        return fail(key.error("a key is not a word"));
      }
      std::string name(text_of(key->data.scalar.value, key->data.scalar.length));
      if (name == "<<" || object.contains(name)) {
        return fail(key.error(format("key '{}' is there twice or merges", text::sanitize(name))));
      }
      if (object.size() == limits_.max_members) {
        return fail(key.error(format("a map has more than {} keys", limits_.max_members)));
      }
      TRY_ASSIGN(const Event event, next());
      TRY_ASSIGN(Json value, node(event, depth + 1));
      object[std::move(name)] = std::move(value);
    }
  }

  json::Limits limits_;
  yaml_parser_t parser_{};
  bool ready_ = false;
};

}  // namespace

Result<Json> parse(std::string_view text, const json::Limits& limits) {
  if (text.size() > limits.max_bytes) {
    return fail(ErrorCode::integrity,
                format("YAML document of {} bytes is larger than the limit of {} bytes",
                       text.size(), limits.max_bytes));
  }
  return Reader(text, limits).document();
}

}  // namespace devenv::yaml
