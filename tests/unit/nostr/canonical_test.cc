#include "nostr/canonical.h"

#include <gmock/gmock.h>

namespace pharos {
namespace {

using ::testing::StartsWith;

Event note(std::string_view content) {
  Event event;
  event.pubkey = PublicKey::from_hex("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798").value();
  event.created_at = 1'700'000'000;
  event.kind = 1;
  event.content = std::string(content);
  return event;
}

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

struct IdVector {
  const char* name;
  std::string_view content;
  const char* id_prefix;
};

class CanonicalIds : public ::testing::TestWithParam<IdVector> {};

TEST_P(CanonicalIds, AgreeWithOtherImplementations) {
  EXPECT_THAT(compute_id(note(GetParam().content)).hex(), StartsWith(GetParam().id_prefix));
}

constexpr std::string_view operator""_bytes(const char* text, std::size_t size) { return {text, size}; }

INSTANTIATE_TEST_SUITE_P(Vectors, CanonicalIds,
                         ::testing::Values(IdVector{"Delete", "\x7f", "7e7e2cbe1de80901"},
                                           IdVector{"UnitSeparator", "\x1f", "231eeb02bfcaa561"},
                                           IdVector{"VerticalTab", "\x0b", "3b91a3101df32324"},
                                           IdVector{"Nul", "\0"_bytes, "e64c70589c25184b"},
                                           IdVector{"ShortEscapes", "\n\"\\\r\t\b\f", "8fcab504c2ec3b7b"},
                                           IdVector{"Slash", "/", "e877ea89cf4ba214"},
                                           IdVector{"LineSeparators", "\u2028\u2029", "f09002241be88768"},
                                           IdVector{"Emoji", "\U0001F603", "90202502b3f7bae0"},
                                           IdVector{"EscapeSpelledOut", "\\u0041", "310bad6f9b0a06ba"},
                                           IdVector{"Markup", "<>&", "79a9b75a2264e309"}),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(Canonical, IsTheCompactArrayOfNip01) {
  Event event = note("a\"b");
  event.tags = {{"e", "x\n"}, {}, {"-"}};
  std::string out;
  append_canonical(out, event);
  EXPECT_EQ(out, R"([0,"79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",1700000000,1,)"
                 R"([["e","x\n"],[],["-"]],"a\"b"])");
}

TEST(Canonical, EscapesControlsInLowerCaseAndNothingElse) {
  for (unsigned c = 0; c < 256; ++c) {
    const std::string text(1, static_cast<char>(c));
    const std::string body = json_string(text).substr(1, json_string(text).size() - 2);
    if (std::string_view("\n\"\\\r\t\b\f").find(text) != std::string_view::npos) {
      EXPECT_EQ(body.size(), 2U) << c;
    } else if (c < 0x20) {
      EXPECT_EQ(body, "\\u00" + to_hex(as_bytes(text))) << c;
    } else {
      EXPECT_EQ(body, text) << c;
    }
  }
}

TEST(Canonical, FindsEscapesAtEveryPlaceOfAWord) {
  for (std::size_t size = 0; size < 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string text(size, 'a');
      text[at] = '"';
      std::string expected = "\"" + std::string(at, 'a') + "\\\"" + std::string(size - at - 1, 'a') + "\"";
      EXPECT_EQ(json_string(text), expected);
      text[at] = static_cast<char>(0xa0);
      EXPECT_EQ(json_string(text), "\"" + text + "\"");
    }
  }
}

}  // namespace
}  // namespace pharos
