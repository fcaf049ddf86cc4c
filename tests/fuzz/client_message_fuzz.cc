// Any message of a client: it is understood, or refused with a reply that is due and safe to send.

#include <cstddef>
#include <cstdint>

#include "nostr/message.h"
#include "util/check.h"
#include "util/utf8.h"

namespace {

const pharos::MessageLimits kLimits{.max_filters = 4, .max_subscription_id = 16, .max_values = 20};

pharos::ClientMessage read_again(const std::string& text) {
  auto message = pharos::parse_client_message(text, kLimits);
  PHAROS_FATAL_CHECK(message.has_value());
  return std::move(message).value();
}

void check_subscription(const std::string& subscription) {
  PHAROS_FATAL_CHECK(!subscription.empty());
  PHAROS_FATAL_CHECK(pharos::is_utf8(subscription));
  PHAROS_FATAL_CHECK(pharos::count_code_points(subscription) <= kLimits.max_subscription_id);
}

void check(const pharos::EventCommand& command) {
  std::string text;
  pharos::append_event_command(text, command.event);
  PHAROS_FATAL_CHECK(std::get<pharos::EventCommand>(read_again(text)).event == command.event);
}
void check(const pharos::AuthCommand& command) {
  std::string text;
  pharos::append_auth_command(text, command.event);
  PHAROS_FATAL_CHECK(std::get<pharos::AuthCommand>(read_again(text)).event == command.event);
}
void check(const pharos::ReqCommand& command) {
  check_subscription(command.subscription);
  PHAROS_FATAL_CHECK(!command.filters.empty() && command.filters.size() <= kLimits.max_filters);
  std::string text;
  pharos::append_req(text, command.subscription, command.filters);
  const pharos::ClientMessage message = read_again(text);
  const auto& again = std::get<pharos::ReqCommand>(message);
  PHAROS_FATAL_CHECK(again.subscription == command.subscription);
  std::string text_again;
  pharos::append_req(text_again, again.subscription, again.filters);
  PHAROS_FATAL_CHECK(text_again == text);
}
void check(const pharos::CountCommand& command) { check_subscription(command.subscription); }
void check(const pharos::CloseCommand& command) {
  std::string text;
  pharos::append_close(text, command.subscription);
  PHAROS_FATAL_CHECK(std::get<pharos::CloseCommand>(read_again(text)).subscription == command.subscription);
}
void check(const pharos::NegOpenCommand& command) {
  check_subscription(command.subscription);
  PHAROS_FATAL_CHECK(!command.filters.empty() && command.filters.size() <= kLimits.max_filters);
  std::string text;
  pharos::append_neg_open(text, command.subscription, command.filters[0], command.message);
  const pharos::ClientMessage message = read_again(text);
  PHAROS_FATAL_CHECK(std::get<pharos::NegOpenCommand>(message).message == command.message);
}
void check(const pharos::NegMessageCommand& command) {
  check_subscription(command.subscription);
  std::string text;
  pharos::append_neg_message(text, command.subscription, command.message);
  const pharos::ClientMessage message = read_again(text);
  PHAROS_FATAL_CHECK(std::get<pharos::NegMessageCommand>(message).message == command.message);
}
void check(const pharos::NegCloseCommand& command) {
  std::string text;
  pharos::append_neg_close(text, command.subscription);
  PHAROS_FATAL_CHECK(std::get<pharos::NegCloseCommand>(read_again(text)).subscription == command.subscription);
}

void check(const pharos::ClientMessageError& error) {
  PHAROS_FATAL_CHECK(error.reason.starts_with("invalid: ") || error.reason.starts_with("unsupported: "));
  std::string reply;
  switch (error.refusal) {
    case pharos::Refusal::notice:
      PHAROS_FATAL_CHECK(error.subject.empty());
      pharos::append_notice(reply, error.reason);
      break;
    case pharos::Refusal::ok_false:
    case pharos::Refusal::auth_ok_false:
      PHAROS_FATAL_CHECK(pharos::EventId::from_hex(error.subject).has_value());
      pharos::append_ok(reply, error.subject, false, error.reason);
      break;
    case pharos::Refusal::closed:
      PHAROS_FATAL_CHECK(!error.subject.empty() && pharos::is_utf8(error.subject));
      pharos::append_closed(reply, error.subject, error.reason);
      break;
    case pharos::Refusal::neg_err:
      PHAROS_FATAL_CHECK(!error.subject.empty() && pharos::is_utf8(error.subject));
      pharos::append_neg_err(reply, error.subject, error.reason);
      break;
  }
  PHAROS_FATAL_CHECK(pharos::parse_relay_message(reply).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = pharos::parse_client_message(pharos::as_text({data, size}), kLimits);
  if (message)
    std::visit([](const auto& command) { check(command); }, message.value());
  else
    check(message.error());
  return 0;
}
