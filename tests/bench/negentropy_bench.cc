// What a negentropy message over a large set costs (NIP-77). The floor of the same run is one pass over the ids of the
// set, which is the least that a relay without sums does for each message.
#include <benchmark/benchmark.h>

#include "nostr/negentropy.h"
#include "nostr/negentropy_tree.h"
#include "util/random.h"

namespace pharos {
namespace {

// Newest first, a second each.
std::vector<NegItem> items_of(std::size_t count) {
  SeededRandom random(1);
  std::vector<NegItem> items(count);
  for (std::size_t i = 0; i < count; ++i) {
    items[i].created_at = static_cast<UnixSeconds>(count - i);
    random.fill(items[i].id.data);
  }
  return items;
}

NegItems set_of(const std::vector<NegItem>& items) {
  NegItems set;
  for (const NegItem& item : items) set.add(item);
  set.seal();
  return set;
}

void BM_FloorOnePassOverTheIds(benchmark::State& state) {
  const auto items = items_of(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    NegSum sum;
    for (const NegItem& item : items) sum += item.id;
    benchmark::DoNotOptimize(sum);
  }
}
BENCHMARK(BM_FloorOnePassOverTheIds)->Arg(100'000)->Arg(1'000'000);

void BM_CollectASet(benchmark::State& state) {
  const auto items = items_of(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(set_of(items).size());
}
BENCHMARK(BM_CollectASet)->Arg(100'000)->Arg(1'000'000);

void BM_AnswerOfAnEqualSet(benchmark::State& state) {
  const auto set = set_of(items_of(static_cast<std::size_t>(state.range(0))));
  const std::string message = neg_initial(set);
  for (auto _ : state) {
    auto answer = NegTurn(set, message, 60'000).finish();
    benchmark::DoNotOptimize(answer.value().data());
  }
}
BENCHMARK(BM_AnswerOfAnEqualSet)->Arg(100'000)->Arg(1'000'000);

// What a tree does for each message before any bucket is read.
void BM_ViewOfATree(benchmark::State& state) {
  NegTree tree;
  for (const NegItem& item : items_of(static_cast<std::size_t>(state.range(0)))) tree.build(item);
  tree.end_build();
  NegItem newest{state.range(0) + 1, {}};
  for (auto _ : state) {
    ++newest.created_at;
    tree.add(newest);
    benchmark::DoNotOptimize(tree.buckets()->size());
  }
}
BENCHMARK(BM_ViewOfATree)->Arg(100'000)->Arg(1'000'000);

}  // namespace
}  // namespace pharos
