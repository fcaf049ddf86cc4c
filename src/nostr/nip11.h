// The relay information document (NIP-11): ours, which we write strictly, and those of other relays, which we read
// tolerantly. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nostr/types.h"
#include "util/result.h"

namespace pharos {

struct RelayLimitation {
  std::optional<std::uint64_t> max_message_length;  // bytes
  std::optional<std::uint64_t> max_subscriptions;
  std::optional<std::uint64_t> max_limit;
  std::optional<std::uint64_t> max_subid_length;
  std::optional<std::uint64_t> max_event_tags;
  std::optional<std::uint64_t> max_content_length;  // code points
  std::optional<std::uint64_t> min_pow_difficulty;
  std::optional<std::uint64_t> created_at_lower_limit;  // seconds into the past
  std::optional<std::uint64_t> created_at_upper_limit;  // seconds into the future
  std::optional<std::uint64_t> default_limit;
  std::optional<bool> auth_required;
  std::optional<bool> payment_required;
  std::optional<bool> restricted_writes;

  friend bool operator==(const RelayLimitation&, const RelayLimitation&) = default;
};

// An empty text, an empty list and an absent limit mean that the document does not say.
struct RelayInformation {
  std::string name;
  std::string description;
  std::string banner;
  std::string icon;
  std::optional<PublicKey> pubkey;  // of the operator
  std::optional<PublicKey> self;    // of the relay
  std::string contact;
  std::vector<unsigned> supported_nips;  // as listed
  std::string software;
  std::string version;
  std::string terms_of_service;
  std::string payments_url;
  RelayLimitation limitation;

  friend bool operator==(const RelayInformation&, const RelayInformation&) = default;
};

// Appends the document as compact JSON; leaves out what is not said.
void append_relay_information(std::string& out, const RelayInformation& information);

enum class RelayInformationError { too_large, not_json, not_an_object };
std::string_view describe(RelayInformationError error);

struct RelayInformationLimits {
  std::size_t max_document = 256 * 1024;  // bytes
  std::size_t max_text = 8 * 1024;        // bytes; a longer text is ignored
  std::size_t max_nips = 512;             // further ones are ignored
};

// Ignores fields that are unknown, of the wrong type or out of range; of a field that occurs twice the last counts.
// NIP numbers may be written as strings, as some relays do.
Result<RelayInformation, RelayInformationError> parse_relay_information(std::string_view json,
                                                                        const RelayInformationLimits& limits = {});

}  // namespace pharos
