#include "ingest/admission.h"

#include <bit>
#include <charconv>

#include "nostr/kind.h"
#include "nostr/nip62.h"
#include "util/utf8.h"

namespace pharos::ingest {
namespace {

// {"id":"..","pubkey":"..","created_at":..,"kind":..,"tags":..,"content":"..","sig":".."} with ids, keys and signature.
constexpr std::size_t kFixedBytes = 360;

Verdict refuse(Reason reason, std::string detail) { return {Fate::rejected, reason, std::move(detail)}; }

// Counts only what has more bytes than that, which is next to nothing.
bool longer_than(std::string_view text, std::size_t code_points) {
  return text.size() > code_points && count_code_points(text) > code_points;
}

bool has_long_item(const TagList& tags, std::size_t max_bytes) {
  for (const TagView tag : tags) {
    for (std::size_t i = 0; i < tag.size(); ++i) {
      if (tag[i].size() > max_bytes) return true;
    }
  }
  return false;
}

std::optional<unsigned> pow_commitment(const TagList& tags) {
  for (const TagView tag : tags) {
    if (tag.size() < 3 || tag[0] != "nonce") continue;
    unsigned bits = 0;
    const std::string_view text = tag[2];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return bits;
  }
  return std::nullopt;
}

// All that hold for a kind.
KindLimit limits_of(Kind kind, const AdmissionOptions& options) {
  const KindLimit* own = options.kind_limits ? options.kind_limits->find(kind) : nullptr;
  KindLimit limits = own != nullptr ? *own : KindLimit{};
  const auto fall_back = [](auto& limit, auto overall) {
    if (limit == 0) limit = overall;
  };
  fall_back(limits.max_event_bytes, options.max_event_bytes);
  fall_back(limits.max_content_length, options.max_content_length);
  fall_back(limits.max_tags, options.max_tags);
  fall_back(limits.max_tag_item_bytes, options.max_tag_item_bytes);
  fall_back(limits.min_pow_bits, options.min_pow_bits);
  return limits;
}

std::optional<Verdict> refuse_size(const Event& event, const KindLimit& limits) {
  if (event.tags.size() > limits.max_tags) {
    return refuse(Reason::too_many_tags, "more than " + std::to_string(limits.max_tags) + " tags");
  }
  if (measured_bytes(event) > limits.max_event_bytes) {
    return refuse(Reason::too_large, "event is larger than " + std::to_string(limits.max_event_bytes) + " bytes");
  }
  if (longer_than(event.content, limits.max_content_length)) {
    return refuse(Reason::too_large,
                  "content is longer than " + std::to_string(limits.max_content_length) + " characters");
  }
  if (has_long_item(event.tags, limits.max_tag_item_bytes)) {
    return refuse(Reason::too_large,
                  "a tag item is larger than " + std::to_string(limits.max_tag_item_bytes) + " bytes");
  }
  return std::nullopt;
}

// Zero for no bound.
std::chrono::seconds max_ahead(Kind kind, Source source, const AdmissionOptions& options) {
  // One from the future would keep its author away until then.
  if (kind == kind::kVanish && options.max_ahead.count() == 0) return AdmissionOptions{}.max_ahead;
  const bool is_bounded = source == Source::client || source == Source::router || kind == kind::kVanish;
  return is_bounded ? options.max_ahead : std::chrono::seconds(0);
}

std::optional<Verdict> refuse_vanish(const Event& event, const AdmissionOptions& options) {
  if (!options.honour_vanish) return refuse(Reason::vanish, "requests to vanish are not honoured here");
  if (asks_us_to_vanish(event, options.own_urls)) return std::nullopt;
  return refuse(Reason::vanish, "the request to vanish names other relays");
}

std::optional<Verdict> refuse_time(const Event& event, Source source, UnixSeconds now,
                                   const AdmissionOptions& options) {
  const std::int64_t ahead = max_ahead(event.kind, source, options).count();
  if (ahead > 0 && event.created_at > now + ahead) {
    return refuse(Reason::created_at_future, "created_at is too far in the future");
  }
  if (source == Source::client && options.max_age.count() > 0 && event.created_at < now - options.max_age.count()) {
    return refuse(Reason::created_at_old, "created_at is too long ago");
  }
  // Those have a bound of their own.
  const bool is_news = classify(event.kind) == KindClass::ephemeral && !is_membership_request(event.kind);
  if (is_news && options.max_ephemeral_age.count() > 0 && event.created_at < now - options.max_ephemeral_age.count()) {
    return refuse(Reason::created_at_old, "ephemeral event is too old");
  }
  if (is_expired(event, now)) return refuse(Reason::expired, "event has expired");
  return std::nullopt;
}

std::optional<Verdict> refuse_pow(const Event& event, unsigned min_bits, const AdmissionOptions& options) {
  const std::string least = std::to_string(min_bits);
  const unsigned bits = leading_zero_bits(event.id);
  if (bits < min_bits) {
    return refuse(Reason::pow, "difficulty " + std::to_string(bits) + " is less than " + least);
  }
  if (options.require_pow_commitment && pow_commitment(event.tags).value_or(0) < min_bits) {
    return refuse(Reason::pow, "the nonce tag does not commit to a difficulty of " + least);
  }
  return std::nullopt;
}

}  // namespace

std::size_t measured_bytes(const Event& event) {
  std::size_t bytes = kFixedBytes + event.content.size();
  for (const TagView tag : event.tags) {
    bytes += 3;  // brackets and comma
    for (std::size_t i = 0; i < tag.size(); ++i) bytes += tag[i].size() + 3;
  }
  return bytes;
}

unsigned leading_zero_bits(const EventId& id) {
  unsigned bits = 0;
  for (const std::uint8_t byte : id.data) {
    const int zeros = std::countl_zero(byte);
    bits += static_cast<unsigned>(zeros);
    if (zeros != 8) break;
  }
  return bits;
}

std::optional<Verdict> refuse_at_door(const Event& event, Source source, UnixSeconds now,
                                      const AdmissionOptions& options) {
  if (event.kind == kind::kClientAuth) {
    return refuse(Reason::auth_kind, "kind 22242 is for AUTH alone and is never stored");
  }
  const KindLimit limits = limits_of(event.kind, options);
  if (auto refusal = refuse_size(event, limits)) return refusal;
  if (auto refusal = refuse_time(event, source, now, options)) return refusal;
  if (event.kind == kind::kVanish) return refuse_vanish(event, options);
  if (options.retention && storage::is_outlived(event, *options.retention->get(), now)) {
    return refuse(Reason::retention, "events like this are not kept for so long");
  }
  const bool from_others = source == Source::router || source == Source::import_;
  if (from_others && options.refuse_protected_from_others && is_protected(event)) {
    return refuse(Reason::protected_event, "protected event, taken from its author only");
  }
  if (source == Source::client && limits.min_pow_bits > 0) return refuse_pow(event, limits.min_pow_bits, options);
  return std::nullopt;
}

}  // namespace pharos::ingest
