// Any message of an upstream relay: it is understood, or refused with a reason.

#include <cstddef>
#include <cstdint>

#include "nostr/message.h"
#include "util/check.h"

namespace {

std::string rewritten(const pharos::RelayMessage& message) {
  std::string out;
  if (const auto* event = std::get_if<pharos::EventReply>(&message)) {
    pharos::append_event_prefix(out, event->subscription);
    pharos::append_event_json(out, event->event);
    out += ']';
  } else if (const auto* ok = std::get_if<pharos::OkReply>(&message)) {
    pharos::append_ok(out, ok->id.hex(), ok->accepted, ok->message);
  } else if (const auto* eose = std::get_if<pharos::EoseReply>(&message)) {
    pharos::append_eose(out, eose->subscription);
  } else if (const auto* closed = std::get_if<pharos::ClosedReply>(&message)) {
    pharos::append_closed(out, closed->subscription, closed->message);
  } else if (const auto* notice = std::get_if<pharos::NoticeReply>(&message)) {
    pharos::append_notice(out, notice->message);
  } else if (const auto* auth = std::get_if<pharos::AuthReply>(&message)) {
    pharos::append_auth_challenge(out, auth->challenge);
  } else if (const auto* neg = std::get_if<pharos::NegMessageReply>(&message)) {
    pharos::append_neg_message(out, neg->subscription, neg->message);
  } else if (const auto* err = std::get_if<pharos::NegErrReply>(&message)) {
    pharos::append_neg_err(out, err->subscription, err->reason);
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = pharos::parse_relay_message(pharos::as_text({data, size}));
  if (!message) {
    PHAROS_FATAL_CHECK(!message.error().reason.empty());
    return 0;
  }
  if (std::holds_alternative<pharos::UnknownReply>(message.value())) return 0;
  const std::string text = rewritten(message.value());
  const auto again = pharos::parse_relay_message(text);
  PHAROS_FATAL_CHECK(again.has_value());
  PHAROS_FATAL_CHECK(again.value().index() == message.value().index());
  PHAROS_FATAL_CHECK(rewritten(again.value()) == text);
  return 0;
}
