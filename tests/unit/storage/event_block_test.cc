#include "storage/event_block.h"

#include <cstring>
#include <map>

#include <gtest/gtest.h>

#include "storage/event_block_cache.h"
#include "storage/event_block_writer.h"
#include "util/bytes.h"
#include "util/random.h"

namespace pharos::storage {
namespace {

using Records = std::map<Seq, std::string>;

// As a value lies in LMDB.
class Aligned {
 public:
  explicit Aligned(std::string_view bytes) : words_(bytes.size() / 8 + 1), size_(bytes.size()) {
    std::memcpy(words_.data(), bytes.data(), bytes.size());
  }
  std::string_view view() const { return {reinterpret_cast<const char*>(words_.data()), size_}; }

 private:
  std::vector<std::uint64_t> words_;
  std::size_t size_;
};

std::string write(const Records& records, const BlockProfile& profile = {}, std::uint64_t stamp = 1) {
  EventBlockWriter writer(profile);
  for (const auto& [seq, record] : records) {
    EXPECT_TRUE(writer.fits(seq, record.size()));
    writer.add(seq, as_bytes(record));
  }
  std::string block;
  writer.finish(stamp, block);
  EXPECT_TRUE(writer.empty());
  EXPECT_EQ(block.size() % 8, 0U);
  return block;
}

Records read(const EventBlockReader& block) {
  Records records;
  for (auto seq = block.at_or_after(0); seq; seq = block.at_or_after(*seq + 1)) {
    records.emplace(*seq, as_text(*block.record(*seq)));
  }
  return records;
}

Records read(std::string_view block) {
  const Aligned value(block);
  const auto head = read_block_head(value.view());
  EXPECT_TRUE(head);
  const auto body = BlockBody::unpack(value.view());
  EXPECT_EQ(body != nullptr, head->kind == BlockKind::zstd);
  const auto reader = body ? EventBlockReader::parse(*head, body->bytes()) : EventBlockReader::parse(value.view());
  EXPECT_TRUE(reader && reader->verify());
  return read(*reader);
}

const Records kThree{{5, std::string(16, 'a')}, {6, std::string(8, 'b')}, {9, std::string(24, 'c')}};
constexpr BlockProfile kArchive{BlockProfile::kArchiveBytes, 3};

Records compressible() {
  Records records;
  for (Seq seq = 100; seq < 200; ++seq) records[seq] = std::string(200, static_cast<char>(seq));
  return records;
}

TEST(EventBlock, GivesBackItsRecordsInOrder) {
  const Aligned value(write(kThree, {}, 77));
  const auto block = EventBlockReader::parse(value.view());
  ASSERT_TRUE(block);
  EXPECT_TRUE(block->verify());
  EXPECT_EQ(block->head().first, 5U);
  EXPECT_EQ(block->head().last(), 9U);
  EXPECT_EQ(block->head().stamp, 77U);
  EXPECT_EQ(read(*block), kThree);
  for (const Seq absent : {0U, 4U, 7U, 8U, 10U}) EXPECT_FALSE(block->record(absent)) << absent;
  for (const Seq seq : {5U, 6U, 9U}) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block->record(seq)->data()) % 8, 0U) << seq;
  }
}

TEST(EventBlock, FindsWhatFollowsAGap) {
  const Aligned value(write(kThree));
  const auto block = EventBlockReader::parse(value.view());
  EXPECT_EQ(block->at_or_after(7), 9U);
  EXPECT_EQ(block->at_or_after(10), std::nullopt);
}

TEST(EventBlock, IsCutBeforeItOutgrowsItsPages) {
  EventBlockWriter writer({});
  const std::string record(800, 'x');
  Seq seq = 1;
  while (writer.fits(seq, record.size())) writer.add(seq++, as_bytes(record));
  std::string block;
  writer.finish(1, block);
  EXPECT_LE(block.size(), BlockProfile::kPlainBytes);
  EXPECT_GT(block.size() + record.size() + 8, BlockProfile::kPlainBytes);
}

