#include "storage/index_block.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "storage/keys.h"
#include "util/bytes.h"
#include "util/random.h"

namespace pharos::storage {
namespace {

// Few of each, so that every kind of difference occurs.
std::vector<Posting> some_postings(SeededRandom& random, PostingShape shape, std::size_t count) {
  std::vector<Posting> postings;
  for (std::size_t i = 0; i < count; ++i) {
    Posting posting;
    posting.key = random.below(4) == 0 ? random.below(~std::uint64_t{0}) : random.below(9) << random.below(40);
    posting.place.seq = 1 + random.below(std::uint64_t{1} << (1 + random.below(47)));
    if (shape == PostingShape::placed) {
      posting.place.created_at = static_cast<UnixSeconds>(random.below(9) << random.below(40));
      posting.place.tie = static_cast<std::uint32_t>(random.below(4) << random.below(22));
    }
    postings.push_back(posting);
  }
  std::ranges::sort(postings);
  postings.erase(std::unique(postings.begin(), postings.end()), postings.end());
  return postings;
}

// As many as one block takes, in groups of any size.
std::string encode(SeededRandom& random, PostingShape shape, std::vector<Posting>& postings) {
  std::string groups;
  std::vector<std::uint16_t> sizes;
  std::size_t done = 0;
  while (done < postings.size()) {
    const std::size_t count = std::min(postings.size() - done, 1 + random.below(kMaxGroupPostings));
    std::string group;
    append_group(shape, std::span(postings).subspan(done, count), group);
    if (block_bytes(sizes.size() + 1, groups.size() + group.size()) > kMaxBlockBytes) break;
    groups += group;
    sizes.push_back(static_cast<std::uint16_t>(group.size()));
    done += count;
  }
  postings.resize(done);
  std::string bytes;
  make_block(sizes, groups, bytes);
  EXPECT_EQ(bytes.size(), block_bytes(sizes.size(), groups.size()));
  return bytes;
}

class IndexBlock : public ::testing::TestWithParam<PostingShape> {
 protected:
  SeededRandom random_{7};
};

TEST_P(IndexBlock, GivesBackWhatItWasGiven) {
  for (std::size_t round = 0; round < 300; ++round) {
    std::vector<Posting> postings = some_postings(random_, GetParam(), 1 + random_.below(600));
    const std::string bytes = encode(random_, GetParam(), postings);
    IndexBlockReader reader(GetParam(), as_bytes(bytes));
    std::vector<Posting> read;
    while (reader.next()) read.push_back(reader.posting());
    EXPECT_EQ(read, postings);
    EXPECT_FALSE(reader.malformed());
  }
}

TEST_P(IndexBlock, SeeksTheFirstPostingAtOrAfterAnother) {
  for (std::size_t round = 0; round < 100; ++round) {
    std::vector<Posting> postings = some_postings(random_, GetParam(), 1 + random_.below(300));
    const std::string bytes = encode(random_, GetParam(), postings);
    IndexBlockReader reader(GetParam(), as_bytes(bytes));
    std::vector<Posting> wanted = some_postings(random_, GetParam(), 50);
    wanted.insert(wanted.end(), postings.begin(), postings.end());
    for (const Posting& at : wanted) {
      const auto expected = std::ranges::lower_bound(postings, at);
      ASSERT_EQ(reader.seek(at), expected != postings.end());
      if (expected == postings.end()) continue;
      EXPECT_EQ(reader.posting(), *expected);
      EXPECT_EQ(reader.next(), expected + 1 != postings.end());
      if (expected + 1 != postings.end()) {
        EXPECT_EQ(reader.posting(), expected[1]);
      }
    }
  }
}

TEST_P(IndexBlock, KeepsTheLargestNumbers) {
  std::vector<Posting> postings{{0, {0, 0, 1}}, {~Key{0}, {0, 0, kMaxSeq}}};
  if (GetParam() == PostingShape::placed) {
    postings = {{0, {kMaxCreatedAt, 0, 1}}, {0, {0, 0xffffff, kMaxSeq}}, {~Key{0}, {kMaxCreatedAt, 0xffffff, 1}}};
  }
  const std::vector<Posting> given = postings;
  const std::string bytes = encode(random_, GetParam(), postings);
  IndexBlockReader reader(GetParam(), as_bytes(bytes));
  for (const Posting& posting : given) {
    ASSERT_TRUE(reader.next());
    EXPECT_EQ(reader.posting(), posting);
  }
}

TEST_P(IndexBlock, EndsEarlyWhereItsBytesAreDamaged) {
  for (std::size_t round = 0; round < 2000; ++round) {
    std::vector<Posting> postings = some_postings(random_, GetParam(), 1 + random_.below(80));
    std::string bytes = encode(random_, GetParam(), postings);
    for (std::size_t i = 0; i < 1 + random_.below(4); ++i) {
      bytes[random_.below(bytes.size())] = static_cast<char>(random_.below(256));
    }
    bytes.resize(random_.below(bytes.size() + 1));
    IndexBlockReader reader(GetParam(), as_bytes(bytes));
    std::size_t read = 0;
    while (reader.next()) ++read;
    EXPECT_LE(read, bytes.size());
    IndexBlockReader other(GetParam(), as_bytes(bytes));
    other.seek(postings[random_.below(postings.size())]);
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, IndexBlock, ::testing::Values(PostingShape::placed, PostingShape::bare));

TEST(IndexBlockSize, TakesAFewBytesForEachOfOneKeysPlaces) {
  std::vector<Posting> postings;
  for (std::size_t i = 0; i < kGroupPostings; ++i) {
    postings.push_back({5, {1'700'000'000 - static_cast<UnixSeconds>(7 * i), 12345, 1'000'000 - i}});
  }
  std::string group;
  append_group(PostingShape::placed, postings, group);
  EXPECT_LT(group.size(), 7 * kGroupPostings);
}

}  // namespace
}  // namespace pharos::storage
