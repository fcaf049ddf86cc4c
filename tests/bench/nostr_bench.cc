// What one core does a second on the path of an event. Floor is what no relay gets below: parse, hash, verify.

#include <benchmark/benchmark.h>

#include "nostr/canonical.h"
#include "nostr/event_json.h"
#include "nostr/filter.h"
#include "nostr/message.h"
#include "nostr/schnorr.h"
#include "support/event_factory.h"

namespace pharos {
namespace {

// The median recorded event: some 670 bytes of JSON with two tags.
Event typical_event(std::size_t key = 0) {
  std::string content;
  while (content.size() < 190) content += "Good morning \u2600, this is about a line of text.\n";
  return test::signed_event(
      {.content = content,
       .tags = {{"e", std::string(64, 'a')}, {"p", std::string(64, 'b'), "wss://relay.example.com"}},
       .key = key});
}

std::string json_of(const Event& event) {
  std::string out;
  append_event_json(out, event);
  return out;
}

void count_bytes(benchmark::State& state, std::size_t each) {
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(each));
}

void Parse(benchmark::State& state) {
  const std::string json = json_of(typical_event());
  Event event;
  for (auto _ : state) benchmark::DoNotOptimize(parse_event(json, event).has_value());
  count_bytes(state, json.size());
}
BENCHMARK(Parse);

void ParseManyTags(benchmark::State& state) {
  Event event = typical_event();
  for (int i = 0; i < 1'000; ++i) event.tags.add({"p", std::string(64, 'c')});
  const std::string json = json_of(event);
  for (auto _ : state) benchmark::DoNotOptimize(parse_event(json, event).has_value());
  count_bytes(state, json.size());
}
BENCHMARK(ParseManyTags);

void ParseMessage(benchmark::State& state) {
  const std::string text = "[\"EVENT\"," + json_of(typical_event()) + "]";
  const MessageLimits limits;
  for (auto _ : state) benchmark::DoNotOptimize(parse_client_message(text, limits).has_value());
  count_bytes(state, text.size());
}
BENCHMARK(ParseMessage);

void ParseRequest(benchmark::State& state) {
  const std::string text = R"(["REQ","sub:1",{"kinds":[1,6,7],"authors":[")" + std::string(64, 'a') +
                           R"("],"since":1700000000,"limit":100}])";
  const MessageLimits limits;
  for (auto _ : state) benchmark::DoNotOptimize(parse_client_message(text, limits).has_value());
  count_bytes(state, text.size());
}
BENCHMARK(ParseRequest);

void CanonicalAndHash(benchmark::State& state) {
  const Event event = typical_event();
  for (auto _ : state) benchmark::DoNotOptimize(compute_id(event));
  count_bytes(state, json_of(event).size());
}
BENCHMARK(CanonicalAndHash);

// As many authors as the argument says: the key cache holds about a thousand.
void Verify(benchmark::State& state) {
  std::vector<Event> events;
  for (int i = 0; i < state.range(0); ++i) events.push_back(typical_event(static_cast<std::size_t>(i)));
  std::size_t at = 0;
  for (auto _ : state) {
    const Event& event = events[at++ % events.size()];
    benchmark::DoNotOptimize(verify_signature(event.pubkey, event.id, event.sig));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Verify)->Arg(1)->Arg(200)->Arg(5'000);

void Sign(benchmark::State& state) {
  const Event event = typical_event();
  SeededRandom random(1);
  for (auto _ : state) benchmark::DoNotOptimize(sign(test::secret_key(0), event.id, random));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Sign);

void Floor(benchmark::State& state) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < 200; ++i) texts.push_back(json_of(typical_event(i)));
  Event event;
  std::size_t at = 0;
  for (auto _ : state) {
    const bool good = parse_event(texts[at++ % texts.size()], event) && verify_event(event) == EventFault::none;
    if (!good) state.SkipWithError("the event did not verify");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Floor);

void MatchFilter(benchmark::State& state) {
  const Event event = typical_event();
  Filter filter;
  filter.kinds = {0, 1, 3, 6, 7};
  filter.authors.emplace();
  for (std::size_t i = 0; i < static_cast<std::size_t>(state.range(0)); ++i)
    filter.authors->push_back(test::public_key(i));
  std::ranges::sort(*filter.authors);
  filter.tags = {{.name = 'p', .values = {std::string(64, 'a'), std::string(64, 'b')}}};
  for (auto _ : state) benchmark::DoNotOptimize(matches(filter, event));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(MatchFilter)->Arg(1)->Arg(500);

void WriteEvent(benchmark::State& state) {
  const Event event = typical_event();
  std::string out;
  for (auto _ : state) {
    out.clear();
    append_event_json(out, event);
    benchmark::DoNotOptimize(out.data());
  }
  count_bytes(state, out.size());
}
BENCHMARK(WriteEvent);

void EncodeHex(benchmark::State& state) {
  const Event event = typical_event();
  char out[128];
  for (auto _ : state) benchmark::DoNotOptimize(encode_hex(event.sig.data, out));
  count_bytes(state, event.sig.data.size());
}
BENCHMARK(EncodeHex);

void DecodeHex(benchmark::State& state) {
  const std::string text = typical_event().sig.hex();
  Signature out;
  for (auto _ : state) benchmark::DoNotOptimize(decode_hex(text, out.data));
  count_bytes(state, out.data.size());
}
BENCHMARK(DecodeHex);

}  // namespace
}  // namespace pharos
