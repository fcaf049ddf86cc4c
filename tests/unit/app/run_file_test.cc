// The file by which commands find the running instance.

#include "app/run_file.h"

#include <fstream>

#include <gmock/gmock.h>
#include <unistd.h>

#include "support/temp_dir.h"

namespace pharos::app {
namespace {

TEST(RunFile, IsReadBackAsWritten) {
  const testing::TempDir dir;
  ASSERT_TRUE(RunFile::write(dir.path(), {::getpid(), "127.0.0.1:7777", "[::1]:9464"}));
  const auto info = RunFile::read(dir.path());
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->pid, ::getpid());
  EXPECT_EQ(info->relay, "127.0.0.1:7777");
  EXPECT_EQ(info->admin, "[::1]:9464");
  RunFile::remove(dir.path());
  EXPECT_FALSE(RunFile::read(dir.path()).has_value());
}

TEST(RunFile, OfAProcessThatIsGoneCountsAsNone) {
  const testing::TempDir dir;
  // Above the kernel's largest process id (2^22).
  ASSERT_TRUE(RunFile::write(dir.path(), {(1L << 22) + 1, "127.0.0.1:7777", "127.0.0.1:9464"}));
  EXPECT_FALSE(RunFile::read(dir.path()).has_value());
}

TEST(RunFile, GarbageCountsAsNone) {
  const testing::TempDir dir;
  for (const char* text : {"", "[]", "{\"pid\":\"x\"}", "{\"pid\":0}", "{\"pid\":-1}", "{"}) {
    std::ofstream(dir.path() / "run.json") << text;
    EXPECT_FALSE(RunFile::read(dir.path()).has_value()) << text;
  }
}

TEST(RunFile, CannotBeWrittenWhereThereIsNoDirectory) {
  EXPECT_FALSE(RunFile::write("/nonexistent/place", {::getpid(), "a", "b"}));
}

}  // namespace
}  // namespace pharos::app
