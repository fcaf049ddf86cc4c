#include <algorithm>

#include "nostr/nip11.h"
#include "relay/info.h"
#include "relay/nips.h"

namespace pharos::relay {
namespace {

std::size_t max_message_bytes(const Options& options) {
  std::size_t most = 0;
  for (const net::ServerOptions& listener : options.listeners) most = std::max(most, listener.ws.max_message_bytes);
  return most;
}

// A bound of zero is none.
std::optional<std::uint64_t> bound(std::chrono::seconds seconds) {
  if (seconds.count() <= 0) return std::nullopt;
  return static_cast<std::uint64_t>(seconds.count());
}

RelayLimitation limitation(const Options& options) {
  RelayLimitation out;
  out.max_message_length = max_message_bytes(options);
  out.max_subscriptions = options.limits.max_subscriptions;
  out.max_limit = options.limits.max_limit;
  out.max_subid_length = options.limits.max_subscription_id;
  out.max_event_tags = options.admission.max_tags;
  out.max_content_length = options.admission.max_content_length;
  out.min_pow_difficulty = options.admission.min_pow_bits;
  out.created_at_lower_limit = bound(options.admission.max_age);
  out.created_at_upper_limit = bound(options.admission.max_ahead);
  out.default_limit = options.limits.default_limit;
  out.auth_required = options.conditions.ask_everybody_for_auth();
  out.payment_required = false;
  out.restricted_writes = options.conditions.restrict_writes() || options.admission.min_pow_bits > 0;
  return out;
}

}  // namespace

std::string relay_document(const Options& options) {
  const Info& info = options.info;
  RelayInformation document;
  document.name = info.name;
  document.description = info.description;
  document.banner = info.banner;
  document.icon = info.icon;
  document.pubkey = PublicKey::from_hex(info.pubkey);
  document.self = PublicKey::from_hex(info.self);
  document.contact = info.contact;
  document.supported_nips = supported_nips(options);
  document.software = info.software;
  document.version = info.version;
  document.terms_of_service = info.terms_of_service;
  document.limitation = limitation(options);
  std::string out;
  append_relay_information(out, document);
  return out;
}

}  // namespace pharos::relay