TEST(EventBlock, ALargeRecordGetsABlockOfItsOwn) {
  EventBlockWriter writer({});
  const std::string large(100'000, 'x');
  ASSERT_TRUE(writer.fits(1, large.size()));
  writer.add(1, as_bytes(large));
  EXPECT_FALSE(writer.fits(2, 8));
  std::string block;
  writer.finish(1, block);
  EXPECT_EQ(read(block), (Records{{1, large}}));
}

TEST(EventBlock, ALongGapCutsIt) {
  EventBlockWriter writer({});
  writer.add(1, as_bytes(kThree.at(5)));
  EXPECT_TRUE(writer.fits(1 + EventBlockWriter::kMaxGap + 1, 8));
  EXPECT_FALSE(writer.fits(1 + EventBlockWriter::kMaxGap + 2, 8));
}

TEST(EventBlock, CompressedItIsSmallerAndGivesBackTheSame) {
  const Records records = compressible();
  const std::string block = write(records, kArchive);
  EXPECT_LT(block.size(), 5000U);
  EXPECT_EQ(read(block), records);
  EXPECT_FALSE(EventBlockReader::parse(Aligned(block).view()));
}

TEST(EventBlock, StaysPlainWhereCompressionSavesLittle) {
  SeededRandom random(1);
  Records records;
  for (Seq seq = 1; seq < 50; ++seq) {
    std::string& record = records[seq];
    record.resize(200);
    for (char& c : record) c = static_cast<char>(random.next_u64());
  }
  const std::string block = write(records, kArchive);
  EXPECT_EQ(read_block_head(block)->kind, BlockKind::plain);
  EXPECT_EQ(read(block), records);
}

TEST(EventBlock, IsRewrittenWithoutWhatIsErased) {
  for (const BlockProfile& profile : {BlockProfile{BlockProfile::kArchiveBytes, 0}, kArchive}) {
    Records records = compressible();
    const Aligned block(write(records, profile));
    const std::vector<Seq> erased{100, 101, 150, 199};
    std::string out;
    ASSERT_TRUE(rewrite_without(block.view(), erased, 2, profile, out));
    for (const Seq seq : erased) records.erase(seq);
    EXPECT_EQ(read(out), records);
    EXPECT_EQ(read_block_head(out)->stamp, 2U);
    EXPECT_EQ(read_block_head(out)->last(), 199U) << "the key of the block";
    EXPECT_EQ(read_block_head(out)->first, 102U);
  }
}

TEST(EventBlock, NothingIsLeftOfABlockWhoseEventsAreAllErased) {
  const Aligned block(write(kThree));
  std::string out = "kept";
  ASSERT_TRUE(rewrite_without(block.view(), std::vector<Seq>{5, 6, 9}, 2, {}, out));
  EXPECT_TRUE(out.empty());
  EXPECT_FALSE(rewrite_without("no block", {}, 2, {}, out));
}

TEST(EventBlock, DamagedBytesAreRefusedOrReadInsideTheirBounds) {
  SeededRandom random(9);
  std::size_t passed = 0;
  std::size_t read_bytes = 0;
  for (const std::string& whole : {write(kThree), write(compressible(), kArchive)}) {
    for (int i = 0; i < 20'000; ++i) {
      std::string copy = whole;
      if (random.below(4) == 0) copy.resize(random.below(copy.size() + 1));
      for (std::uint64_t n = 1 + random.below(3); n-- > 0 && !copy.empty();) {
        copy[random.below(std::min<std::size_t>(copy.size(), 64))] = static_cast<char>(random.next_u64());
      }
      const Aligned value(copy);
      const auto head = read_block_head(value.view());
      if (!head) continue;
      const auto body = BlockBody::unpack(value.view());
      const auto block = body ? EventBlockReader::parse(*head, body->bytes()) : EventBlockReader::parse(value.view());
      if (!block) continue;
      ++passed;
      block->verify();
      for (Seq seq = head->first; seq <= head->last(); ++seq) {
        // Read to the end, so that a sanitizer sees what lies outside.
        if (const auto record = block->record(seq)) read_bytes += std::string(as_text(*record)).size();
      }
      std::string out;
      rewrite_without(value.view(), {}, 2, {}, out);
    }
  }
  EXPECT_GT(passed, 100U);
  EXPECT_GT(read_bytes, passed);
}

TEST(EventBlockCache, UnpacksABlockOnce) {
  const Records records = compressible();
  const Aligned value(write(records, kArchive));
  EventBlockCache cache(1 << 20);
  const auto body = cache.body(value.view());
  ASSERT_TRUE(body);
  EXPECT_EQ(read(*EventBlockReader::parse(*read_block_head(value.view()), body->bytes())), records);
  EXPECT_EQ(cache.body(value.view()), body);
  EXPECT_EQ(cache.usage().hits, 1U);
  EXPECT_EQ(cache.usage().misses, 1U);
  EXPECT_EQ(cache.usage().bytes, body->bytes().size());
}

TEST(EventBlockCache, DropsWhatWasNotUsedForLongest) {
  const std::string first = write(compressible(), kArchive, 1);
  const std::string second = write(compressible(), kArchive, 2);
  const std::string third = write(compressible(), kArchive, 3);
  const std::size_t size = read_block_head(first)->body_bytes;
  EventBlockCache cache(size * 2);
  const auto held = cache.body(first);
  cache.body(second);
  cache.body(first);
  cache.body(third);
  EXPECT_EQ(cache.usage().bytes, 2 * size);
  EXPECT_EQ(cache.body(first), held);
  EXPECT_EQ(cache.usage().hits, 2U);
  cache.body(second);
  EXPECT_EQ(cache.usage().misses, 4U);
}

TEST(EventBlockCache, KeepsNothingThatIsLargerThanAllOfIt) {
  EventBlockCache cache(100);
  EXPECT_TRUE(cache.body(write(compressible(), kArchive)));
  EXPECT_EQ(cache.usage().bytes, 0U);
}

TEST(EventBlockCache, PlainAndBrokenBlocksHaveNoBody) {
  EventBlockCache cache(1 << 20);
  EXPECT_FALSE(cache.body(write(kThree)));
  EXPECT_FALSE(cache.body("broken"));
  std::string cut = write(compressible(), kArchive);
  cut.resize(cut.size() - 8);
  EXPECT_FALSE(cache.body(cut));
}

}  // namespace
}  // namespace pharos::storage
