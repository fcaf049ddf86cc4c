// What limits by rate cost: for a client that is exempt, for one with rates of its connection alone, and with those of
// its address, which threads share.

#include <cstring>

#include <benchmark/benchmark.h>

#include "relay/client_rates.h"

namespace pharos::relay {
namespace {

constexpr Rate kGenerous{1'000'000'000'000, std::chrono::seconds(1), 1'000'000'000'000};

std::string endpoint(std::size_t number) {
  return "10." + std::to_string(number >> 16U & 255U) + "." + std::to_string(number >> 8U & 255U) + "." +
         std::to_string(number & 255U) + ":4711";
}

AddressRates& shared() {
  static AddressRates rates(7, {});
  return rates;
}

std::shared_ptr<const RateRules> rules(bool connection, bool address, bool exempt) {
  RateRules out;
  if (connection) out.of_connection.fill(kGenerous);
  if (address) out.of_address.fill(kGenerous);
  if (exempt) out.exempt = {*IpRange::parse("10.0.0.0/8")};
  return std::make_shared<const RateRules>(out);
}

void take(benchmark::State& state, std::size_t number, const std::shared_ptr<const RateRules>& rates) {
  const SystemClock clock;
  ClientRates client(shared(), endpoint(number), rates);
  for (auto _ : state) benchmark::DoNotOptimize(client.take(RateOf::event, clock));
}

void Exempt(benchmark::State& state) { take(state, 1, rules(true, true, true)); }
BENCHMARK(Exempt);

void OfConnection(benchmark::State& state) { take(state, 1, rules(true, false, false)); }
BENCHMARK(OfConnection);

void OfAddress(benchmark::State& state) {
  take(state, static_cast<std::size_t>(state.thread_index()), rules(true, true, false));
}
BENCHMARK(OfAddress)->Threads(1)->Threads(2);

void OfTheSameAddress(benchmark::State& state) { take(state, 1, rules(true, true, false)); }
BENCHMARK(OfTheSameAddress)->Threads(2);

// Each from an address that was not there before: the table is full, and one has to go.
void OfNewAddresses(benchmark::State& state) {
  const SystemClock clock;
  AddressRates table(7, {});
  std::size_t number = 0;
  constexpr Rate kSlow{1, std::chrono::hours(1), 10};
  RateRules slow;
  slow.of_address.fill(kSlow);
  for (auto _ : state) {
    AddressRates::Key key{1};
    std::memcpy(key.data() + 1, &++number, sizeof number);
    benchmark::DoNotOptimize(table.take(key, RateOf::event, slow, 1, clock.now()));
  }
}
BENCHMARK(OfNewAddresses);

}  // namespace
}  // namespace pharos::relay
