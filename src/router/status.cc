#include "router/status.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace pharos::router {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void key(Writer& out, std::string_view name) { out.Key(name.data(), static_cast<rapidjson::SizeType>(name.size())); }
void text(Writer& out, std::string_view name, std::string_view value) {
  key(out, name);
  out.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}
void number(Writer& out, std::string_view name, std::uint64_t value) {
  key(out, name);
  out.Uint64(value);
}
void time(Writer& out, std::string_view name, UnixSeconds value) {
  key(out, name);
  if (value > 0)
    out.Int64(value);
  else
    out.Null();
}
void counts(Writer& out, std::string_view name, const std::vector<std::pair<std::string, std::uint64_t>>& values) {
  key(out, name);
  out.StartObject();
  for (const auto& [reason, count] : values) number(out, reason, count);
  out.EndObject();
}

void write(Writer& out, const LedgerStatus& ledger) {
  out.StartObject();
  text(out, "filter", ledger.filter);
  key(out, "since");
  out.Int64(ledger.summary.target.from);
  key(out, "until");
  out.Int64(ledger.summary.target.to);
  key(out, "complete_share");
  out.Double(ledger.complete_share);
  time(out, "complete_from", ledger.newest_complete.empty() ? 0 : ledger.newest_complete.from);
  time(out, "complete_until", ledger.newest_complete.empty() ? 0 : ledger.newest_complete.to);
  number(out, "complete", ledger.summary.complete);
  number(out, "partial", ledger.summary.partial);
  number(out, "failed", ledger.summary.failed);
  number(out, "suspect", ledger.summary.suspect);
  number(out, "gaps", ledger.summary.gaps);
  number(out, "events", ledger.summary.events);
  number(out, "coalesced", ledger.coalesced);
  out.EndObject();
}

void write(Writer& out, const UpstreamStatus& upstream) {
  out.StartObject();
  text(out, "name", upstream.name);
  text(out, "url", upstream.url);
  text(out, "direction", name(upstream.direction));
  text(out, "state", name(upstream.state));
  text(out, "breaker", upstream.breaker);
  number(out, "retries", upstream.retries);
  time(out, "connected_since", upstream.connected_since);
  time(out, "last_event", upstream.last_event);
  time(out, "next_retry", upstream.next_retry);
  text(out, "last_error", upstream.last_error);
  time(out, "last_error_at", upstream.last_error_at);
  text(out, "trouble", trouble(upstream));
  key(out, "down");
  out.StartObject();
  number(out, "novel", upstream.novel);
  number(out, "duplicate", upstream.duplicate);
  number(out, "invalid", upstream.invalid);
  counts(out, "invalid_reasons", upstream.invalid_reasons);
  number(out, "lost", upstream.lost);
  number(out, "non_conforming", upstream.non_conforming);
  number(out, "pages_complete", upstream.pages_complete);
  number(out, "pages_empty", upstream.pages_empty);
  number(out, "pages_failed", upstream.pages_failed);
  number(out, "in_flight", upstream.in_flight);
  key(out, "ledgers");
  out.StartArray();
  for (const LedgerStatus& ledger : upstream.ledgers) write(out, ledger);
  out.EndArray();
  out.EndObject();
  key(out, "up");
  out.StartObject();
  number(out, "accepted", upstream.sent_accepted);
  number(out, "duplicate", upstream.sent_duplicate);
  number(out, "refused", upstream.sent_refused);
  counts(out, "refusals", upstream.sent_refusals);
  key(out, "last_refused");
  out.StartArray();
  for (const RefusedEvent& refused : upstream.last_refused) {
    out.StartObject();
    text(out, "id", refused.id);
    time(out, "at", refused.at);
    text(out, "reason", refused.reason);
    text(out, "text", refused.text);
    out.EndObject();
  }
  out.EndArray();
  number(out, "retries", upstream.sent_retries);
  number(out, "backlog", upstream.backlog);
  out.EndObject();
  out.EndObject();
}

}  // namespace

std::string_view name(UpstreamState state) {
  switch (state) {
    case UpstreamState::disabled:
      return "disabled";
    case UpstreamState::waiting:
      return "waiting";
    case UpstreamState::dialing:
      return "dialing";
    case UpstreamState::connecting:
      return "connecting";
    case UpstreamState::catching_up:
      return "catching_up";
    case UpstreamState::live:
      return "live";
    case UpstreamState::draining:
      return "draining";
    case UpstreamState::stopped:
      return "stopped";
  }
  return "";
}

std::string_view name(Direction direction) {
  switch (direction) {
    case Direction::down:
      return "down";
    case Direction::up:
      return "up";
    case Direction::both:
      return "both";
  }
  return "";
}

std::string trouble(const UpstreamStatus& upstream) {
  if (upstream.connected_since == 0) return "";
  if (upstream.error_stands) return upstream.last_error;
  if (upstream.sent_refused > 0 && upstream.sent_accepted + upstream.sent_duplicate == 0) {
    return "it took none of " + std::to_string(upstream.sent_refused) + " events" +
           (upstream.last_refused.empty() ? "" : ": " + upstream.last_refused.back().text);
  }
  return "";
}

std::string status_json(const std::vector<UpstreamStatus>& upstreams) {
  rapidjson::StringBuffer buffer;
  Writer out(buffer);
  out.StartObject();
  key(out, "upstreams");
  out.StartArray();
  for (const UpstreamStatus& upstream : upstreams) write(out, upstream);
  out.EndArray();
  out.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace pharos::router
