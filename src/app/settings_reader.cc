#include "app/settings_reader.h"

#include <charconv>

#include "config/value_parser.h"
#include "nostr/key_text.h"
#include "nostr/nip19.h"

namespace pharos::app {

void SettingsReader::add(const std::string& key, const std::string& message) {
  errors_.push_back(config::error_at(settings_, key, message));
}

void SettingsReader::add_pair(const std::string& key, const std::string& other, const std::string& message) {
  if (values_.is_refused(key) || values_.is_refused(other)) return;
  const bool is_default = values_.origin(key).file.empty();
  config::SettingError error = config::error_at(settings_, is_default ? other : key, message);
  error.key = key;
  errors_.push_back(std::move(error));
}

void SettingsReader::add(const config::TableValues& table, const std::string& key, const std::string& message) {
  errors_.push_back({settings_.file, line_of(table, key), table.section + "." + key, message});
}

int SettingsReader::line_of(const config::TableValues& table, const std::string& key) {
  const int line = table.values.origin(key).line;
  return line != 0 ? line : table.line;
}

void SettingsReader::must_not_exceed(const std::string& key, const std::string& greater) {
  if (values_.integer(key) > values_.integer(greater)) add_pair(key, greater, "is greater than " + greater);
}

void SettingsReader::must_exceed(const std::string& key, const std::string& less) {
  if (values_.integer(key) <= values_.integer(less)) add_pair(key, less, "must be longer than " + less);
}

std::chrono::seconds SettingsReader::seconds(std::string_view key) const {
  return std::chrono::duration_cast<std::chrono::seconds>(values_.duration(key));
}

std::vector<PublicKey> SettingsReader::public_keys(const std::string& key) {
  std::vector<PublicKey> out;
  for (const std::string& text : values_.list(key)) {
    if (const auto parsed = parse_public_key(text))
      out.push_back(*parsed);
    else
      add(key, why_no_public_key(text));
  }
  return out;
}

std::vector<IpRange> SettingsReader::ip_ranges(const std::string& key) {
  std::vector<IpRange> out;
  for (const std::string& text : values_.list(key)) {
    if (const auto range = IpRange::parse(text))
      out.push_back(*range);
    else
      add(key, "\"" + text + "\" is neither an IP address nor a block such as 192.0.2.0/24");
  }
  return out;
}

std::vector<Kind> SettingsReader::whole_kinds(const std::string& key) const {
  std::vector<Kind> kinds;
  for (const std::string& text : values_.list(key)) {
    Kind kind = 0;
    std::from_chars(text.data(), text.data() + text.size(), kind);
    kinds.push_back(kind);
  }
  return kinds;
}

std::vector<ingest::KindRange> SettingsReader::kinds(const std::string& key) {
  std::vector<ingest::KindRange> out;
  for (const std::string& text : values_.list(key)) {
    if (const auto span = config::parse_kind_span(text))
      out.push_back({span->first, span->last});
    else
      add(key, "\"" + text + "\" is neither a kind such as \"7\" nor a range such as \"20000-29999\"");
  }
  return out;
}

}  // namespace pharos::app
