#include "support/nostr_client.h"

namespace pharos::testing {

std::optional<RelayMessage> NostrClient::receive(std::chrono::milliseconds limit) {
  const auto text = ws_.receive(limit);
  if (!text) return std::nullopt;
  auto parsed = parse_relay_message(*text);
  if (!parsed) return RelayMessage(NoticeReply{"unparsable: " + *text});
  return std::move(parsed).value();
}

OkReply NostrClient::publish(const Event& event) {
  std::string text;
  append_event_command(text, event);
  ws_.send(text);
  while (true) {
    auto message = receive(std::chrono::seconds(30));
    if (!message) return {event.id, false, "connection lost"};
    if (const auto* ok = std::get_if<OkReply>(&*message); ok != nullptr && ok->id == event.id) return *ok;
    kept_.push_back(std::move(*message));
  }
}

std::vector<Event> NostrClient::collect(const std::string& subscription, std::string* closed) {
  std::vector<Event> events;
  while (true) {
    auto message = receive(std::chrono::seconds(30));
    if (!message) {
      if (closed != nullptr) *closed = "connection lost";
      return events;
    }
    if (auto* event = std::get_if<EventReply>(&*message); event != nullptr && event->subscription == subscription) {
      events.push_back(std::move(event->event));
    } else if (const auto* eose = std::get_if<EoseReply>(&*message);
               eose != nullptr && eose->subscription == subscription) {
      return events;
    } else if (const auto* end = std::get_if<ClosedReply>(&*message);
               end != nullptr && end->subscription == subscription) {
      if (closed != nullptr) *closed = end->message;
      return events;
    } else {
      kept_.push_back(std::move(*message));
    }
  }
}

std::vector<Event> NostrClient::query(const std::string& filters_json, std::string* closed) {
  const std::string subscription = "query" + std::to_string(next_subscription_++);
  ws_.send("[\"REQ\",\"" + subscription + "\"," + filters_json + "]");
  auto events = collect(subscription, closed);
  ws_.send("[\"CLOSE\",\"" + subscription + "\"]");
  return events;
}

std::vector<Event> NostrClient::subscribe(const std::string& subscription, const std::string& filters_json) {
  ws_.send("[\"REQ\",\"" + subscription + "\"," + filters_json + "]");
  return collect(subscription, nullptr);
}

std::optional<RelayMessage> NostrClient::next(std::chrono::milliseconds limit) {
  if (!kept_.empty()) {
    RelayMessage message = std::move(kept_.front());
    kept_.pop_front();
    return message;
  }
  return receive(limit);
}

}  // namespace pharos::testing
