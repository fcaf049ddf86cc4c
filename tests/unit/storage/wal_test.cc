#include "storage/wal.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/event_factory.h"
#include "support/temp_dir.h"

namespace pharos::test {
namespace {

using storage::Seq;
using storage::Wal;
using storage::WalBatch;
using storage::WalRest;

class WalTest : public ::testing::Test {
 protected:
  WalTest() { wal_ = std::move(Wal::create(storage::system_files(), directory_.path(), 7, 100).value()); }

  WalBatch notes(std::initializer_list<Seq> seqs) {
    WalBatch batch;
    std::string record;
    for (const Seq seq : seqs) {
      storage::encode_record(unsigned_event({1, std::to_string(seq), {{"t", "x"}}, 1000, 0}), record);
      batch.store(seq, record);
    }
    return batch;
  }
  storage::WalContent content() {
    return std::move(storage::read_wal(storage::system_files(), directory_.path(), 7, hash_key_).value());
  }
  std::unique_ptr<storage::Memtable> read() { return content().memtable; }
  WalRest rest() { return content().rest; }
  // Without most of the zeros behind it.
  std::string text() const {
    std::ifstream in(path(), std::ios::binary);
    std::string text(wal_->bytes() + 64, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    return text;
  }
  void overwrite(const std::string& text) const { std::ofstream(path(), std::ios::binary) << text; }
  std::filesystem::path path() const { return storage::wal_path(directory_.path(), 7); }

  static std::vector<Seq> seqs(const storage::Memtable& memtable) {
    std::vector<Seq> held;
    memtable.each_event([&](const storage::RecordView& record) { held.push_back(record.seq()); });
    return held;
  }

  testing::TempDir directory_;
  SipKey hash_key_{};
  std::unique_ptr<Wal> wal_;
};

TEST_F(WalTest, GivesBackWhatWasAppended) {
  WalBatch batch = notes({101, 102, 105});
  batch.erase(50, 102);
  batch.erase(101, 105);
  EventId id;
  id.data.fill(3);
  batch.tombstone(storage::deleted_id_key(id, public_key(0)), "");
  batch.tombstone(storage::deleted_address_key(hash_key_, public_key(0), 0, ""), storage::encode_seq(9).view());
  ASSERT_TRUE(wal_->append(batch, true));
  ASSERT_TRUE(wal_->append(notes({106}), false));

  const auto memtable = read();
  ASSERT_NE(memtable, nullptr);
  EXPECT_EQ(memtable->generation(), 7U);
  EXPECT_EQ(memtable->before(), 100U);
  EXPECT_EQ(seqs(*memtable), (std::vector<Seq>{102, 105, 106}));
  EXPECT_EQ(memtable->erased(), std::vector<Seq>{50});
  EXPECT_EQ(memtable->tombstones().size(), 2U);
  EXPECT_TRUE(memtable->tombstone(storage::deleted_id_key(id, public_key(0)).view()).has_value());
  Event event;
  memtable->record(105, storage::kMaxSeq)->decode(event);
  EXPECT_EQ(event.content, "105");
}

TEST_F(WalTest, AFrameThatIsCutShortAnywhereIsNotThere) {
  ASSERT_TRUE(wal_->append(notes({101}), true));
  const std::size_t whole = wal_->bytes();
  ASSERT_TRUE(wal_->append(notes({102}), true));
  const std::size_t end = wal_->bytes();
  const std::string full = text();
  for (std::size_t cut = whole; cut < end; ++cut) {
    overwrite(full.substr(0, cut));
    ASSERT_EQ(seqs(*read()), std::vector<Seq>{101}) << cut;
    // The disk holds zeros from there on.
    const std::string torn = full.substr(0, cut) + std::string(full.size() - cut, '\0');
    if (torn == full) continue;
    overwrite(torn);
    ASSERT_EQ(seqs(*read()), std::vector<Seq>{101}) << cut;
  }
}

TEST_F(WalTest, ABlockThatDidNotReachTheDiskHidesItsFrame) {
  ASSERT_TRUE(wal_->append(notes({101}), true));
  const std::size_t begin = wal_->bytes();
  ASSERT_TRUE(wal_->append(notes({102, 103, 104}), true));
  const std::string full = text();
  for (std::size_t at = begin; at < wal_->bytes(); ++at) {
    std::string torn = full;
    torn[at] = static_cast<char>(torn[at] ^ 0x40);
    overwrite(torn);
    ASSERT_EQ(seqs(*read()), std::vector<Seq>{101}) << at;
  }
}

TEST_F(WalTest, ALogOfNothingIsNoMemtable) {
  EXPECT_EQ(read(), nullptr);
  overwrite("");
  EXPECT_EQ(read(), nullptr);
  overwrite("PHAROSW1 and then something else altogether");
  EXPECT_EQ(read(), nullptr);
}

TEST_F(WalTest, FramesOfAnotherLogAreNotTakenForItsOwn) {
  ASSERT_TRUE(wal_->append(notes({101}), true));
  const auto other = std::move(Wal::create(storage::system_files(), directory_.path(), 8, 100).value());
  ASSERT_TRUE(other->append(notes({101}), true));
  std::string mixed = text();
  std::ifstream in(storage::wal_path(directory_.path(), 8), std::ios::binary);
  const std::string others{std::istreambuf_iterator<char>(in), {}};
  mixed.replace(32, mixed.size() - 32, others.substr(32));
  overwrite(mixed);
  EXPECT_EQ(read(), nullptr);
}

TEST_F(WalTest, TellsWhatIsLeftOfAFrameThatIsCutShort) {
  ASSERT_TRUE(wal_->append(notes({101}), true));
  EXPECT_EQ(rest().kind, WalRest::Kind::nothing) << "zeros are room taken ahead";
  const std::size_t whole = wal_->bytes();
  ASSERT_TRUE(wal_->append(notes({102, 103}), true));
  const std::string full = text();
  overwrite(full.substr(0, whole));
  EXPECT_EQ(rest().kind, WalRest::Kind::nothing);
  overwrite(full.substr(0, whole + 40));
  EXPECT_EQ(rest().kind, WalRest::Kind::unfinished);
  EXPECT_EQ(rest().offset, whole);
  EXPECT_EQ(rest().bytes, 40U);
}

TEST_F(WalTest, ADamagedFrameBeforeAWholeOneIsDamageWhereverItIs) {
  ASSERT_TRUE(wal_->append(notes({101}), true));
  const std::size_t begin = wal_->bytes();
  ASSERT_TRUE(wal_->append(notes({102, 103}), true));
  const std::size_t end = wal_->bytes();
  ASSERT_TRUE(wal_->append(notes({104}), true));
  const std::string full = text();
  for (std::size_t at = begin; at < end; ++at) {
    std::string damaged = full;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    overwrite(damaged);
    const storage::WalContent found = content();
    ASSERT_EQ(seqs(*found.memtable), std::vector<Seq>{101}) << at;
    ASSERT_EQ(found.rest.kind, WalRest::Kind::damaged) << at;
    ASSERT_EQ(found.rest.offset, begin) << at;
    ASSERT_EQ(found.rest.bytes, full.find_last_not_of('\0') + 1 - begin) << at;
  }
}

TEST_F(WalTest, ADamagedFirstFrameBeforeAWholeOneIsDamage) {
  ASSERT_TRUE(wal_->append(notes({101}), true));
  ASSERT_TRUE(wal_->append(notes({102}), true));
  std::string damaged = text();
  damaged.replace(32, 64, 64, 'x');
  overwrite(damaged);
  EXPECT_EQ(content().memtable, nullptr);
  EXPECT_EQ(rest().kind, WalRest::Kind::damaged);
  EXPECT_EQ(rest().offset, 32U);
}

TEST_F(WalTest, ADamagedHeaderIsDamageOnlyWhereSomethingFollows) {
  std::string damaged = text();
  damaged[9] = 'x';
  overwrite(damaged);
  EXPECT_EQ(rest().kind, WalRest::Kind::nothing);

  ASSERT_TRUE(wal_->append(notes({101}), true));
  EXPECT_EQ(rest().kind, WalRest::Kind::damaged);
  EXPECT_EQ(rest().offset, 0U);
  EXPECT_EQ(content().memtable, nullptr);
}

TEST_F(WalTest, AHeaderOfZerosIsDamageOnlyBeforeAWholeFrame) {
  ASSERT_TRUE(wal_->append(notes({101}), true));
  std::string damaged = text();
  damaged.replace(0, 32, 32, '\0');
  overwrite(damaged);
  EXPECT_EQ(rest().kind, WalRest::Kind::damaged);
  damaged[60] = static_cast<char>(damaged[60] ^ 0x40);
  overwrite(damaged);
  EXPECT_EQ(rest().kind, WalRest::Kind::unfinished) << "as a power cut leaves it that came before the first commit";
}

// Each of these erasures holds the head of a frame of those behind it: to follow and to hash them all would take hours.
TEST_F(WalTest, TheSearchForFramesIsBoundedWhateverIsInTheFile) {
  constexpr std::size_t kBytes = std::size_t{8} << 20U;
  constexpr std::uint32_t kOperation = 17;
  const std::uint32_t size = kOperation * 200'000;
  std::string erasure("\2");
  erasure.append(reinterpret_cast<const char*>(&size), sizeof size).append(4, '\0').append(8, 'x');
  ASSERT_EQ(erasure.size(), kOperation);
  std::string crafted = text().substr(0, 32) + "damaged";
  while (crafted.size() < kBytes) crafted += erasure;
  overwrite(crafted);
  const storage::WalContent found = content();
  EXPECT_EQ(found.memtable, nullptr);
  EXPECT_EQ(found.rest.kind, WalRest::Kind::damaged) << "what cannot be told is kept";
  EXPECT_EQ(found.rest.offset, 32U);
}

TEST_F(WalTest, MalformedOperationsInAWholeFrameAreCorruption) {
  WalBatch backwards = notes({101});
  std::string record;
  storage::encode_record(unsigned_event({1, "x", {}, 1000, 0}), record);
  backwards.store(101, record);
  ASSERT_TRUE(wal_->append(backwards, true));
  const auto result = storage::read_wal(storage::system_files(), directory_.path(), 7, hash_key_);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().error, storage::StorageError::corrupt);
  EXPECT_THAT(result.error().detail, ::testing::HasSubstr(path().string()));
}

TEST_F(WalTest, ListsTheLogsInTheirOrder) {
  for (const std::uint64_t generation : {0x20U, 0x3U}) {
    ASSERT_TRUE(Wal::create(storage::system_files(), directory_.path(), generation, 0));
  }
  std::ofstream(directory_.path() / "x.wal") << "no log";
  EXPECT_EQ(storage::list_wals(directory_.path()).value(), (std::vector<std::uint64_t>{3, 7, 0x20}));
}

}  // namespace
}  // namespace pharos::test
