#include "config/reference.h"

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>

#include "config/loader.h"
#include "config/value_parser.h"
#include "support/paths.h"

namespace pharos::config {
namespace {

TEST(Reference, TheSampleInConfIsTheGeneratedOne) {
  std::ifstream in(testing::source_dir() + "/conf/pharos.toml");
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  EXPECT_EQ(text, render_sample()) << "write it anew: pharos config reference --sample > conf/pharos.toml";
}

TEST(Reference, TheSampleLoadsAsItStandsAndWithEveryKeyUncommented) {
  EXPECT_TRUE(parse_settings(render_sample(), "sample", {}).has_value());
  std::string uncommented;
  std::istringstream lines(render_sample());
  for (std::string line; std::getline(lines, line);) {
    const bool is_key = line.size() > 1 && line[0] == '#' && line[1] >= 'a' && line[1] <= 'z';
    if (line.starts_with("#[[")) break;
    uncommented += (is_key ? line.substr(1) : line) + "\n";
  }
  const auto loaded = parse_settings(uncommented, "sample", {});
  ASSERT_TRUE(loaded.has_value()) << loaded.error().front().text();
  EXPECT_TRUE(changes_that_need_a_restart(parse_settings("", "", {}).value(), loaded.value()).empty());
}

TEST(Reference, EverySettingIsThereWithItsEnvironmentName) {
  const std::string reference = render_reference();
  for (const Setting& setting : settings_table()) {
    EXPECT_THAT(reference, ::testing::HasSubstr(environment_name(setting))) << setting.key;
    EXPECT_FALSE(setting.help.empty()) << setting.key;
  }
}

TEST(Reference, DurationsAndSizesNeedAKnownUnit) {
  EXPECT_EQ(parse_duration("2h"), 7'200'000);
  EXPECT_EQ(parse_duration("0s"), 0);
  EXPECT_EQ(parse_duration("5"), std::nullopt);
  EXPECT_EQ(parse_duration("-5s"), std::nullopt);
  EXPECT_EQ(parse_duration("99999999999999999d"), std::nullopt);
  EXPECT_EQ(parse_bytes("64KiB"), 65536);
  EXPECT_EQ(parse_bytes("10"), 10);
  EXPECT_EQ(parse_bytes("64KB"), std::nullopt);
}

}  // namespace
}  // namespace pharos::config
