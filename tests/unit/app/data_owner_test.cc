// Root does not write to the data directory of another user.

#include "app/data_owner.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "app/application.h"
#include "app/exit_code.h"
#include "app/options_map.h"
#include "support/temp_dir.h"

namespace pharos::app {
namespace {

using ::testing::HasSubstr;

constexpr uid_t kNobody = 65534;

class DataOwnerTest : public ::testing::Test {
 protected:
  // The tests may run as root or as anyone: in both cases the directory is not root's.
  void SetUp() override {
    if (::geteuid() != 0) return;
    ASSERT_EQ(::chown(dir_.path().c_str(), kNobody, static_cast<gid_t>(-1)), 0);
  }
  testing::TempDir dir_;
};

TEST_F(DataOwnerTest, RootIsToldWhoOwnsTheDirectory) {
  const auto refusal = refuse_as_root(dir_.path(), 0);
  ASSERT_TRUE(refusal.has_value());
  EXPECT_THAT(*refusal, HasSubstr(dir_.path().string() + " belongs to "));
  EXPECT_THAT(*refusal, HasSubstr("runuser -u "));
}

TEST_F(DataOwnerTest, OthersAndNewDirectoriesAreFine) {
  EXPECT_EQ(refuse_as_root(dir_.path(), kNobody), std::nullopt);
  EXPECT_EQ(refuse_as_root(dir_.path() / "new", 0), std::nullopt);
  EXPECT_EQ(refuse_as_root("/", 0), std::nullopt) << "root's own";
}

TEST_F(DataOwnerTest, ServingAsRootLeavesNothingBehind) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  auto settings = config::parse_settings("[storage]\ndirectory = \"" + dir_.path().string() + "\"\n", "", {});
  auto options = map_options(settings.value(), 2);
  Application application(std::move(settings).value(), std::move(options).value());
  const auto started = application.start();
  ASSERT_FALSE(started.has_value());
  EXPECT_EQ(started.error().code, ExitCode::permission);
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path()));
}

}  // namespace
}  // namespace pharos::app
