#include "support/nip_client.h"

#include <stdexcept>

#include "nostr/negentropy.h"
#include "nostr/negentropy_set.h"
#include "util/bytes.h"

namespace pharos::testing {

const PharosInstance& shared_relay() {
  static const auto relay = [] {
    auto started = std::make_unique<PharosInstance>("url = [\"wss://relay.example.com/\"]");
    started->set_storage("search = true");
    if (!started->start()) throw std::runtime_error("pharos does not start: " + started->log());
    return started;
  }();
  return *relay;
}

test::Person somebody() {
  static std::uint64_t count = 0;
  return test::Person(1'000'000 + count++);
}

NipClient::NipClient(const PharosInstance& relay) : ws_(relay.relay_address()) {
  const auto message = ws_.receive();
  const auto parsed = parse_relay_message(message.value_or(""));
  const auto* auth = parsed ? std::get_if<AuthReply>(&parsed.value()) : nullptr;
  if (auth == nullptr) throw std::runtime_error("no challenge but " + message.value_or("nothing"));
  challenge_ = auth->challenge;
}

std::string NipClient::receive(std::chrono::milliseconds limit) { return ws_.receive(limit).value_or(""); }

std::string NipClient::next(std::chrono::milliseconds limit) {
  if (kept_.empty()) return receive(limit);
  std::string message = std::move(kept_.front());
  kept_.pop_front();
  return message;
}

std::string NipClient::wait_for(const std::string& beginning) {
  for (auto at = kept_.begin(); at != kept_.end(); ++at) {
    if (!at->starts_with(beginning)) continue;
    std::string message = std::move(*at);
    kept_.erase(at);
    return message;
  }
  while (true) {
    std::string message = receive(std::chrono::seconds(30));
    if (message.empty() || message.starts_with(beginning)) return message;
    kept_.push_back(std::move(message));
  }
}

std::vector<std::string> NipClient::all_so_far() {
  send(R"(["REQ","fence",{"ids":[]}])");
  wait_for(R"(["EOSE","fence")");
  send(R"(["CLOSE","fence"])");
  std::vector<std::string> all(kept_.begin(), kept_.end());
  kept_.clear();
  return all;
}

OkReply NipClient::publish(const Event& event) { return publish(test::to_json(event), event.id.hex()); }

Event NipClient::keep(const Event& event) {
  const OkReply ok = publish(event);
  if (!ok.accepted) throw std::runtime_error("an event was refused: " + ok.message);
  return event;
}

OkReply NipClient::publish(const std::string& event_json, const std::string& id_hex) {
  send("[\"EVENT\"," + event_json + "]");
  const std::string message = wait_for("[\"OK\",\"" + id_hex + "\"");
  const auto parsed = parse_relay_message(message);
  const auto* ok = parsed ? std::get_if<OkReply>(&parsed.value()) : nullptr;
  return ok != nullptr ? *ok : OkReply{{}, false, "no OK but " + message};
}

std::vector<Event> NipClient::collect(const std::string& subscription, std::string* closed) {
  std::vector<Event> events;
  const std::string end = "," + in_quotes(subscription);
  while (true) {
    std::string message = receive(std::chrono::seconds(30));
    if (message.starts_with("[\"EOSE\"" + end)) return events;
    if (message.empty() || message.starts_with("[\"CLOSED\"" + end)) {
      if (closed != nullptr) *closed = message;
      return events;
    }
    if (message.starts_with("[\"EVENT\"" + end)) {
      auto parsed = parse_relay_message(message);
      if (parsed) events.push_back(std::get<EventReply>(std::move(parsed).value()).event);
    } else {
      kept_.push_back(std::move(message));
    }
  }
}

std::vector<Event> NipClient::query(const std::string& filters_json, std::string* closed) {
  const std::string name = "query" + std::to_string(next_name_++);
  send("[\"REQ\"," + in_quotes(name) + "," + filters_json + "]");
  auto events = collect(name, closed);
  send("[\"CLOSE\"," + in_quotes(name) + "]");
  return events;
}

std::vector<Event> NipClient::subscribe(const std::string& subscription, const std::string& filters_json) {
  send("[\"REQ\"," + in_quotes(subscription) + "," + filters_json + "]");
  return collect(subscription, nullptr);
}

std::vector<EventId> NipClient::heard(const std::string& subscription, const Event& last) {
  std::vector<EventId> heard;
  while (heard.empty() || heard.back() != last.id) {
    const std::string message = wait_for("[\"EVENT\"," + in_quotes(subscription) + ",");
    const auto parsed = parse_relay_message(message);
    if (!parsed) return heard;
    heard.push_back(std::get<EventReply>(parsed.value()).event.id);
  }
  return heard;
}

std::string NipClient::count(const std::string& filters_json) {
  const std::string name = in_quotes("count" + std::to_string(next_name_++));
  send("[\"COUNT\"," + name + "," + filters_json + "]");
  while (true) {
    std::string message = receive(std::chrono::seconds(30));
    const std::string counted = "[\"COUNT\"," + name + ",";
    const std::string closed = "[\"CLOSED\"," + name + ",\"";
    if (message.starts_with(counted)) return message.substr(counted.size(), message.size() - counted.size() - 1);
    if (message.starts_with(closed)) {
      return "CLOSED " + message.substr(closed.size(), message.size() - closed.size() - 2);
    }
    if (message.empty()) return "nothing";
    kept_.push_back(std::move(message));
  }
}

std::vector<EventId> NipClient::negotiate(const std::string& filter_json, std::string* refused) {
  const std::string name = "neg" + std::to_string(next_name_++);
  NegItems nothing;
  nothing.seal();
  NegDifference difference;
  std::string message = neg_initial(nothing);
  std::string verb = "[\"NEG-OPEN\"," + in_quotes(name) + "," + filter_json;
  while (true) {
    send(verb + "," + in_quotes(to_hex(as_bytes(message))) + "]");
    const auto answer = parse_relay_message(wait_for("[\"NEG-"));
    const auto* reply = answer ? std::get_if<NegMessageReply>(&answer.value()) : nullptr;
    if (reply == nullptr) {
      const auto* error = answer ? std::get_if<NegErrReply>(&answer.value()) : nullptr;
      if (refused != nullptr) *refused = error == nullptr ? "no answer" : error->reason;
      return {};
    }
    auto turn = NegTurn(nothing, reply->message, kLeastNegFrame, &difference).finish();
    if (!turn) return {};
    message = std::move(turn).value();
    if (is_end(message)) break;
    verb = "[\"NEG-MSG\"," + in_quotes(name);
  }
  send("[\"NEG-CLOSE\"," + in_quotes(name) + "]");
  difference.make_unique();
  return difference.need;
}

OkReply NipClient::authenticate(test::Person& person) {
  const Event event = person.event(22242, now(), "", {{"relay", "ws://localhost/"}, {"challenge", challenge_}});
  send("[\"AUTH\"," + test::to_json(event) + "]");
  const auto parsed = parse_relay_message(wait_for("[\"OK\"," + in_quotes(event.id.hex())));
  const auto* ok = parsed ? std::get_if<OkReply>(&parsed.value()) : nullptr;
  return ok != nullptr ? *ok : OkReply{};
}

std::string authors(const test::Person& person) { return "\"authors\":[" + in_quotes(person.hex()) + "]"; }
std::string by_id(const Event& event) { return "{\"ids\":[" + in_quotes(event.id.hex()) + "]}"; }
std::string in_quotes(const std::string& text) { return "\"" + text + "\""; }

std::string upper_case(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

std::vector<EventId> ids(const std::vector<Event>& events) {
  std::vector<EventId> ids;
  for (const Event& event : events) ids.push_back(event.id);
  return ids;
}

std::string address(Kind kind, const test::Person& person, const std::string& identifier) {
  return std::to_string(kind) + ":" + person.hex() + ":" + identifier;
}

}  // namespace pharos::testing
