#include "app/wording.h"

#include <gtest/gtest.h>

namespace pharos::app {
namespace {

TEST(Wording, OneIsNoPlural) {
  EXPECT_EQ(counted(0, "event"), "0 events");
  EXPECT_EQ(counted(1, "event"), "1 event");
  EXPECT_EQ(counted(2, "event"), "2 events");
}

TEST(Wording, SizesAreMebibytesAndGibibytes) {
  EXPECT_EQ(byte_size(0), "0.0 MiB");
  EXPECT_EQ(byte_size(1'572'864), "1.5 MiB");
  EXPECT_EQ(byte_size((std::uint64_t{1} << 30U) - 1), "1024.0 MiB");
  EXPECT_EQ(byte_size(std::uint64_t{1} << 40U), "1024.0 GiB");
}

}  // namespace
}  // namespace pharos::app
