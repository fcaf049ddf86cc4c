// --since, --until and --filter: which events they select.

#include "app/commands/selection.h"

#include <gmock/gmock.h>

namespace pharos::app {
namespace {

TEST(Selection, ADateWithoutATimeIsAWholeDayForAnUpperBound) {
  EXPECT_EQ(parse_time("2026-01-01", DayBound::last_second), 1'767'225'600 + 86'399);
  EXPECT_EQ(parse_time("2026-01-01T00:00:01Z", DayBound::last_second), 1'767'225'601);
  EXPECT_EQ(parse_time("1767225600", DayBound::last_second), 1'767'225'600);
  CLI::App command;
  Selection selection;
  selection.add_options(command);
  command.parse("--since 2026-01-01 --until 2026-01-01");
  const auto filters = selection.filters();
  ASSERT_TRUE(filters.has_value());
  EXPECT_EQ(filters.value()[0].since, 1'767'225'600);
  EXPECT_EQ(filters.value()[0].until, 1'767'225'600 + 86'399);
}

TEST(Selection, AFilterThatIsNoneIsNamedInOneLine) {
  CLI::App command;
  Selection selection;
  selection.add_options(command);
  std::vector<std::string> words{"{\n\"kinds\": [true]\n}", "--filter", "{}", "--filter"};  // backwards, as CLI11 wants
  command.parse(words);
  EXPECT_EQ(selection.filters().error(),
            "--filter 2: kinds, value 1 (true): wants a list of kinds, integers from 0 on");
}

TEST(Selection, OfSeveralFiltersThoseThatCanMatchInTheTimesAreLeft) {
  const auto selected = [](const std::string& until) {
    CLI::App command;
    Selection selection;
    selection.add_options(command);
    // Backwards, as CLI11 wants.
    std::vector<std::string> words{
        R"({"kinds":[7]})", "--filter", R"({"kinds":[1],"since":200})", "--filter", until, "--until", "100", "--since"};
    command.parse(words);
    return selection.filters();
  };
  const auto one = selected("150");
  ASSERT_TRUE(one.has_value());
  ASSERT_EQ(one.value().size(), 1U);
  EXPECT_EQ(one.value()[0].kinds, std::vector<Kind>{7});
  EXPECT_EQ(selected("200").value().size(), 2U);
  EXPECT_EQ(selected("50").error(), "nothing can match: since (200) is later than until (50)");
}

}  // namespace
}  // namespace pharos::app
