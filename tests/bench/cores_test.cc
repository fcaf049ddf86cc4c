#include <gtest/gtest.h>

#include "bench/cores_model.h"

namespace pharos::bench {
namespace {

constexpr std::size_t kEvents = 100'000;

std::size_t at(Stage stage) { return static_cast<std::size_t>(stage); }

TEST(CoresModel, OneCoreIsTheSumOfTheStages) {
  const StageCosts costs{10, 40, 20, 10, 0};
  const ModelOutcome outcome = simulate({1, 1, 1}, costs, 512, kEvents);
  EXPECT_NEAR(outcome.events_per_second, 12'500, 500);
  EXPECT_GT(outcome.cores_busy, 0.99);
}

TEST(CoresModel, ThreadsOfAStageWorkSideBySide) {
  const StageCosts costs{1, 40, 2, 1, 0};
  const ModelOutcome outcome = simulate({16, 1, 4}, costs, 512, kEvents);
  EXPECT_NEAR(outcome.events_per_second, 100'000, 3000);
  EXPECT_GT(outcome.busy[at(Stage::workers)], 0.99);
  EXPECT_LT(outcome.busy[at(Stage::writer)], 0.3);
}

TEST(CoresModel, TheWriterIsOneHoweverManyCores) {
  const StageCosts costs{1, 10, 20, 1, 0};
  const ModelOutcome outcome = simulate({64, 8, 40}, costs, 4096, kEvents);
  EXPECT_NEAR(outcome.events_per_second, 50'000, 1500);
  EXPECT_GT(outcome.busy[at(Stage::writer)], 0.99);
}

TEST(CoresModel, ASlowMergerHoldsTheWriterBack) {
  const StageCosts costs{1, 10, 5, 50, 0};
  const ModelOutcome outcome = simulate({64, 8, 40}, costs, 4096, 900'000);
  EXPECT_NEAR(outcome.events_per_second, 20'000, 2000);
  EXPECT_GT(outcome.busy[at(Stage::merger)], 0.99);
}

TEST(CoresModel, AFlushIsSharedByWhatWaits) {
  const StageCosts costs{1, 1, 1, 1, 1000};
  // One at a time waits for every flush.
  EXPECT_NEAR(simulate({4, 1, 1}, costs, 1, 1000).events_per_second, 1000, 20);
  EXPECT_GT(simulate({4, 1, 1}, costs, 512, kEvents).events_per_second, 200'000);
}

}  // namespace
}  // namespace pharos::bench
