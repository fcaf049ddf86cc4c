#include "bench/corpus.h"

#include <map>

#include <gmock/gmock.h>

#include "nostr/event_json.h"
#include "nostr/schnorr.h"
#include "support/temp_dir.h"

namespace pharos::bench {
namespace {

using testing::TempDir;

Corpus made(const TempDir& dir, std::size_t events, std::uint64_t seed = 1) {
  return std::move(Corpus::open(dir.path(), seed, events)).value();
}

TEST(Corpus, IsTheSameForTheSameSeed) {
  const TempDir here, there;
  const Corpus one = made(here, 1000);
  const Corpus two = made(there, 1000);
  EXPECT_EQ(one.lines(1000), two.lines(1000));
  EXPECT_NE(made(here, 1000, 2).lines(1000), one.lines(1000));
}

TEST(Corpus, ALargerOneProlongsASmallerOne) {
  const TempDir here, there;
  const std::string small(made(here, 1000).lines(1000));
  const Corpus grown = made(here, 3000);
  const Corpus whole = made(there, 3000);
  EXPECT_EQ(grown.lines(1000), small);
  EXPECT_EQ(grown.lines(3000), whole.lines(3000));
}

TEST(Corpus, GoesOnAfterAnInterruption) {
  const TempDir dir;
  const std::string before(made(dir, 2000).lines(2000));
  for (const auto& file : std::filesystem::directory_iterator(dir.path())) {
    std::filesystem::resize_file(file.path(), std::filesystem::file_size(file.path()) - 100);
  }
  EXPECT_EQ(made(dir, 2000).lines(2000), before);
}

TEST(Corpus, HoldsValidEventsThatItsRowsDescribe) {
  const TempDir dir;
  const Corpus corpus = made(dir, 2000);
  Event event;
  for (std::size_t i = 0; i < corpus.size(); ++i) {
    ASSERT_TRUE(parse_event(corpus.json(i), event)) << corpus.json(i);
    ASSERT_EQ(verify_event(event), EventFault::none) << corpus.json(i);
    const CorpusRow& row = corpus.row(i);
    EXPECT_EQ(event.id, row.id);
    EXPECT_EQ(event.kind, row.kind);
    EXPECT_EQ(event.created_at, row.created_at);
    EXPECT_EQ(event.pubkey.hex(), corpus.authors().hex(row.author));
    EXPECT_LE(row.root, i);
  }
}

TEST(Corpus, HasTheMixOfKindsAndSizes) {
  const TempDir dir;
  constexpr std::size_t kEvents = 10'000;
  const Corpus corpus = made(dir, kEvents);
  std::map<Kind, double> share;
  std::map<std::uint32_t, std::size_t> by_author;
  std::size_t replies = 0;
  Event event;
  for (std::size_t i = 0; i < kEvents; ++i) {
    const CorpusRow& row = corpus.row(i);
    share[row.kind] += 100.0 / kEvents;
    ++by_author[row.author];
    replies += row.kind == 1 && row.root != i;
    if (row.kind != 3) continue;
    ASSERT_TRUE(parse_event(corpus.json(i), event));
    EXPECT_GE(event.tags.size(), 50U);
    EXPECT_LE(event.tags.size(), 600U);
  }
  EXPECT_NEAR(share[1], 45, 3);
  EXPECT_NEAR(share[7], 25, 3);
  EXPECT_NEAR(share[3], 3, 1);
  for (const Kind kind : std::initializer_list<Kind>{0, 5, 6, 1059, 9735, 10002, 30023})
    EXPECT_GT(share[kind], 0.5) << kind;
  EXPECT_NEAR(static_cast<double>(corpus.lines(kEvents).size()) / kEvents, 1500, 200);
  EXPECT_GT(by_author[0], by_author[1000] * 5);
  EXPECT_GT(replies, kEvents / 6);
}

}  // namespace
}  // namespace pharos::bench
