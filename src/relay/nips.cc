#include "relay/nips.h"

namespace pharos::relay {
namespace {

bool always(const Options& /*options*/) { return true; }
bool gates(const Options& options) { return options.gate_private_messages; }
bool gates_drafts(const Options& options) { return options.gate_drafts; }
bool asks_pow(const Options& options) {
  const auto& kinds = options.admission.kind_limits;
  return options.admission.min_pow_bits > 0 || (kinds && kinds->asks_for_work());
}
bool counts(const Options& options) { return options.count; }
bool vanishes(const Options& options) { return options.admission.honour_vanish; }
bool negotiates(const Options& options) { return options.negentropy; }
bool hints(const Options& options) {
  return options.eose_hint == EoseHint::on ||
         (options.eose_hint == EoseHint::listed && !options.eose_hint_clients.empty());
}
bool is_managed(const Options& options) { return !options.admins.empty(); }
bool searches(const Options& options) { return options.search && options.search->is_complete(); }
bool takes_requests(const Options& options) { return static_cast<bool>(options.make_invite); }
bool monitors(const Options& options) { return options.monitoring; }

constexpr std::string_view kGateCondition = "private messages are gated (default)";

constexpr std::string_view kManagedCondition = "relay.admins names somebody";

constexpr Nip kNips[] = {
    {1, "Basic protocol flow", "always", always},
    {4, "Encrypted direct message: served to its parties alone", kGateCondition, gates},
    {9, "Event deletion request", "always", always},
    {11, "Relay information document", "always", always},
    {13, "Proof of work", "a minimum difficulty is set", asks_pow},
    {17, "Private direct messages: served to their parties alone", kGateCondition, gates},
    {37, "Draft wraps: served to their author alone", "relay.gate_drafts is on", gates_drafts},
    {40, "Expiration timestamp", "always", always},
    {42, "Authentication of clients to relays", "always", always},
    {43, "Relay access metadata and requests", "relay.join_requests is on", takes_requests},
    {45, "Event counts, with HyperLogLog", "COUNT is answered (default)", counts},
    {50, "Search", "storage.search is on and its index is built", searches},
    {59, "Gift wrap: served to its recipient alone", kGateCondition, gates},
    {62, "Request to vanish", "requests to vanish are honoured (default)", vanishes},
    {66, "Relay discovery and liveness monitoring", "the monitor publishes here", monitors},
    {67, "EOSE completeness hint", "relay.eose_hint is on or listed", hints},
    {70, "Protected events", "always", always},
    {77, "Negentropy syncing", "relay.negentropy is on (default)", negotiates},
    {86, "Relay management API", kManagedCondition, is_managed},
    {98, "HTTP authorization, for the management", kManagedCondition, is_managed},
};

}  // namespace

std::span<const Nip> nips() { return kNips; }

std::string nip_page(unsigned number) { return (number < 10 ? "0" : "") + std::to_string(number); }

std::string nip_table() {
  std::string out = "| NIP | what | advertised |\n|---|---|---|\n";
  for (const Nip& nip : kNips) {
    const std::string page = nip_page(nip.number);
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
