#include "relay/nips.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>

#include "support/paths.h"

namespace pharos::relay {
namespace {

TEST(Nips, AreInAscendingOrderWithoutRepeats) {
  const auto table = nips();
  EXPECT_TRUE(
      std::is_sorted(table.begin(), table.end(), [](const Nip& a, const Nip& b) { return a.number < b.number; }));
  EXPECT_EQ(
      std::adjacent_find(table.begin(), table.end(), [](const Nip& a, const Nip& b) { return a.number == b.number; }),
      table.end());
}

TEST(Nips, TheReadmeShowsThisTable) {
  std::ifstream file(testing::source_dir() + "/README.md", std::ios::binary);
  const std::string readme{std::istreambuf_iterator<char>(file), {}};
  EXPECT_THAT(readme, ::testing::HasSubstr("<!-- nips:begin -->\n" + nip_table() + "<!-- nips:end -->"));
}

}  // namespace
}  // namespace pharos::relay
