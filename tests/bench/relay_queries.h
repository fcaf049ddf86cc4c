// The questions that clients ask of a relay, as filters over a corpus: the same for the same seed.
#pragma once

#include <string>
#include <vector>

#include "bench/corpus.h"
#include "util/random.h"

namespace pharos::bench {

class RelayQueries {
 public:
  // Over the first `events` events of the corpus.
  RelayQueries(const Corpus& corpus, std::size_t events, std::uint64_t seed);

  std::string profile();        // newest kind 0 of an author
  std::string feed();           // newest 50 of an author
  std::string home();           // newest 50 notes and reposts of 200 to 500 authors
  std::string thread();         // a note and what refers to it
  std::string notifications();  // newest 50 that name an author
  std::string by_ids();         // 1 to 20 ids
  std::string by_hashtag();
  std::string window();        // newest 100 notes of an hour
  std::string newest_notes();  // newest 500 of kind 1
  std::string mixed();         // one of those but the last, about as often as clients ask it
  std::string full_scan();     // one that makes a relay read much and find little

  // `count` of one sort.
  std::vector<std::string> many(std::string (RelayQueries::*one)(), std::size_t count);

 private:
  std::size_t some_author();
  std::size_t some_event();
  std::string some_authors(std::size_t count);  // distinct, a JSON array

  const Corpus& corpus_;
  std::size_t events_;
  SeededRandom random_;
};

}  // namespace pharos::bench
