#include "bench/relay_report.h"

#include <gmock/gmock.h>

namespace pharos::bench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

RelayReport report_of(std::initializer_list<double> per_second, double p99 = 1) {
  RelayReport report;
  for (const double value : per_second) report.add("ingest", {{measure::kPerSecond, value}, {measure::kP99, p99}});
  return report;
}

TEST(RelayReport, TakesTheMedianOfTheRuns) {
  const RelayReport report = report_of({900, 1100, 1000});
  const Measure* measure = report.rows().at(0).find(measure::kPerSecond);
  ASSERT_NE(measure, nullptr);
  EXPECT_DOUBLE_EQ(measure->median(), 1000);
  EXPECT_DOUBLE_EQ(measure->spread(), 0.2);
}

TEST(RelayReport, ComesBackFromItsFile) {
  const auto read = RelayReport::read(report_of({900, 1100}).json("a \"machine\""));
  ASSERT_TRUE(read);
  EXPECT_EQ(read.value().rows().at(0).find(measure::kPerSecond)->runs, (std::vector<double>{900, 1100}));
  EXPECT_FALSE(RelayReport::read("{}"));
  EXPECT_FALSE(RelayReport::read(R"({"scenarios":{"a":1}})"));
}

TEST(RelayReport, MarksWhatChangedBeyondTheNoise) {
  EXPECT_THAT(report_of({1000}).comparison(report_of({950})), Not(HasSubstr("better")));
  EXPECT_THAT(report_of({1200}).comparison(report_of({1000})), HasSubstr("better"));
  EXPECT_THAT(report_of({800}).comparison(report_of({1000})), HasSubstr("WORSE"));
  EXPECT_THAT(report_of({1000}, 2).comparison(report_of({1000}, 1)), HasSubstr("WORSE"));
  // Runs that lie far apart tell less.
  EXPECT_THAT(report_of({800, 1000, 1200}).comparison(report_of({1300, 1300, 1300})), Not(HasSubstr("WORSE")));
}

}  // namespace
}  // namespace pharos::bench
