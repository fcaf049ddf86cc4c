// No room: on the disk, or in the address space of the database. What is not stored is not acknowledged, everything
// that is can be read, and with room again events are taken, by the same process.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "nostr/schnorr.h"
#include "support/eventually.h"
#include "support/nostr_client.h"
#include "support/pharos_instance.h"
#include "util/hex.h"
#include "util/random.h"

namespace pharos::testing {
namespace {

using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr std::size_t kMi = 1024 * 1024;

class Full : public ::testing::Test {
 protected:
  // Until one is refused, which it returns; those that were not are in taken_.
  OkReply publish_until_refused(NostrClient& client) {
    for (int i = 0; i < 4'000; ++i) {
      const Event note = noise();
      OkReply ok = client.publish(note);
      if (!ok.accepted) return ok;
      taken_.push_back(note.id);
    }
    return {{}, true, "everything was taken"};
  }

  void expect_read(NostrClient& client) {
    for (std::size_t i = 0; i < taken_.size(); i += 20) {
      std::string closed;
      EXPECT_THAT(client.query(R"({"ids":[")" + taken_[i].hex() + "\"]}", &closed), SizeIs(1)) << i << " " << closed;
    }
  }

  // 100 KB that no compression makes less than half of.
  Event noise() {
    Event event;
    event.kind = 1;
    event.created_at = SystemClock().unix_now() - 100;
    while (event.content.size() < 100'000) {
      std::uint8_t bytes[32];
      random_.fill(bytes);
      event.content += to_hex(bytes);
    }
    sign_event(event, key_, random_);
    return event;
  }

  SeededRandom random_{99};
  const SecretKey key_ = generate_secret_key(random_);
  PharosInstance relay_;
  std::vector<EventId> taken_;
};

TEST_F(Full, DiskWithoutRoomRefusesReadsOnAndTakesEventsAgain) {
  if (!PharosInstance::can_have_disks()) GTEST_SKIP() << "this machine does not let a process mount a file system";
  relay_.set_disk(160 * kMi);
  ASSERT_TRUE(relay_.start()) << relay_.log();
  const std::filesystem::path ballast = relay_.own_root() / relay_.data().relative_path() / "ballast";
  {
    std::ofstream out(ballast, std::ios::binary);
    const std::string block(kMi, 'b');
    for (int i = 0; i < 100; ++i) out << block;
    ASSERT_TRUE(out.flush().good());
  }
  NostrClient client(relay_.relay_address());
  EXPECT_THAT(publish_until_refused(client).message, StartsWith("error: "));
  EXPECT_FALSE(taken_.empty());
  expect_read(client);
  std::filesystem::remove(ballast);
  const Event first = noise();
  EXPECT_TRUE(eventually([&] { return client.publish(first).accepted; })) << relay_.log();
  for (int i = 0; i < 20; ++i) {
    const Event note = noise();
    EXPECT_TRUE(client.publish(note).accepted);
    taken_.push_back(note.id);
  }
  expect_read(client);
  EXPECT_TRUE(relay_.process().running());
}

TEST_F(Full, MapWithoutRoomRefusesReadsOnAndTakesEventsAgainAfterSomeWereDeleted) {
  relay_.set_map_size("32MiB");
  ASSERT_TRUE(relay_.start()) << relay_.log();
  NostrClient client(relay_.relay_address());
  EXPECT_THAT(publish_until_refused(client).message, StartsWith("error: "));
  EXPECT_FALSE(taken_.empty());
  expect_read(client);
  const Ran deleted = relay_.command({"delete", "--filter", R"({"kinds":[1]})"});
  EXPECT_EQ(deleted.exit_code, 0) << deleted.err;
  const Event later = noise();
  EXPECT_TRUE(eventually([&] { return client.publish(later).accepted; }, std::chrono::seconds(60))) << relay_.log();
  EXPECT_THAT(client.query(R"({"ids":[")" + later.id.hex() + "\"]}"), SizeIs(1));
  EXPECT_TRUE(relay_.process().running());
}

}  // namespace
}  // namespace pharos::testing
