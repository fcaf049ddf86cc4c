#include "ingest/sequencer.h"

#include <gtest/gtest.h>

namespace pharos::ingest {
namespace {

TEST(Sequencer, GivesBatchesInTheOrderOfTheirNumbers) {
  Sequencer<int> sequencer;
  sequencer.deposit(1, 11);
  EXPECT_EQ(sequencer.next(), std::nullopt);
  sequencer.deposit(0, 10);
  EXPECT_EQ(sequencer.next(), 10);
  sequencer.done();
  EXPECT_EQ(sequencer.next(), 11);
}

TEST(Sequencer, HasOneConsumerAtATime) {
  Sequencer<int> sequencer;
  sequencer.deposit(0, 10);
  sequencer.deposit(1, 11);
  EXPECT_EQ(sequencer.next(), 10);
  EXPECT_EQ(sequencer.next(), std::nullopt);
  sequencer.done();
  EXPECT_EQ(sequencer.next(), 11);
}

TEST(Sequencer, GivesAgainWhatWasPutBack) {
  Sequencer<int> sequencer;
  sequencer.deposit(0, 10);
  EXPECT_EQ(sequencer.next(), 10);
  sequencer.put_back(9);
  sequencer.deposit(1, 11);
  EXPECT_EQ(sequencer.next(), 9);
  sequencer.done();
  EXPECT_EQ(sequencer.next(), 11);
}

}  // namespace
}  // namespace pharos::ingest
