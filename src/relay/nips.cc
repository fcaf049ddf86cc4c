#include "relay/nips.h"

namespace pharos::relay {
namespace {

bool always(const Options& /*options*/) { return true; }
bool gates(const Options& options) { return options.gate_private_messages; }
bool asks_pow(const Options& options) { return options.admission.min_pow_bits > 0; }
bool counts(const Options& options) { return options.count; }
bool hints(const Options& options) {
  return options.eose_hint == EoseHint::on ||
         (options.eose_hint == EoseHint::listed && !options.eose_hint_clients.empty());
}
bool monitors(const Options& options) { return options.monitoring; }

constexpr std::string_view kGateCondition = "private messages are gated (default)";

constexpr Nip kNips[] = {
    {1, "Basic protocol flow", "always", always},
    {4, "Encrypted direct message: served to its parties alone", kGateCondition, gates},
    {9, "Event deletion request", "always", always},
    {11, "Relay information document", "always", always},
    {13, "Proof of work", "a minimum difficulty is set", asks_pow},
    {17, "Private direct messages: served to their parties alone", kGateCondition, gates},
    {40, "Expiration timestamp", "always", always},
    {42, "Authentication of clients to relays", "always", always},
    {45, "Event counts, with HyperLogLog", "COUNT is answered (default)", counts},
    {59, "Gift wrap: served to its recipient alone", kGateCondition, gates},
    {66, "Relay discovery and liveness monitoring", "the monitor publishes here", monitors},
    {67, "EOSE completeness hint", "relay.eose_hint is on or listed", hints},
    {70, "Protected events", "always", always},
};

}  // namespace

std::span<const Nip> nips() { return kNips; }

std::string nip_table() {
  std::string out = "| NIP | what | advertised |\n|---|---|---|\n";
  for (const Nip& nip : kNips) {
    const std::string number = std::to_string(nip.number);
    const std::string page = (number.size() < 2 ? "0" : "") + number;
    out.append("| [").append(page).append("](https://github.com/nostr-protocol/nips/blob/master/").append(page);
    out.append(".md) | ").append(nip.title).append(" | ").append(nip.condition).append(" |\n");
  }
  return out;
}

std::vector<unsigned> supported_nips(const Options& options) {
  std::vector<unsigned> numbers;
  for (const Nip& nip : kNips) {
    if (nip.enabled(options)) numbers.push_back(nip.number);
  }
  return numbers;
}

}  // namespace pharos::relay
