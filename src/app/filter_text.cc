#include "app/filter_text.h"

#include <algorithm>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "config/nearest.h"
#include "nostr/nip19.h"
#include "util/printable.h"

namespace pharos::app {
namespace {

using Json = rapidjson::Value;

// Iterative: nesting costs no stack.
constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
constexpr std::size_t kShownBefore = 15;  // bytes, where the text is no JSON
constexpr std::size_t kShownBehind = 10;

bool is_tag(std::string_view field) { return field.size() == 2 && field[0] == '#'; }

std::string_view wanted(std::string_view field) {
  if (field == "ids" || field == "#e") return "wants a list of event ids, 64 lower-case hex digits each";
  if (field == "authors" || field == "#p") return "wants a list of public keys, 64 lower-case hex digits each";
  if (field == "kinds") return "wants a list of kinds, integers from 0 on";
  if (field == "since" || field == "until") return "wants unix seconds, an integer from 0 on";
  if (field == "limit") return "wants an integer from 0 on";
  if (field == "search") return "wants a text of at most 1024 bytes and 32 words";
  return "wants a list of texts";
}

bool is_scalar(const Json& value) { return !value.IsArray() && !value.IsObject(); }

std::string serialized(const Json& scalar) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  scalar.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

bool is_fine(const Json& name, const std::string& value) {
  return parse_filter("{" + serialized(name) + ":" + value + "}").has_value();
}

// People have keys and ids at hand in the spelling of NIP-19.
std::string in_hex(std::string_view field, const Json& value) {
  if (!value.IsString()) return {};
  const std::string_view text(value.GetString(), value.GetStringLength());
  if (field == "authors" || field == "#p") {
    if (const auto key = parse_public_key(text)) return "; that key is " + key->hex();
  } else if (field == "ids" || field == "#e") {
    if (const auto id = parse_event_id(text)) return "; that id is " + id->hex();
  }
  return {};
}

std::string unknown_field(const std::string& field) {
  const auto nearest = config::nearest_word(field, {"ids", "authors", "kinds", "since", "until", "limit", "search"});
  return printable(field) + ": a filter has no such field" +
         (nearest ? fmt::format(", did you mean {}?", *nearest) : std::string());
}

// "" where nothing is wrong with it.
std::string fault_of(const Json& name, const Json& value) {
  const std::string field(name.GetString(), name.GetStringLength());
  const bool is_list = field == "ids" || field == "authors" || field == "kinds" || is_tag(field);
  if (!is_list) {
    if (is_scalar(value) && is_fine(name, serialized(value))) return {};
    if (is_fine(name, "0") || is_fine(name, "\"a\"")) return fmt::format("{}: {}", field, wanted(field));
    return unknown_field(field);
  }
  if (!is_fine(name, "[]")) return unknown_field(field);
  if (!value.IsArray()) return fmt::format("{}: {}", field, wanted(field));
  for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
    const Json& item = value[i];
    if (is_scalar(item) && is_fine(name, "[" + serialized(item) + "]")) continue;
    return fmt::format("{}, value {}{}: {}{}", field, i + 1,
                       is_scalar(item) ? " (" + printable(serialized(item)) + ")" : "", wanted(field),
                       is_scalar(item) ? in_hex(field, item) : "");
  }
  return {};
}

std::string json_fault(const rapidjson::Document& document, std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return "it is empty; {} matches everything";
  const std::size_t at = std::min(document.GetErrorOffset(), text.size());
  const std::size_t from = at - std::min(at, kShownBefore);
  std::string why = rapidjson::GetParseError_En(document.GetParseError());
  if (why.ends_with('.')) why.pop_back();
  return fmt::format("no JSON, at byte {}, near {}: {}", at + 1, printable(text.substr(from, at - from + kShownBehind)),
                     why);
}

std::string what_is_wrong(std::string_view text, FilterError error) {
  rapidjson::Document document;
  document.Parse<kFlags>(text.data(), text.size());
  if (document.HasParseError()) return json_fault(document, text);
  if (!document.IsObject()) return "a filter is a JSON object, such as {\"kinds\":[1]}";
  std::set<std::string> seen;
  const Json& object = document;
  for (const auto& member : object.GetObject()) {
    if (std::string fault = fault_of(member.name, member.value); !fault.empty()) return fault;
    const std::string field(member.name.GetString(), member.name.GetStringLength());
    if (!seen.insert(field).second) return field + ": stands there twice";
  }
  return std::string(describe(error));
}

}  // namespace

Result<Filter, std::string> read_filter(std::string_view text) {
  auto filter = parse_filter(text);
  if (filter) return success(std::move(filter).value());
  return failure(what_is_wrong(text, filter.error()));
}

}  // namespace pharos::app
