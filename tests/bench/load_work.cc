#include "bench/load_work.h"

#include <charconv>

#include <fmt/format.h>

namespace pharos::bench {
namespace {

std::uint64_t nanoseconds_between(SteadyTime from, SteadyTime to) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(to - from).count());
}

}  // namespace

Answer answer_of(std::string_view message) {
  const std::size_t at = message.find('"');
  if (at == std::string_view::npos) return Answer::other;
  const std::string_view word = message.substr(at + 1, 6);
  if (word == "EVENT\"") return Answer::event;
  if (word.starts_with("OK\"")) return Answer::ok;
  if (word.starts_with("EOSE\"")) return Answer::eose;
  return word == "CLOSED" ? Answer::closed : Answer::other;
}

std::string_view second_item(std::string_view message) {
  const std::size_t comma = message.find(',');
  if (comma == std::string_view::npos) return {};
  const std::size_t open = message.find('"', comma);
  if (open == std::string_view::npos) return {};
  const std::size_t end = message.find('"', open + 1);
  return end == std::string_view::npos ? std::string_view() : message.substr(open + 1, end - open - 1);
}

std::uint64_t id_prefix(std::string_view hex) {
  std::uint64_t value = 0;
  if (hex.size() < 16) return 0;
  const auto read = std::from_chars(hex.data(), hex.data() + 16, value, 16);
  return read.ec == std::errc() ? value : 0;
}

std::uint64_t event_prefix(std::string_view message) {
  // Within strings quotation marks are escaped, so this can only be the member.
  std::size_t at = message.find("\"id\":");
  if (at == std::string_view::npos) return 0;
  at = message.find('"', at + 5);
  return at == std::string_view::npos ? 0 : id_prefix(message.substr(at + 1));
}

Publishing::Publishing(LoadLoop& loop, std::vector<LoadConnection*> connections, std::size_t in_flight, Next next)
    : loop_(loop), connections_(std::move(connections)), in_flight_(in_flight), next_(std::move(next)) {
  for (LoadConnection* connection : connections_) {
    connection->set_on_message([this](LoadConnection& from, std::string_view message) { on_message(from, message); });
  }
}

void Publishing::start() {
  for (std::size_t i = 0; i < in_flight_; ++i) {
    for (LoadConnection* connection : connections_) send_next(*connection);
  }
}

void Publishing::send_next(LoadConnection& connection) {
  if (ended_) return;
  const auto item = next_();
  if (!item) {
    ended_ = true;
    return;
  }
  const SteadyTime now = loop_.now();
  const std::uint64_t prefix = id_prefix(item->id);
  waiting_[prefix] = now;
  if (kept_) kept_->emplace(prefix, now);
  ++outstanding_;
  connection.send({"[\"EVENT\",", item->json, "]"});
}

void Publishing::on_message(LoadConnection& connection, std::string_view message) {
  if (answer_of(message) != Answer::ok) return;
  const std::uint64_t prefix = id_prefix(second_item(message));
  const auto sent = waiting_.find(prefix);
  if (sent == waiting_.end()) return;
  latency_.record(nanoseconds_between(sent->second, loop_.now()));
  waiting_.erase(sent);
  --outstanding_;
  const bool accepted = message.substr(0, 90).find("true") != std::string_view::npos;
  if (!accepted) {
    ++refused_;
    last_refusal_.assign(message);
  }
  if (on_ok_) on_ok_(prefix, accepted);
  send_next(connection);
}

Asking::Asking(LoadLoop& loop, std::vector<LoadConnection*> connections, std::size_t at_a_time,
               const std::vector<std::string>& filters)
    : loop_(loop),
      connections_(std::move(connections)),
      at_a_time_(at_a_time),
      filters_(filters),
      asked_(connections_.size() * at_a_time) {
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    connections_[i]->set_on_message([this, i](LoadConnection&, std::string_view message) { on_message(i, message); });
  }
}

void Asking::start() {
  for (std::size_t slot = 0; slot < asked_.size(); ++slot) ask(*connections_[slot / at_a_time_], slot);
}

void Asking::ask(LoadConnection& connection, std::size_t slot) {
  if (ended_) return;
  const std::string& filter = filters_[next_++ % filters_.size()];
  asked_[slot] = loop_.now();
  ++outstanding_;
  connection.send({"[\"REQ\",\"", fmt::format("{}", slot), "\",", filter, "]"});
}

void Asking::on_message(std::size_t connection, std::string_view message) {
  const Answer answer = answer_of(message);
  if (answer == Answer::event) {
    ++events_;
    bytes_ += message.size();
    return;
  }
  if (answer != Answer::eose && answer != Answer::closed) return;
  const std::string_view name = second_item(message);
  std::size_t slot = asked_.size();
  std::from_chars(name.data(), name.data() + name.size(), slot);
  if (slot / at_a_time_ != connection) return;
  latency_.record(nanoseconds_between(asked_[slot], loop_.now()));
  --outstanding_;
  if (answer == Answer::closed) {
    ++closed_;
  } else {
    connections_[connection]->send({"[\"CLOSE\",\"", name, "\"]"});
  }
  ask(*connections_[connection], slot);
}

bool Listening::subscribe(std::size_t each, const std::function<std::string(std::size_t, std::size_t)>& filter) {
  std::size_t done = 0;
  for (std::size_t c = 0; c < connections_.size(); ++c) {
    connections_[c]->set_on_message([&done](LoadConnection&, std::string_view message) {
      if (answer_of(message) == Answer::eose) ++done;
    });
    connections_[c]->set_on_compressed([this, &done](LoadConnection& from, std::string_view compressed) {
      if (answer_of(inflated(from, compressed)) == Answer::eose) ++done;
    });
    for (std::size_t i = 0; i < each; ++i) {
      connections_[c]->send({"[\"REQ\",\"live", fmt::format("{}", i), "\",", filter(c, i), "]"});
    }
  }
  const bool all = loop_.run([&] { return done == each * connections_.size(); }, std::chrono::seconds(60));
  for (LoadConnection* connection : connections_) {
    connection->set_on_message({});
    connection->set_on_compressed({});
  }
  return all;
}

void Listening::listen(const SendTimes& sent) {
  for (LoadConnection* connection : connections_) {
    connection->set_on_message([this, &sent](LoadConnection&, std::string_view message) {
      if (answer_of(message) == Answer::event) on_event(message, message.size(), sent);
    });
    connection->set_on_compressed([this, &sent](LoadConnection& from, std::string_view compressed) {
      if (++compressed_ % kSampled == 0 && from.deflates_alone()) {
        on_event(inflated(from, compressed), compressed.size(), sent);
      } else {
        ++deliveries_;
        bytes_ += compressed.size();
      }
    });
  }
}

void Listening::on_event(std::string_view message, std::size_t bytes, const SendTimes& sent) {
  const auto found = sent.find(event_prefix(message));
  if (found == sent.end()) return;
  latency_.record(nanoseconds_between(found->second, loop_.now()));
  ++deliveries_;
  bytes_ += bytes;
}

std::string_view Listening::inflated(const LoadConnection& connection, std::string_view compressed) {
  constexpr std::size_t kMost = 16U << 20U;
  inflated_.clear();
  if (!connection.deflates_alone()) return {};
  const auto outcome = inflater_.inflate(compressed, false, kMost, inflated_);
  return outcome == net::Inflater::Outcome::ok ? std::string_view(inflated_) : std::string_view();
}

}  // namespace pharos::bench
