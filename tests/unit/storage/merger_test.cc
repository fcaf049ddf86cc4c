#include "storage/merger.h"

#include <gtest/gtest.h>

#include "storage/merge_memtable.h"
#include "storage/meta.h"
#include "storage/record.h"
#include "storage/wal.h"
#include "support/database.h"
#include "support/event_factory.h"
#include "support/eventually.h"
#include "support/temp_dir.h"

namespace pharos::storage {
namespace {

TEST(Merger, AMergeThatTookEffectIsNotRepeated) {
  const testing::TempDir directory;
  const auto env = std::move(Env::open({.directory = directory.path(), .sync_to_disk = false}).value());
  Memtables memtables;
  const auto memtable = std::make_shared<Memtable>(1, 0, env->tables().hash_key, 10);
  std::string record;
  encode_record(test::unsigned_event({1, "x", {}, 1'700'000'000, 0}), record);
  memtable->insert(1, record);
  memtables.push(memtable);
  memtables.push(std::make_shared<Memtable>(2, 1, env->tables().hash_key, 10));
  ASSERT_TRUE(Wal::create(system_files(), directory.path(), 1, 0));
  {
    // As when a commit is said to have failed and has not.
    auto txn = std::move(env->write().value());
    ASSERT_TRUE(merge_memtable(txn, *memtable, {}));
    ASSERT_TRUE(txn.commit());
  }
  const SystemClock clock;
  Merger merger(*env, memtables, system_files(), {}, 0, nullptr, clock, {});
  EXPECT_TRUE(testing::eventually([&] { return memtables.current()->size() == 1; }));
  merger.stop();
  EXPECT_FALSE(memtables.is_stuck());
  EXPECT_FALSE(std::filesystem::exists(wal_path(directory.path(), 1)));
  const auto txn = env->read();
  EXPECT_EQ(read_event_count(txn.value(), env->tables()), 1U);
}

}  // namespace
}  // namespace pharos::storage
