#include "monitor/nip66.h"

#include <set>
#include <utility>

#include "nostr/json_write.h"
#include "nostr/kind.h"
#include "nostr/nip11.h"

namespace pharos::monitor {
namespace {

void add_rtt(TagList& tags, std::string_view name, const CheckResult& check) {
  if (check.ok()) tags.add({name, std::to_string(check.rtt_ms)});
}

void add_requirement(TagList& tags, std::string_view key, std::optional<bool> value) {
  if (!value) return;
  tags.add({"R", *value ? std::string(key) : "!" + std::string(key)});
}

std::optional<bool> observed_or_claimed(std::optional<bool> observed, std::optional<bool> claimed) {
  return observed ? observed : claimed;
}

RelayInformation claims_of(const ProbeResult& result) {
  if (!result.nip11.ok()) return {};
  RelayInformationLimits limits;
  limits.max_document = result.nip11_document.size();
  auto information = parse_relay_information(result.nip11_document, limits);
  return information ? std::move(information).value() : RelayInformation{};
}

}  // namespace

Event build_discovery(const RelayUrl& url, const ProbeResult& result, std::size_t max_content_bytes) {
  Event event;
  event.kind = kind::kRelayDiscovery;
  TagList& tags = event.tags;
  tags.add({"d", url.text()});
  tags.add({"n", name(url.network())});
  add_rtt(tags, "rtt-open", result.open);
  add_rtt(tags, "rtt-read", result.read);
  add_rtt(tags, "rtt-write", result.write);

  const RelayInformation claims = claims_of(result);
  const std::set<unsigned> nips(claims.supported_nips.begin(), claims.supported_nips.end());
  for (const unsigned nip : nips) tags.add({"N", std::to_string(nip)});

  const Requirements seen = observed_requirements(result);
  add_requirement(tags, "auth", seen.auth);
  add_requirement(tags, "writes", seen.writes);
  std::optional<bool> claimed_pow;
  if (claims.limitation.min_pow_difficulty) claimed_pow = *claims.limitation.min_pow_difficulty > 0;
  add_requirement(tags, "pow", observed_or_claimed(seen.pow, claimed_pow));
  add_requirement(tags, "payment", observed_or_claimed(seen.payment, claims.limitation.payment_required));

  if (result.nip11.ok() && result.nip11_document.size() <= max_content_bytes) event.content = result.nip11_document;
  return event;
}

Event build_announcement(const AnnouncementFacts& facts) {
  Event event;
  event.kind = kind::kMonitorAnnouncement;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(facts.frequency).count();
  event.tags.add({"frequency", std::to_string(seconds)});
  const auto timeout_of = [&](Check check) {
    switch (check) {
      case Check::open:
        return facts.timeouts.open;
      case Check::read:
        return facts.timeouts.read;
      case Check::write:
        return facts.timeouts.write;
      case Check::nip11:
        return facts.timeouts.nip11;
      case Check::auth:
        break;
    }
    return facts.timeouts.auth;
  };
  for (const Check check : facts.checks)
    event.tags.add({"timeout", name(check), std::to_string(timeout_of(check).count())});
  for (const Check check : facts.checks) event.tags.add({"c", name(check)});
  if (!facts.geohash.empty()) event.tags.add({"g", facts.geohash});
  return event;
}

Event build_profile(std::string_view profile_name, std::string_view about) {
  Event event;
  event.kind = kind::kProfile;
  event.content = "{";
  const auto add = [&](std::string_view key, std::string_view value) {
    if (value.empty()) return;
    if (event.content.size() > 1) event.content += ',';
    append_json_string(event.content, key);
    event.content += ':';
    append_json_string(event.content, value);
  };
  add("name", profile_name);
  add("about", about);
  event.content += '}';
  return event;
}

Event build_relay_list(std::string_view own_url, const std::vector<RelayUrl>& publish_relays) {
  Event event;
  event.kind = kind::kRelayList;
  if (!own_url.empty()) event.tags.add({"r", own_url});
  for (const RelayUrl& url : publish_relays) {
    if (url.text() != own_url) event.tags.add({"r", url.text(), "write"});
  }
  return event;
}

bool same_statement(const Event& a, const Event& b) {
  return a.kind == b.kind && a.tags == b.tags && a.content == b.content;
}

}  // namespace pharos::monitor
