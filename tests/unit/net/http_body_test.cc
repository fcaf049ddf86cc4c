#include "net/http_body.h"

#include <gtest/gtest.h>

namespace pharos::net {
namespace {

using Framing = HttpBodyReader::Framing;
using State = HttpBodyReader::State;

struct Read {
  State state;
  std::string body;
  std::string rest;
};

// Feeds the text in pieces of every size, which must not matter.
Read read(Framing framing, std::uint64_t length, const std::string& text) {
  Read first{};
  for (std::size_t step = text.size() + 1; step > 0; --step) {
    HttpBodyReader reader(framing, length, 100);
    Read one{reader.state(), "", ""};
    for (std::size_t at = 0; at < text.size(); at += step) {
      std::string_view in = std::string_view(text).substr(at, step);
      one.state = reader.feed(in, one.body);
      one.rest += in;
    }
    if (step > text.size()) first = one;
    EXPECT_EQ(one.state, first.state) << text << " by " << step;
    if (first.state == State::complete) {
      EXPECT_EQ(one.body + one.rest, first.body + first.rest) << step;
    }
  }
  return first;
}

TEST(HttpBodyReader, TakesALengthAndLeavesWhatFollows) {
  const Read whole = read(Framing::length, 3, "abcdef");
  EXPECT_EQ(whole.state, State::complete);
  EXPECT_EQ(whole.body, "abc");
  EXPECT_EQ(whole.rest, "def");
  EXPECT_EQ(read(Framing::length, 0, "x").rest, "x");
  EXPECT_EQ(read(Framing::none, 0, "x").rest, "x");
  EXPECT_EQ(read(Framing::length, 101, "").state, State::too_large);
}

TEST(HttpBodyReader, TakesChunksCutAnywhere) {
  const Read whole = read(Framing::chunked, 0, "3\r\nabc\r\nA;x=\"y\"\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\nGET");
  EXPECT_EQ(whole.state, State::complete);
  EXPECT_EQ(whole.body, "abc0123456789");
  EXPECT_EQ(whole.rest, "GET");
  EXPECT_EQ(read(Framing::chunked, 0, "0\r\n\r\n").state, State::complete);
}

TEST(HttpBodyReader, RefusesBrokenAndLargeChunks) {
  for (const char* text : {"x\r\n", "\r\n", "3\nabc", "3\r\nabcd\r\n", "-1\r\n", "+1\r\n", "0x1\r\n",
                           "11111111111111111\r\n", "1\r\na\n0\r\n"})
    EXPECT_EQ(read(Framing::chunked, 0, text).state, State::malformed) << text;
  EXPECT_EQ(read(Framing::chunked, 0, "65\r\n").state, State::too_large);
  EXPECT_EQ(read(Framing::chunked, 0, "3c\r\n" + std::string(60, 'x') + "\r\n3c\r\n").state, State::too_large);
}

TEST(HttpBodyReader, BoundsChunkLinesAndTrailers) {
  const auto feed = [](std::string text) {
    HttpBodyReader reader(Framing::chunked, 0, 100);
    std::string body;
    std::string_view in = text;
    return reader.feed(in, body);
  };
  EXPECT_EQ(feed("1;" + std::string(10'000, 'x')), State::malformed);
  std::string trailers = "0\r\n";
  for (int i = 0; i < 10'000; ++i) trailers += "a: b\r\n";
  EXPECT_EQ(feed(trailers), State::malformed);
}

TEST(HttpBodyReader, EndsWithTheConnectionOnlyWhereThatIsTheFraming) {
  std::string body;
  std::string_view in = "abc";
  HttpBodyReader open(Framing::until_end, 0, 100);
  EXPECT_EQ(open.feed(in, body), State::reading);
  EXPECT_EQ(open.finish(), State::complete);
  in = "abc";
  HttpBodyReader cut(Framing::length, 4, 100);
  cut.feed(in, body);
  EXPECT_EQ(cut.finish(), State::malformed);
}

}  // namespace
}  // namespace pharos::net
