#include "util/printable.h"

#include <gmock/gmock.h>

namespace pharos {
namespace {

TEST(Printable, ControlCharactersBecomeSpaces) {
  EXPECT_EQ(printable("a\nb\x1b[31m\x07\x7f"), "a b [31m  ");
  EXPECT_EQ(printable("a\u009b31mb\u0080\u009f\u00a0"), "a 31mb  \u00a0") << "the control characters of two bytes";
}

TEST(Printable, WhatIsNotUtf8BecomesQuestionMarks) {
  EXPECT_EQ(printable("\xff\xfe"), "??");
  EXPECT_EQ(printable("caf\xe9\x1b!"), "caf? !");
  EXPECT_EQ(printable("\xc2"), "?");
}

TEST(Printable, IsCutBetweenCharacters) {
  std::string euros;
  for (int i = 0; i < 100; ++i) euros += "\xe2\x82\xac";
  EXPECT_EQ(printable(euros), euros.substr(0, 198));
  EXPECT_EQ(printable(std::string(300, 'x')), std::string(200, 'x'));
  EXPECT_EQ(printable(std::string(300, '\x80')), std::string(197, '?'));
}

}  // namespace
}  // namespace pharos
