#include "nostr/nip11.h"

#include <iterator>
#include <utility>

#include "nostr/json_number.h"
#include "nostr/json_reader.h"
#include "nostr/json_write.h"

namespace pharos {
namespace {

struct TextField {
  std::string_view name;
  std::string RelayInformation::*member;
};
struct KeyField {
  std::string_view name;
  std::optional<PublicKey> RelayInformation::*member;
};
struct NumberField {
  std::string_view name;
  std::optional<std::uint64_t> RelayLimitation::*member;
};
struct FlagField {
  std::string_view name;
  std::optional<bool> RelayLimitation::*member;
};

constexpr TextField kTexts[] = {
    {"name", &RelayInformation::name},
    {"description", &RelayInformation::description},
    {"banner", &RelayInformation::banner},
    {"icon", &RelayInformation::icon},
    {"contact", &RelayInformation::contact},
    {"software", &RelayInformation::software},
    {"version", &RelayInformation::version},
    {"terms_of_service", &RelayInformation::terms_of_service},
    {"payments_url", &RelayInformation::payments_url},
};
constexpr KeyField kKeys[] = {
    {"pubkey", &RelayInformation::pubkey},
    {"self", &RelayInformation::self},
};
constexpr NumberField kNumbers[] = {
    {"max_message_length", &RelayLimitation::max_message_length},
    {"max_subscriptions", &RelayLimitation::max_subscriptions},
    {"max_limit", &RelayLimitation::max_limit},
    {"max_subid_length", &RelayLimitation::max_subid_length},
    {"max_event_tags", &RelayLimitation::max_event_tags},
    {"max_content_length", &RelayLimitation::max_content_length},
    {"min_pow_difficulty", &RelayLimitation::min_pow_difficulty},
    {"created_at_lower_limit", &RelayLimitation::created_at_lower_limit},
    {"created_at_upper_limit", &RelayLimitation::created_at_upper_limit},
    {"default_limit", &RelayLimitation::default_limit},
};
constexpr FlagField kFlags[] = {
    {"auth_required", &RelayLimitation::auth_required},
    {"payment_required", &RelayLimitation::payment_required},
    {"restricted_writes", &RelayLimitation::restricted_writes},
};
constexpr std::string_view kNips = "supported_nips";
constexpr std::string_view kLimitation = "limitation";

constexpr std::uint64_t kLargestNip = 65535;  // they are numbered in hexadecimal up to FFFF

// The row of that name, or nullptr.
template <class Table>
auto find_row(const Table& table, std::string_view name) -> decltype(std::data(table)) {
  for (const auto& row : table) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

class Reader {
 public:
  explicit Reader(const RelayInformationLimits& limits) : limits_(limits) {}

  void null() {}
  void boolean(bool value) {
    if (!in_limitation()) return;
    if (const FlagField* row = find_row(kFlags, member_)) out_.limitation.*row->member = value;
  }
  void number(std::string_view raw) {
    const std::optional<std::uint64_t> value = parse_json_unsigned(raw);
    if (!value) return;
    if (in_nips()) return add_nip(*value);
    // Beyond what every JSON reader keeps exact it is no limit but noise.
    if (!in_limitation() || *value > kLargestExact) return;
    if (const NumberField* row = find_row(kNumbers, member_)) out_.limitation.*row->member = *value;
  }
  void string(std::string_view text) {
    if (in_nips()) {
      if (const std::optional<std::uint64_t> value = parse_json_unsigned(text)) add_nip(*value);
      return;
    }
    if (depth_ != 1) return;
    if (const KeyField* row = find_row(kKeys, field_)) out_.*row->member = PublicKey::from_hex(text);
    const TextField* row = find_row(kTexts, field_);
    if (row != nullptr && text.size() <= limits_.max_text) out_.*row->member = text;
  }
  void key(std::string_view text) {
    if (depth_ == 1) field_ = text.substr(0, kLongestName);
    if (depth_ == 2) member_ = text.substr(0, kLongestName);
  }
  void begin_object() {
    is_object_ = is_object_ || depth_ == 0;
    limitation_ = limitation_ || (depth_ == 1 && field_ == kLimitation);
    ++depth_;
  }
  void end_object() {
    if (--depth_ == 1) limitation_ = false;
  }
  void begin_array() {
    if (depth_ == 1 && is_object_ && field_ == kNips) {
      nips_ = true;
      out_.supported_nips.clear();
    }
    ++depth_;
  }
  void end_array() {
    if (--depth_ == 1) nips_ = false;
  }

  Result<RelayInformation, RelayInformationError> take() {
    if (!is_object_) return RelayInformationError::not_an_object;
    return std::move(out_);
  }

 private:
  static constexpr std::size_t kLongestName = 64;
  static constexpr std::uint64_t kLargestExact = (std::uint64_t{1} << 53) - 1;

  bool in_limitation() const { return limitation_ && depth_ == 2; }
  bool in_nips() const { return nips_ && depth_ == 2; }
  void add_nip(std::uint64_t value) {
    if (value <= kLargestNip && out_.supported_nips.size() < limits_.max_nips)
      out_.supported_nips.push_back(static_cast<unsigned>(value));
  }

  const RelayInformationLimits& limits_;
  RelayInformation out_;
  int depth_ = 0;
  bool is_object_ = false;
  bool limitation_ = false;
  bool nips_ = false;
  std::string field_;
  std::string member_;
};

void append_limitation(std::string& out, const RelayLimitation& limitation) {
  JsonObjectWriter writer(out);
  for (const NumberField& row : kNumbers) {
    if (const auto& value = limitation.*row.member)
      append_json_integer(writer.member(row.name), static_cast<std::int64_t>(*value));
  }
  for (const FlagField& row : kFlags) {
    if (const auto& value = limitation.*row.member) writer.member(row.name) += *value ? "true" : "false";
  }
  writer.end();
}

}  // namespace

std::string_view describe(RelayInformationError error) {
  switch (error) {
    case RelayInformationError::too_large:
      return "too large";
    case RelayInformationError::not_json:
      return "not valid JSON";
    case RelayInformationError::not_an_object:
      return "not an object";
  }
  return "";
}

void append_relay_information(std::string& out, const RelayInformation& information) {
  JsonObjectWriter writer(out);
  for (const TextField& row : kTexts) {
    if (const std::string& text = information.*row.member; !text.empty())
      append_json_string(writer.member(row.name), text);
  }
  for (const KeyField& row : kKeys) {
    if (const auto& key = information.*row.member) append_json_string(writer.member(row.name), key->hex());
  }
  if (!information.supported_nips.empty()) {
    std::string& list = writer.member(kNips);
    char separator = '[';
    for (const unsigned nip : information.supported_nips) {
      list += std::exchange(separator, ',');
      append_json_integer(list, nip);
    }
    list += ']';
  }
  if (information.limitation != RelayLimitation{})
    append_limitation(writer.member(kLimitation), information.limitation);
  writer.end();
}

Result<RelayInformation, RelayInformationError> parse_relay_information(std::string_view json,
                                                                        const RelayInformationLimits& limits) {
  if (json.size() > limits.max_document) return RelayInformationError::too_large;
  Reader reader(limits);
  if (read_json(json, reader) != JsonFault::none) return RelayInformationError::not_json;
  return reader.take();
}

}  // namespace pharos
