#include "net/shared_text.h"

#include <barrier>
#include <thread>
#include <vector>

#include <boost/beast/zlib/inflate_stream.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/ws_decoder.h"
#include "net/ws_outbox.h"
#include "util/random.h"

namespace pharos::net {
namespace {

using ::testing::Each;

constexpr std::string_view kPrefix = R"(["EVENT","sub",)";

// What it inflates to with a window of so many bits and no more; nullopt where that does not do. Byte by byte, as an
// inflater keeps to its window only between its calls.
std::optional<std::string> inflated_within(std::string compressed, int window_bits) {
  compressed += std::string("\0\0\xff\xff", 4);
  boost::beast::zlib::inflate_stream stream;
  stream.reset(window_bits);
  boost::beast::zlib::z_params z{};
  z.next_in = compressed.data();
  z.avail_in = compressed.size();
  std::string out;
  for (;;) {
    char byte = 0;
    z.next_out = &byte;
    z.avail_out = 1;
    boost::system::error_code ec;
    stream.write(z, boost::beast::zlib::Flush::sync, ec);
    if (z.avail_out == 0) out += byte;
    if (ec && ec != boost::beast::zlib::error::need_buffers) return std::nullopt;
    if (z.avail_out != 0) return z.avail_in == 0 ? std::optional(out) : std::nullopt;
  }
}

// Words of a small vocabulary: what repeats does so near and far.
std::string wordy(std::size_t size, Random& random) {
  std::vector<std::string> words;
  for (int i = 0; i < 200; ++i) {
    std::string word(3 + random.below(12), ' ');
    for (char& c : word) c = static_cast<char>('a' + random.below(26));
    words.push_back(word);
  }
  std::string text;
  while (text.size() < size) text += words[random.below(words.size())] + " ";
  text.resize(size);
  return text;
}

std::string noise(std::size_t size, Random& random) {
  std::string text(size, ' ');
  for (char& c : text) c = static_cast<char>(random.below(256));
  return text;
}

// One connection's outbox and what its peer reads of it.
class Connection {
 public:
  explicit Connection(const DeflateParams& deflate, const metrics::NetMetrics& metrics = {},
                      WsRole role = WsRole::server)
      : metrics_(metrics), outbox_(role, deflate, 256, 10'000'000, workspace_, metrics_) {
    WsDecoder::Options options;
    options.role = role == WsRole::server ? WsRole::client : WsRole::server;
    options.deflate.enabled = deflate.enabled;
    options.deflate.peer_context_takeover = deflate.our_context_takeover;
    options.max_message_bytes = 10'000'000;
    decoder_.emplace(options, peer_workspace_);
  }

  WsOutbox& outbox() { return outbox_; }

  // The messages sent since the last call, as the peer understands them.
  std::vector<std::string> read() {
    std::vector<std::string> messages;
    for (std::string bytes = take(); !bytes.empty(); bytes = take()) {
      std::span<std::uint8_t> in(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size());
      while (!in.empty()) {
        const WsDecoder::Event event = decoder_->next(in);
        if (event.kind == WsDecoder::Event::Kind::none) continue;
        EXPECT_EQ(event.kind, WsDecoder::Event::Kind::text) << event.payload;
        messages.emplace_back(event.payload);
      }
    }
    return messages;
  }
  std::string take() {
    std::string bytes(outbox_.slice());
    outbox_.sent();
    return bytes;
  }

 private:
  const metrics::NetMetrics metrics_;
  DeflateWorkspace workspace_;
  DeflateWorkspace peer_workspace_;
  WsOutbox outbox_;
  std::optional<WsDecoder> decoder_;
};

class SharedTextTest : public ::testing::Test {
 protected:
  SharedTextTest() {
    metrics_.deflations = metrics::Counter(&deflations_);
    metrics_.deflate_saved_bytes = metrics::Counter(&saved_);
    metrics_.sent_payload_bytes = metrics::Counter(&payload_);
  }

