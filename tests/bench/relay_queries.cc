#include "bench/relay_queries.h"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "bench/corpus_text.h"

namespace pharos::bench {

RelayQueries::RelayQueries(const Corpus& corpus, std::size_t events, std::uint64_t seed)
    : corpus_(corpus), events_(events), random_(seed) {}

std::size_t RelayQueries::some_author() { return zipf(random_, authors_at(events_), 20); }

std::size_t RelayQueries::some_event() { return events_ - 1 - zipf(random_, events_, 100); }

std::string RelayQueries::some_authors(std::size_t count) {
  std::unordered_set<std::size_t> taken;
  std::string list = "[";
  while (taken.size() < count) {
    const std::size_t author = some_author();
    if (!taken.insert(author).second) continue;
    list += fmt::format("{}\"{}\"", taken.size() > 1 ? "," : "", corpus_.authors().hex(author));
  }
  return list + "]";
}

std::string RelayQueries::profile() {
  // Most that are asked for exist.
  std::size_t author = some_author();
  for (int attempt = 0; attempt < 60; ++attempt) {
    const CorpusRow& row = corpus_.row(random_.below(events_));
    if (row.kind != 0) continue;
    author = row.author;
    break;
  }
  return fmt::format(R"({{"kinds":[0],"authors":["{}"],"limit":1}})", corpus_.authors().hex(author));
}

std::string RelayQueries::feed() {
  return fmt::format(R"({{"kinds":[1,6],"authors":["{}"],"limit":50}})", corpus_.authors().hex(some_author()));
}

std::string RelayQueries::home() {
  return fmt::format(R"({{"kinds":[1,6],"authors":{},"limit":50}})", some_authors(200 + random_.below(301)));
}

std::string RelayQueries::thread() {
  const CorpusRow& root = corpus_.row(corpus_.row(some_event()).root);
  const std::string id = root.id.hex();
  return fmt::format(R"({{"ids":["{}"]}},{{"kinds":[1,1111],"#e":["{}"],"limit":200}})", id, id);
}

std::string RelayQueries::notifications() {
  return fmt::format(R"({{"kinds":[1,6,7,9735],"#p":["{}"],"limit":50}})", corpus_.authors().hex(some_author()));
}

std::string RelayQueries::by_ids() {
  std::string list;
  for (std::uint64_t n = 1 + random_.below(20); n > 0; --n) {
    list += fmt::format("{}\"{}\"", list.empty() ? "" : ",", corpus_.row(some_event()).id.hex());
  }
  return "{\"ids\":[" + list + "]}";
}

std::string RelayQueries::by_hashtag() {
  return fmt::format(R"({{"kinds":[1],"#t":["{}"],"limit":50}})", some_hashtag(random_));
}

std::string RelayQueries::window() {
  const UnixSeconds until = corpus_.row(random_.below(events_)).created_at;
  return fmt::format(R"({{"kinds":[1],"since":{},"until":{},"limit":100}})", until - 3600, until);
}

std::string RelayQueries::newest_notes() { return R"({"kinds":[1],"limit":500})"; }

std::string RelayQueries::mixed() {
  const std::uint64_t of_hundred = random_.below(100);
  if (of_hundred < 25) return profile();
  if (of_hundred < 40) return feed();
  if (of_hundred < 50) return home();
  if (of_hundred < 68) return thread();
  if (of_hundred < 80) return notifications();
  if (of_hundred < 90) return by_ids();
  return of_hundred < 95 ? by_hashtag() : window();
}

std::string RelayQueries::full_scan() {
  const std::string stranger = fmt::format("{:0>64x}", random_.next_u64());
  switch (random_.below(5)) {
    case 0:
      return fmt::format(R"({{"authors":{},"#t":["{}"],"limit":500}})", some_authors(800), hashtag(299));
    case 1:
      return fmt::format(R"({{"#t":["{}"],"#p":["{}"],"limit":500}})", hashtag(0), corpus_.authors().hex(0));
    case 2:
      return fmt::format(R"({{"kinds":[1,6,7],"authors":{},"#p":["{}"]}})", some_authors(500), stranger);
    case 3: {
      std::string kinds;
      for (int kind = 0; kind < 400; ++kind) kinds += fmt::format("{}{}", kind > 0 ? "," : "", kind);
      return fmt::format(R"({{"kinds":[{}],"#p":["{}"],"#t":["{}"]}})", kinds, corpus_.authors().hex(1), hashtag(299));
    }
    default:
      return R"({"limit":5000})";
  }
}

std::vector<std::string> RelayQueries::many(std::string (RelayQueries::*one)(), std::size_t count) {
  std::vector<std::string> made(count);
  std::ranges::generate(made, [&] { return (this->*one)(); });
  return made;
}

}  // namespace pharos::bench
