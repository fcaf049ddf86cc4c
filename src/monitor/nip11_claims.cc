#include "monitor/nip11_claims.h"

#include <algorithm>

#include <rapidjson/document.h>

#include "monitor/result.h"

namespace pharos::monitor {
namespace {

using Value = rapidjson::Value;

std::string text_of(const Value& object, const char* key) {
  const auto it = object.FindMember(key);
  if (it == object.MemberEnd() || !it->value.IsString()) return {};
  return printable({it->value.GetString(), it->value.GetStringLength()});
}

std::optional<bool> flag_of(const Value& object, const char* key) {
  const auto it = object.FindMember(key);
  if (it == object.MemberEnd() || !it->value.IsBool()) return std::nullopt;
  return it->value.GetBool();
}

// NIP numbers are integers; the lettered ones (5A, 7D) come as strings.
std::optional<std::string> nip_of(const Value& value) {
  if (value.IsUint()) return value.GetUint() <= 9'999 ? std::optional(std::to_string(value.GetUint())) : std::nullopt;
  if (!value.IsString()) return std::nullopt;
  std::string text(value.GetString(), value.GetStringLength());
  if (text.empty() || text.size() > 4) return std::nullopt;
  for (char& c : text) {
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
    if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'))) return std::nullopt;
  }
  const std::size_t zeros = text.find_first_not_of('0');
  if (zeros == std::string::npos) return std::nullopt;
  return text.substr(zeros);
}

// Numbers before lettered names of the same length: 1, 9, 11, 5A, 100.
bool nip_less(const std::string& a, const std::string& b) { return a.size() != b.size() ? a.size() < b.size() : a < b; }

void read_nips(const Value& root, Nip11Claims& out) {
  const auto it = root.FindMember("supported_nips");
  if (it == root.MemberEnd() || !it->value.IsArray()) return;
  for (const Value& item : it->value.GetArray()) {
    if (out.nips.size() == kMaxClaimedNips) break;
    if (auto nip = nip_of(item)) out.nips.push_back(*std::move(nip));
  }
  std::ranges::sort(out.nips, nip_less);
  out.nips.erase(std::ranges::unique(out.nips).begin(), out.nips.end());
}

void read_topics(const Value& root, Nip11Claims& out) {
  const auto it = root.FindMember("tags");
  if (it == root.MemberEnd() || !it->value.IsArray()) return;
  for (const Value& item : it->value.GetArray()) {
    if (out.topics.size() == kMaxClaimedTopics) break;
    if (!item.IsString() || item.GetStringLength() == 0 || item.GetStringLength() > kMaxTopicBytes) continue;
    std::string topic = printable({item.GetString(), item.GetStringLength()});
    for (char& c : topic) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    if (std::ranges::find(out.topics, topic) == out.topics.end()) out.topics.push_back(std::move(topic));
  }
}

void read_limitation(const Value& root, Nip11Claims& out) {
  const auto it = root.FindMember("limitation");
  if (it == root.MemberEnd() || !it->value.IsObject()) return;
  const Value& limitation = it->value;
  out.payment_required = flag_of(limitation, "payment_required");
  out.auth_required = flag_of(limitation, "auth_required");
  out.restricted_writes = flag_of(limitation, "restricted_writes");
  const auto pow = limitation.FindMember("min_pow_difficulty");
  if (pow != limitation.MemberEnd() && pow->value.IsNumber()) out.pow_required = pow->value.GetDouble() > 0;
}

}  // namespace

std::optional<Nip11Claims> parse_nip11(std::string_view document) {
  rapidjson::Document root;
  root.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(document.data(), document.size());
  if (root.HasParseError() || !root.IsObject()) return std::nullopt;
  Nip11Claims out;
  read_nips(root, out);
  read_topics(root, out);
  read_limitation(root, out);
  out.software = text_of(root, "software");
  out.version = text_of(root, "version");
  out.name = text_of(root, "name");
  return out;
}

}  // namespace pharos::monitor