  SeededRandom random_{1};
  metrics::NetMetrics metrics_;
  std::atomic<std::uint64_t> deflations_{0};
  std::atomic<std::uint64_t> saved_{0};
  std::atomic<std::uint64_t> payload_{0};
};

TEST_F(SharedTextTest, ItsDeflatedFormStandsBehindAnyStoredBlock) {
  DeflateWorkspace workspace;
  for (const std::size_t size : {0U, 1U, 300U, 512U, 513U, 4'000U, 8'192U, 8'193U, 100'000U}) {
    const SharedText text(wordy(size, random_));
    for (const std::size_t prefix_size : {0U, 15U, 80U, 65'535U}) {
      const std::string prefix = wordy(prefix_size, random_);
      const std::string message =
          stored_block_head(prefix_size) + prefix + std::string(text.deflated(workspace, metrics_.deflations));
      const int bits = size <= 512 ? 9 : kPreferredWindowBits;
      EXPECT_TRUE(text.fits_window(bits));
      EXPECT_EQ(inflated_within(message, bits), prefix + text.text()) << size << " behind " << prefix_size;
    }
  }
  EXPECT_EQ(deflations_, 9U);
}

TEST_F(SharedTextTest, KnowsWhichWindowsItsReferencesReachBeyond) {
  DeflateWorkspace workspace;
  const SharedText text(wordy(5'000, random_));
  const std::string message(text.deflated(workspace, {}));
  for (int bits = 9; bits <= 15; ++bits) EXPECT_EQ(text.fits_window(bits), bits >= 13) << bits;
  EXPECT_FALSE(inflated_within(message, 9));
  EXPECT_FALSE(inflated_within(message, 10));
  EXPECT_TRUE(SharedText(std::string(512, 'x')).fits_window(9));
  EXPECT_FALSE(SharedText(std::string(513, 'x')).fits_window(9));
  EXPECT_TRUE(SharedText(std::string(1'000'000, 'x')).fits_window(13));
}

TEST_F(SharedTextTest, ThreadsThatAskAtOnceGetTheSame) {
  constexpr std::size_t kThreads = 4;
  for (int round = 0; round < 20; ++round) {
    const SharedText text(wordy(3'000, random_));
    std::barrier begin(kThreads);
    std::vector<std::string_view> seen(kThreads);
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 0; i < kThreads; ++i) {
        threads.emplace_back([&, i] {
          DeflateWorkspace workspace;
          begin.arrive_and_wait();
          seen[i] = text.deflated(workspace, metrics_.deflations);
        });
      }
    }
    EXPECT_EQ(inflated_within(std::string(seen[0]), kPreferredWindowBits), text.text());
    for (const std::string_view other : seen) EXPECT_EQ(other.data(), seen[0].data());
  }
  EXPECT_EQ(deflations_, 20U);
}

TEST_F(SharedTextTest, EveryPeerReadsItWhateverWasNegotiated) {
  std::vector<std::string> texts;
  for (const std::size_t size : {0U, 10U, 250U, 500U, 2'000U, 12'000U, 600U}) texts.push_back(wordy(size, random_));
  for (const WsRole role : {WsRole::server, WsRole::client}) {
    for (const bool enabled : {false, true}) {
      for (const bool takeover : {false, true}) {
        for (int bits = 9; bits <= 15; ++bits) {
          Connection connection({.enabled = enabled, .our_context_takeover = takeover, .our_window_bits = bits},
                                metrics_, role);
          std::vector<std::string> sent;
          for (const std::string& text : texts) {
            const SharedText rest(text);
            ASSERT_TRUE(connection.outbox().add_shared(kPrefix, rest));
            ASSERT_TRUE(connection.outbox().add_message({text}));
            sent.push_back(std::string(kPrefix) + text);
            sent.push_back(text);
          }
          EXPECT_EQ(connection.read(), sent) << enabled << takeover << bits;
        }
      }
    }
  }
}

TEST_F(SharedTextTest, AMessageForManyConnectionsIsDeflatedOnce) {
  const SharedText rest(wordy(1'000, random_));
  const std::string expected = std::string(kPrefix) + rest.text();
  for (int i = 0; i < 100; ++i) {
    Connection connection({.enabled = true, .our_window_bits = 13 + i % 3}, metrics_);
    ASSERT_TRUE(connection.outbox().add_shared(kPrefix, rest));
    EXPECT_LT(connection.outbox().size(), expected.size() * 3 / 4);
    EXPECT_THAT(connection.read(), Each(expected));
  }
  EXPECT_EQ(deflations_, 1U);
  EXPECT_EQ(payload_, 100 * expected.size());
  EXPECT_GT(saved_, payload_ / 4);
  EXPECT_LT(saved_, payload_ * 3 / 4);
}

TEST_F(SharedTextTest, AConnectionThatKeepsItsWindowOrHasASmallOneDeflatesForItself) {
  const SharedText rest(wordy(1'000, random_));
  Connection keeps({.enabled = true, .our_context_takeover = true}, metrics_);
  Connection small({.enabled = true, .our_window_bits = 9}, metrics_);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(keeps.outbox().add_shared(kPrefix, rest));
  EXPECT_EQ(deflations_, 3U);
  EXPECT_LT(keeps.outbox().size(), 1'000U);  // all three: the later ones refer to the first
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(small.outbox().add_shared(kPrefix, rest));
  EXPECT_EQ(deflations_, 6U);
  EXPECT_THAT(keeps.read(), Each(std::string(kPrefix) + rest.text()));
  EXPECT_THAT(small.read(), Each(std::string(kPrefix) + rest.text()));
}

TEST_F(SharedTextTest, APrefixTooLongForAStoredBlockIsDeflatedWithTheRest) {
  const SharedText rest(wordy(1'000, random_));
  for (const std::size_t size : {kMaxStoredBytes, kMaxStoredBytes + 1}) {
    const std::string prefix = wordy(size, random_);
    Connection connection({.enabled = true}, metrics_);
    ASSERT_TRUE(connection.outbox().add_shared(prefix, rest));
    EXPECT_EQ(connection.outbox().size() > size, size == kMaxStoredBytes);
    EXPECT_THAT(connection.read(), Each(prefix + rest.text()));
  }
}

TEST_F(SharedTextTest, GoesPlainWhereDeflatingDoesNotPay) {
  const SharedText small(wordy(200, random_));
  const SharedText dense(noise(2'000, random_));
  Connection connection({.enabled = true}, metrics_);
  ASSERT_TRUE(connection.outbox().add_shared(kPrefix, small));
  EXPECT_EQ(deflations_, 0U);
  ASSERT_TRUE(connection.outbox().add_shared(kPrefix, dense));
  ASSERT_TRUE(connection.outbox().add_shared(kPrefix, dense));
  EXPECT_EQ(deflations_, 1U);
  EXPECT_EQ(saved_, 0U);
  const std::string frames = connection.take();
  EXPECT_EQ(frames.size(), (4 + kPrefix.size() + 200) + 2 * (4 + kPrefix.size() + 2'000));
  EXPECT_EQ(frames[0], '\x81');
  EXPECT_EQ(frames[4 + kPrefix.size() + 200], '\x81');
}

TEST_F(SharedTextTest, WhatDoesNotFitUnderTheCapIsRefused) {
  DeflateWorkspace workspace;
  WsOutbox outbox(WsRole::server, {.enabled = true}, 256, 1'000, workspace, metrics_);
  EXPECT_FALSE(outbox.add_shared(kPrefix, SharedText(std::string(1'000, 'x'))));
  EXPECT_EQ(outbox.size(), 0U);
  EXPECT_EQ(deflations_, 0U);
  EXPECT_TRUE(outbox.add_shared(kPrefix, SharedText(std::string(900, 'x'))));
}

}  // namespace
}  // namespace pharos::net
