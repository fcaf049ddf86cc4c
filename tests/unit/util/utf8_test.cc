#include "util/utf8.h"

#include <string>

#include <gmock/gmock.h>

namespace pharos {
namespace {

std::string encoded(unsigned lead, unsigned second, unsigned third = 0, unsigned fourth = 0) {
  std::string out;
  for (const unsigned byte : {lead, second, third, fourth}) {
    if (byte != 0) out += static_cast<char>(byte);
  }
  return out;
}

TEST(Utf8, TakesTheEdgesOfEveryLength) {
  for (const char* text :
       {"", "a", "\x7f", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff"})
    EXPECT_TRUE(is_utf8(text)) << text;
  EXPECT_TRUE(is_utf8(std::string_view("a\0b", 3)));
}

TEST(Utf8, RefusesWhatRfc3629Refuses) {
  for (const std::string& text :
       {encoded(0x80, 0), encoded(0xbf, 0), encoded(0xc0, 0x80), encoded(0xc1, 0xbf), encoded(0xc3, 0),
        encoded(0xc3, 0x28), encoded(0xe0, 0x9f, 0xbf), encoded(0xe2, 0x82), encoded(0xed, 0xa0, 0x80),
        encoded(0xed, 0xbf, 0xbf), encoded(0xf0, 0x8f, 0xbf, 0xbf), encoded(0xf0, 0x9f, 0x98),
        encoded(0xf4, 0x90, 0x80, 0x80), encoded(0xf5, 0x80, 0x80, 0x80), encoded(0xff, 0), encoded(0xfe, 0),
        encoded(0xe2, 0x82, 0x28)})
    EXPECT_FALSE(is_utf8(text));
}

TEST(Utf8, TellsGoodFromBadInLongerText) {
  for (const char* good : {"", "plain", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xef\xbf\xbf",
                           "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "twelve bytes\xe2\x82\xac and more than eight"})
    EXPECT_TRUE(is_utf8(good)) << good;
  for (const char* bad :
       {"\x80", "\xbf", "\xc0\xaf", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "12345678\xff", "1234567\xc3", "\xe2\x28\xa1"})
    EXPECT_FALSE(is_utf8(bad)) << bad;
}

TEST(Utf8, FindsFaultsAtEveryOffset) {
  for (std::size_t size = 1; size < 70; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string text(size, 'a');
      text[at] = static_cast<char>(0xff);
      EXPECT_FALSE(is_utf8(text)) << at << " of " << size;
      if (at + 1 == size) continue;
      text.replace(at, 2, "\u00e9");
      EXPECT_TRUE(is_utf8(text)) << at << " of " << size;
      EXPECT_EQ(count_code_points(text), size - 1);
    }
    EXPECT_FALSE(is_utf8(std::string(size, 'a') + "\xe2\x82"));
  }
}

}  // namespace
}  // namespace pharos
