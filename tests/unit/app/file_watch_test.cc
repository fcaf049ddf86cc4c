#include "app/file_watch.h"

#include <fstream>

#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace pharos::app {
namespace {

class FileWatchTest : public ::testing::Test {
 protected:
  void write(const std::string& text) { std::ofstream(file_) << text; }

  pharos::testing::TempDir dir_;
  std::filesystem::path file_ = dir_.path() / "pharos.toml";
};

TEST_F(FileWatchTest, TellsAChangeOnceItHasSettled) {
  write("a");
  FileWatch watch({file_});
  EXPECT_FALSE(watch.changed());
  write("ab");
  EXPECT_FALSE(watch.changed()) << "whoever writes may not have ended";
  EXPECT_TRUE(watch.changed());
  EXPECT_FALSE(watch.changed());
}

TEST_F(FileWatchTest, AFileThatIsReplacedHasChanged) {
  write("a");
  FileWatch watch({file_});
  const auto other = dir_.path() / "other";
  std::ofstream(other) << "b";
  std::filesystem::rename(other, file_);
  watch.changed();
  EXPECT_TRUE(watch.changed());
}

TEST_F(FileWatchTest, AFileThatIsGoneIsNoChange) {
  write("a");
  FileWatch watch({file_});
  std::filesystem::remove(file_);
  EXPECT_FALSE(watch.changed());
  EXPECT_FALSE(watch.changed());
  write("abc");
  watch.changed();
  EXPECT_TRUE(watch.changed());
}

TEST_F(FileWatchTest, AFileIsGoneOnceTwoLooksDoNotFindIt) {
  write("a");
  FileWatch watch({file_});
  watch.changed();
  std::filesystem::remove(file_);
  watch.changed();
  EXPECT_FALSE(watch.is_gone(file_)) << "it may be replaced just now";
  watch.changed();
  EXPECT_TRUE(watch.is_gone(file_));
  write("a");
  watch.changed();
  EXPECT_FALSE(watch.is_gone(file_));
}

}  // namespace
}  // namespace pharos::app
