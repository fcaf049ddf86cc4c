// Delivery to live subscriptions while events are published, 64 in flight.

#include <algorithm>

#include <fmt/format.h>

#include "bench/relay_scenarios.h"
#include "nostr/sha256.h"

namespace pharos::bench {
namespace {

constexpr auto kAnswerTime = std::chrono::seconds(60);

struct Audience {
  std::string scenario;
  std::size_t connections;
  std::size_t each;     // subscriptions of a connection
  std::size_t authors;  // one for each subscription, the busiest first; 0 subscribes to everything
  bool cost_per_event;  // rather than per delivery
  bool deflate;         // they offer permessage-deflate
};

// Some author that never writes.
std::string stranger(std::size_t number) { return to_hex(sha256(as_bytes(fmt::format("stranger {}", number)))); }

std::string filter_of(const RelayBench& bench, const Audience& audience, std::size_t subscription) {
  if (audience.authors == 0) return R"({"limit":0})";
  const Authors& authors = bench.corpus.authors();
  const std::string key = subscription < authors.size() ? authors.hex(subscription) : stranger(subscription);
  return fmt::format(R"({{"authors":["{}"],"limit":0}})", key);
}

// Kinds that every subscriber may see and nothing replaces, so that it is known how many deliveries are due.
bool is_plain(const CorpusRow& row) { return row.kind == 1 || row.kind == 7 || row.kind == 6 || row.kind == 9735; }

void listen(RelayBench& bench, const Audience& audience, CorpusRange& range,
            const std::unordered_map<std::uint64_t, std::uint32_t>& author_of) {
  LoadLoop loop(bench.relay.address());
  std::vector<LoadConnection*> listeners;
  std::vector<LoadConnection*> publishers;
  if (!loop.open(audience.connections, listeners, audience.deflate) || !loop.open(1, publishers)) {
    return bench.add(audience.scenario, {}, "the connections could not be opened");
  }
  if (audience.deflate && !listeners.front()->deflates()) {
    return bench.add(audience.scenario, {}, "permessage-deflate refused");
  }
  const ProcessUse before = process_use(bench.relay.pids());
  Listening listening(loop, listeners);
  const auto filter = [&](std::size_t c, std::size_t i) { return filter_of(bench, audience, c * audience.each + i); };
  if (!listening.subscribe(audience.each, filter)) return bench.add(audience.scenario, {}, "not every EOSE came");
  const ProcessUse subscribed = process_use(bench.relay.pids());

  SendTimes sent;
  std::uint64_t due = 0;
  Publishing publishing(loop, publishers, 64, [&] {
    const auto item = range.next();
    if (item) bench.live_bytes += item->json.size() + 1;
    return item;
  });
  publishing.set_kept(&sent);
  publishing.set_on_ok([&](std::uint64_t prefix, bool accepted) {
    if (!accepted) return;
    if (audience.authors == 0) {
      due += audience.connections * audience.each;
    } else {
      due += author_of.at(prefix) < audience.authors ? 1 : 0;
    }
  });
  listening.listen(sent);
  const Span span = bench.measure([&] {
    publishing.start();
    loop.run([&] { return publishing.idle(); }, bench.duration());
    publishing.stop();
    loop.run([&] { return publishing.idle(); }, kAnswerTime);
    loop.run([&] { return listening.deliveries() >= due || loop.lost() > 0; }, std::chrono::seconds(15));
  });
  const auto events = static_cast<double>(publishing.answered());
  const auto deliveries = static_cast<double>(listening.deliveries());
  const LoadHistogram* latency = listening.latency().total() > 0 ? &listening.latency() : nullptr;
  Measures measures = bench.columns(span, audience.cost_per_event ? events : deliveries, latency);
  measures.emplace_back("events_per_second", events / span.seconds);
  measures.emplace_back("bytes a delivery", static_cast<double>(listening.bytes()) / std::max(deliveries, 1.0));
  if (!bench.relay.pids().empty()) {
    if (!audience.cost_per_event) measures.emplace_back("CPU-us an event", span.cpu_us() / std::max(events, 1.0));
    const double grown = (subscribed.anonymous_mb - before.anonymous_mb) * 1024;
    const auto subscriptions = static_cast<double>(audience.connections * audience.each);
    measures.emplace_back("KB a subscription", grown / subscriptions);
  }
  std::string remark;
  if (listening.deliveries() != due) remark = fmt::format("{} DELIVERIES OF {}", listening.deliveries(), due);
  if (publishing.refused() > 0) remark += fmt::format(" {} refused", publishing.refused());
  if (loop.lost() > 0) remark += fmt::format(" {} connections lost", loop.lost());
  bench.add(audience.scenario, measures, remark);
}

}  // namespace

void run_live(RelayBench& bench) {
  const std::vector<Audience> audiences = {{"live 1000 authors", 100, 10, 1000, false, false},
                                           {"live everything x 500", 50, 10, 0, false, false},
                                           {"live everything x 500 deflate", 50, 10, 0, false, true},
                                           {"live 100000 authors", 1000, 100, 100'000, true, false}};
  const std::size_t share = live_events(bench.options) / audiences.size();
  for (std::size_t i = 0; i < audiences.size(); ++i) {
    if (!bench.wanted(audiences[i].scenario)) continue;
    const std::size_t begin = bench.options.events + i * share;
    std::unordered_map<std::uint64_t, std::uint32_t> author_of;
    for (std::size_t n = begin; n < begin + share; ++n) {
      const CorpusRow& row = bench.corpus.row(n);
      author_of.emplace(id_prefix(row.id.hex()), row.author);
    }
    CorpusRange range(bench.corpus, begin, begin + share, is_plain);
    listen(bench, audiences[i], range, author_of);
  }
}

}  // namespace pharos::bench
