// What one probe of one relay found. Values only; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "util/clock.h"

namespace pharos::monitor {

// The names are the `c` values of kind 10166 (NIP-66).
enum class Check : std::uint8_t { open, read, write, nip11, auth };
inline constexpr std::array<Check, 5> kChecks{Check::open, Check::read, Check::write, Check::nip11, Check::auth};
std::string_view name(Check check);

// Persisted; do not renumber.
enum class Outcome : std::uint8_t { skipped = 0, ok = 1, failed = 2, timeout = 3 };
std::string_view name(Outcome outcome);

// Why a check failed: our network's view first, then what the relay answered. Persisted; do not renumber.
enum class Fault : std::uint8_t {
  none = 0,
  bad_address = 1,
  address_refused = 2,  // resolves to private or special space
  dns = 3,
  tcp = 4,
  tls = 5,
  tls_certificate = 6,
  http = 7,  // status in detail
  proxy = 8,
  too_large = 9,
  closed = 10,      // by the peer before it answered
  bad_answer = 11,  // not NIP-01, or not a JSON object
  auth_required = 20,
  restricted = 21,
  pow = 22,
  rate_limited = 23,
  refused = 24,    // any other reason of the relay's policy
  own_fault = 25,  // the relay took our message for malformed or had an error: says nothing about its policy
  local = 26,      // we could not even try: no descriptor left, no way into that network
};
std::string_view name(Fault fault);

struct CheckResult {
  Outcome outcome = Outcome::skipped;
  Fault fault = Fault::none;
  std::uint32_t rtt_ms = 0;  // from the start of the check to its end, whatever the outcome; at least 1 when ok
  std::string detail;        // printable()

  bool ok() const { return outcome == Outcome::ok; }
  friend bool operator==(const CheckResult&, const CheckResult&) = default;
};

// What a list of targets shows of the last probe.
struct CheckSummary {
  Outcome outcome = Outcome::skipped;
  Fault fault = Fault::none;
  std::uint32_t rtt_ms = 0;
};

using Digest = std::array<std::uint8_t, 32>;

struct ProbeResult {
  std::int64_t started_unix_ms = 0;
  CheckResult open;
  CheckResult read;
  CheckResult write;
  CheckResult nip11;
  CheckResult auth;
  // Stages of open that were finished, in microseconds.
  std::uint32_t dns_us = 0;
  std::uint32_t tcp_us = 0;
  std::uint32_t tls_us = 0;
  std::uint32_t http_us = 0;
  std::string address;  // the one used, "" when none
  bool tls_used = false;
  UnixSeconds tls_not_after = 0;
  std::string tls_issuer;
  bool challenged = false;  // an AUTH challenge was seen (NIP-42)
  bool read_without_auth = false;
  bool write_without_auth = false;
  bool auth_demanded_to_read = false;
  bool auth_demanded_to_write = false;
  bool spoke_nostr = false;            // at least one message of NIP-01 came
  bool spoke_garbage = false;          // at least one that is none
  bool limit_ignored = false;          // more than one event for limit 1
  std::optional<Digest> nip11_digest;  // SHA-256 of the document as received, when nip11 is ok
  std::string nip11_document;          // not part of the history: kept once by its digest

  const CheckResult& check(Check which) const;
  CheckResult& check(Check which);

  // A WebSocket that neither says a word of NIP-01 nor has a NIP-11 document is no relay (push endpoints, echo servers,
  // chats). One that is silent but documented counts: it opened.
  bool is_relay() const { return open.ok() && (spoke_nostr || nip11.ok()); }
  // False: the probe says something about us alone.
  bool is_evidence() const { return open.fault != Fault::local; }

  friend bool operator==(const ProbeResult&, const ProbeResult&) = default;
};

using ProbeSummary = std::array<CheckSummary, kChecks.size()>;
ProbeSummary summarize(const ProbeResult& result);

// Observed requirements of the relay (the R tags of NIP-66); nullopt where the probe showed neither.
struct Requirements {
  std::optional<bool> auth;    // before anything can be read
  std::optional<bool> writes;  // some condition before an event is taken
  std::optional<bool> pow;
  std::optional<bool> payment;
};
Requirements observed_requirements(const ProbeResult& result);

}  // namespace pharos::monitor
