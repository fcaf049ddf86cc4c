#include "app/progress.h"

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

namespace pharos::app {
namespace {

class ProgressTest : public ::testing::Test {
 protected:
  ~ProgressTest() override {
    std::fclose(file_);
    std::free(text_);
  }
  std::string shown() {
    std::fflush(file_);
    return {text_, size_};
  }

  char* text_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* file_ = ::open_memstream(&text_, &size_);
  ManualClock clock_;
};

TEST_F(ProgressTest, ATerminalHasOneLineThatIsTakenAway) {
  {
    Progress progress(clock_, file_, true);
    EXPECT_FALSE(progress.due());
    clock_.advance(std::chrono::milliseconds(250));
    EXPECT_TRUE(progress.due());
    progress.show("half");
    EXPECT_FALSE(progress.due());
    EXPECT_EQ(shown(), "\r\x1b[Khalf");
  }
  EXPECT_EQ(shown(), "\r\x1b[Khalf\r\x1b[K");
}

TEST_F(ProgressTest, ALogHasALineNowAndThen) {
  Progress progress(clock_, file_, false);
  clock_.advance(std::chrono::seconds(29));
  EXPECT_FALSE(progress.due());
  clock_.advance(std::chrono::seconds(1));
  EXPECT_TRUE(progress.due());
  progress.show("half");
  progress.clear();
  EXPECT_EQ(shown(), "half\n");
}

}  // namespace
}  // namespace pharos::app
