// One instance of a test, with people who use it: what tests of moderation and of membership have in common.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "support/event_builder.h"
#include "support/pharos_instance.h"
#include "support/raw_socket.h"
#include "util/clock.h"

namespace pharos::testing {

class RelayFixture : public ::testing::Test {
 protected:
  void start(const std::string& settings) {
    pharos_.set_settings(settings);
    ASSERT_TRUE(pharos_.start()) << pharos_.log();
  }
  UnixSeconds now() const { return clock_.unix_now(); }
  // The whole answer to a GET of the relay's address: the document of NIP-11, or the page.
  std::string document(const std::string& type = "application/nostr+json", const std::string& headers = {}) const {
    RawSocket socket(pharos_.relay_address());
    socket.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAccept: " + type + "\r\n" + headers + "\r\n");
    return socket.read_to_end();
  }
  // What a command says.
  std::string run(std::vector<std::string> words, int exit_code = 0) const {
    const Ran ran = pharos_.command(std::move(words));
    EXPECT_EQ(ran.exit_code, exit_code) << ran.err;
    return ran.out + ran.err;
  }

  SystemClock clock_;
  test::Person alice_{2};
  test::Person bob_{3};
  PharosInstance pharos_;
};

}  // namespace pharos::testing
