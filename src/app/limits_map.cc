#include "app/limits_map.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "app/settings_reader.h"
#include "config/value_parser.h"

namespace pharos::app {
namespace {

using config::KindSpan;
using config::Settings;
using config::TableValues;

class LimitsMapper : private SettingsReader {
 public:
  LimitsMapper(const Settings& settings, AllOptions& all, std::vector<config::SettingError>& errors)
      : SettingsReader(settings, errors), all_(all) {}

  void map_rates() {
    using relay::RateOf;
    all_.ingest.author_rates = {values_.rate("rate.pubkey_events"), values_.rate("rate.unknown_pubkey_events")};
    relay::RateRules rules;
    const auto set = [&](auto& rates, RateOf what, const char* key) {
      rates[static_cast<std::size_t>(what)] = values_.rate(key);
    };
    set(rules.of_connection, RateOf::event, "rate.connection_events");
    set(rules.of_connection, RateOf::request, "rate.connection_requests");
    set(rules.of_connection, RateOf::byte, "rate.connection_bytes");
    set(rules.of_address, RateOf::event, "rate.address_events");
    set(rules.of_address, RateOf::request, "rate.address_requests");
    set(rules.of_address, RateOf::byte, "rate.address_bytes");
    set(rules.of_address, RateOf::connection, "rate.address_connections");
    rules.exempt = ip_ranges("rate.exempt_addresses");
    all_.relay.rates = std::make_shared<const relay::RateRules>(std::move(rules));
  }

  void map_kinds() {
    const auto tables = settings_.tables_of("kind_limit");
    if (tables.empty()) return;
    ingest::KindLimits limits;
    for (const TableValues* table : tables) {
      const ingest::KindLimit limit = limit_of(*table);
      const auto& kinds = table->values.list("kinds");
      if (kinds.empty() && !table->values.is_refused("kinds")) add(*table, "kinds", "at least one kind");
      for (const std::string& text : kinds) {
        const auto span = config::parse_kind_span(text);
        if (span && claim(*table, *span)) limits.add({span->first, span->last}, limit);
      }
    }
    all_.ingest.admission.kind_limits = std::make_shared<const ingest::KindLimits>(std::move(limits));
    all_.relay.admission.kind_limits = all_.ingest.admission.kind_limits;
  }

 private:
  ingest::KindLimit limit_of(const TableValues& table) {
    const config::Values& values = table.values;
    for (const char* key : {"max_event_bytes", "max_content_length", "max_tag_item_bytes"}) {
      if (values.size(key) > values_.size("relay.max_message_bytes"))
        add(table, key, "is greater than relay.max_message_bytes, which lets in nothing as large");
    }
    if (values.size("max_event_bytes") > values_.size("relay.max_outbound_bytes") / 2)
      add(table, "max_event_bytes", "is greater than half of relay.max_outbound_bytes, such events reach nobody");
    constexpr const char* kLimits[] = {"max_event_bytes", "max_content_length", "max_tags", "max_tag_item_bytes",
                                       "min_pow"};
    const ingest::KindLimit limit{values.size("max_event_bytes"), values.size("max_content_length"),
                                  values.size("max_tags"), values.size("max_tag_item_bytes"),
                                  static_cast<unsigned>(values.integer("min_pow"))};
    const bool is_refused = std::ranges::any_of(kLimits, [&](const char* key) { return values.is_refused(key); });
    if (limit == ingest::KindLimit{} && !is_refused)
      add(table, "kinds", fmt::format("the table limits nothing: it has none of {}", fmt::join(kLimits, ", ")));
    return limit;
  }

  // False where a table has one of these kinds already.
  bool claim(const TableValues& table, const KindSpan& span) {
    // The first that ends at or behind the beginning is the only one that can overlap without another doing so.
    const auto other = claimed_.lower_bound(span.first);
    if (other != claimed_.end() && other->second.first <= span.last) {
      const std::string kind = std::to_string(std::max(span.first, other->second.first));
      const std::string line = std::to_string(line_of(*other->second.table, "kinds"));
      add(table, "kinds", "kind " + kind + " has its limits on line " + line + " already");
      return false;
    }
    claimed_.emplace(span.last, Claim{span.first, &table});
    return true;
  }

  struct Claim {
    std::uint16_t first;
    const TableValues* table;
  };
  AllOptions& all_;
  std::map<std::uint16_t, Claim> claimed_;  // by the last kind
};

}  // namespace

void map_limits(const Settings& settings, AllOptions& all, std::vector<config::SettingError>& errors) {
  LimitsMapper mapper(settings, all, errors);
  mapper.map_rates();
  mapper.map_kinds();
}

}  // namespace pharos::app
