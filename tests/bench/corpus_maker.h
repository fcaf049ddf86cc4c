// Makes the events of a corpus, a block at a time. Which block, the seed and the earlier events decide what comes out,
// never the number of cores.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/corpus.h"
#include "util/random.h"

namespace pharos::bench {

inline constexpr std::size_t kBlockEvents = 1000;

// What a block may ask of the ones before.
struct EarlierEvents {
  std::function<CorpusRow(std::size_t)> row;
  std::function<std::string(std::size_t)> json;
};

struct MadeEvent {
  CorpusRow row;  // offset is left to the file
  Event event;
  std::string json;
};

// The events [first, first + kBlockEvents), signed on all cores.
std::vector<MadeEvent> make_block(std::uint64_t seed, std::size_t first, const EarlierEvents& earlier,
                                  Authors& authors);

}  // namespace pharos::bench
