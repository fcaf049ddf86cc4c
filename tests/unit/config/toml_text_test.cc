#include "config/toml_text.h"

#include <gtest/gtest.h>

namespace pharos::config {
namespace {

TEST(TomlText, AnyCharacterMayStandInStringsAndComments) {
  EXPECT_EQ(line_with_stray_character("\xEF\xBB\xBF# Ü\n[relay]\nname = \"Köln\" # ö\n\"ä\" = 'ß'\n"), std::nullopt);
  EXPECT_EQ(line_with_stray_character("a = \"\"\"\nä \\\" ö\"\"\"\"\" # ü\nb = '''\nß \\'''\n"), std::nullopt);
  EXPECT_EQ(line_with_stray_character("a = \"# \\\" ö\"\nb = '\\'\nc = \"\\\\\" # ä"), std::nullopt);
  EXPECT_EQ(line_with_stray_character("a = \"\"\"b \\\n  c ä\"\"\"\n"), std::nullopt);
}

TEST(TomlText, OneElsewhereIsFoundWithItsLine) {
  EXPECT_EQ(line_with_stray_character("ä = 1\n"), 1);
  EXPECT_EQ(line_with_stray_character("a = 1\n\nb = ö\n"), 3);
  EXPECT_EQ(line_with_stray_character("a = '''\n\n''' ä\n"), 3);
  EXPECT_EQ(line_with_stray_character("a = \"\\\" # \"ä\n"), 1);
  EXPECT_EQ(line_with_stray_character("a = \"open\nä = 1\n"), 2);
  EXPECT_EQ(line_with_stray_character("\xD2\x96"
                                      "0]\n-= 19"),
            1);
}

TEST(TomlText, OneBehindABackslashThatEndsALineIsFound) {
  EXPECT_EQ(line_with_stray_character("a = \"\"\"b \\\n\n  ä\"\"\"\n"), 3);
  EXPECT_EQ(line_with_stray_character("a = \"\"\"\\ä\"\"\"\n"), 1);
}

}  // namespace
}  // namespace pharos::config
