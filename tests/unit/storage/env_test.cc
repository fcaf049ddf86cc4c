#include "storage/env.h"

#include <fstream>

#include <gtest/gtest.h>
#include <lmdb.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/meta.h"
#include "storage/migrations.h"
#include "support/temp_dir.h"

namespace pharos::storage {
namespace {

constexpr std::uint64_t kMap = 64U << 20U;

EnvOptions options_for(const std::filesystem::path& directory) {
  EnvOptions options;
  options.directory = directory;
  options.map_size_bytes = kMap;
  return options;
}

StorageFailure failure_of(const EnvOptions& options) {
  auto env = Env::open(options);
  EXPECT_FALSE(env);
  return env ? StorageFailure{} : env.error();
}

// Runs in a process of its own, since LMDB opens a database once a process. The exit status is 0 for true.
template <class Condition>
bool holds_in_another_process(Condition&& condition) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(condition() ? 0 : 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(Env, MakesTheDirectoryAndATableForEverything) {
  const testing::TempDir directory;
  auto env = Env::open(options_for(directory.path() / "a" / "b"));
  ASSERT_TRUE(env);
  const auto txn = std::move(env.value()->read().value());
  EXPECT_EQ(read_schema_version(txn, env.value()->tables()), kSchemaVersion);
  EXPECT_EQ(read_hash_key(txn, env.value()->tables()), env.value()->tables().hash_key);
}

TEST(Env, EveryDatabaseHashesUnderItsOwnKey) {
  const testing::TempDir directory;
  auto a = Env::open(options_for(directory.path() / "a"));
  auto b = Env::open(options_for(directory.path() / "b"));
  EXPECT_NE(a.value()->tables().hash_key, b.value()->tables().hash_key);
  const SipKey key = a.value()->tables().hash_key;
  a.value().reset();
  a = Env::open(options_for(directory.path() / "a"));
  EXPECT_EQ(a.value()->tables().hash_key, key);
}

TEST(Env, SecondWriterIsRefused) {
  const testing::TempDir directory;
  auto env = Env::open(options_for(directory.path()));
  ASSERT_TRUE(env);
  EXPECT_TRUE(holds_in_another_process([&] {
    const auto second = Env::open(options_for(directory.path()));
    return !second && second.error().error == StorageError::locked &&
           second.error().detail.find("pharos.lock") != std::string::npos;
  }));
  env.value().reset();
  EXPECT_TRUE(Env::open(options_for(directory.path())));
}

TEST(Env, ReaderIsAllowedBesideAWriter) {
  const testing::TempDir directory;
  auto env = Env::open(options_for(directory.path()));
  ASSERT_TRUE(env);
  {
    auto txn = std::move(env.value()->write().value());
    write_last_seq(txn, 42);
    ASSERT_TRUE(txn.commit());
  }
  EXPECT_TRUE(holds_in_another_process([&] {
    EnvOptions options = options_for(directory.path());
    options.read_only = true;
    const auto reader = Env::open(options);
    return reader && read_last_seq(reader.value()->read().value(), reader.value()->tables()) == 42;
  }));
}

TEST(Env, ReaderNeedsADatabase) {
  const testing::TempDir directory;
  EnvOptions options = options_for(directory.path());
  options.read_only = true;
  EXPECT_EQ(failure_of(options).error, StorageError::cannot_create);
}

TEST(Env, DirectoryThatCannotBeMadeIsNamed) {
  const testing::TempDir directory;
  std::ofstream(directory.path() / "file") << "in the way";
  const StorageFailure failure = failure_of(options_for(directory.path() / "file" / "db"));
  EXPECT_EQ(failure.error, StorageError::cannot_create);
  EXPECT_NE(failure.detail.find("file"), std::string::npos);
}

TEST(Env, MissingPermissionIsNamed) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may do everything";
  const testing::TempDir directory;
  std::filesystem::permissions(directory.path(), std::filesystem::perms::owner_read);
  EXPECT_EQ(failure_of(options_for(directory.path())).error, StorageError::permission);
  std::filesystem::permissions(directory.path(), std::filesystem::perms::owner_all);
}

TEST(Env, GarbageIsNotADatabase) {
  const testing::TempDir directory;
  std::ofstream(directory.path() / "data.mdb") << std::string(100'000, 'x');
  EXPECT_EQ(failure_of(options_for(directory.path())).error, StorageError::corrupt);
}

TEST(Env, MapThatTheSystemRefusesIsHalvedUntilItFits) {
  const testing::TempDir directory;
  EnvOptions options = options_for(directory.path());
  options.map_size_bytes = std::uint64_t{1} << 50;  // beyond the address space
  EXPECT_TRUE(Env::open(options));
}

// --- migrations ------------------------------------------------------------------------------------------------------

TEST(Migrations, DatabaseOfANewerProgramIsRefusedAndLeftAlone) {
  const testing::TempDir directory;
  {
    auto env = Env::open(options_for(directory.path()));
    auto txn = std::move(env.value()->write().value());
    write_schema_version(txn, kSchemaVersion + 1);
    ASSERT_TRUE(txn.commit());
  }
  const StorageFailure failure = failure_of(options_for(directory.path()));
  EXPECT_EQ(failure.error, StorageError::newer_schema);
  EXPECT_NE(failure.detail.find(std::to_string(kSchemaVersion + 1)), std::string::npos);
}

// A step that leaves its letter.
template <char Letter>
Result<void, StorageFailure> note_step(WriteTxn& txn) {
  const Dbi misc = txn.tables()[Table::kv_misc];
  const std::string steps(txn.get(misc, "steps").value_or(""));
  txn.put(misc, "steps", steps + Letter);
  return success();
}

TEST(Migrations, StepsThatAreMissingRunInOrderOnce) {
  const testing::TempDir directory;
  auto env = Env::open(options_for(directory.path()));
  const Tables& tables = env.value()->tables();
  const std::array steps{Migration{kSchemaVersion - 1, "long done", note_step<'0'>},
                         Migration{kSchemaVersion, "first", note_step<'1'>},
                         Migration{kSchemaVersion + 1, "second", note_step<'2'>}};
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(prepare_schema(env.value()->current().get(), steps, kSchemaVersion + 2));
    const auto txn = std::move(env.value()->read().value());
    EXPECT_EQ(read_schema_version(txn, tables), kSchemaVersion + 2);
    EXPECT_EQ(txn.get(tables[Table::kv_misc], "steps"), "12");
  }
}

TEST(Migrations, StepThatFailsLeavesTheVersionBeforeIt) {
  const testing::TempDir directory;
  auto env = Env::open(options_for(directory.path()));
  const std::array steps{Migration{kSchemaVersion, "fails", [](WriteTxn& txn) -> Result<void, StorageFailure> {
                                     txn.put(txn.tables()[Table::kv_misc], "half", "done");
                                     return failure(StorageFailure{StorageError::io, "no"});
                                   }}};
  EXPECT_FALSE(prepare_schema(env.value()->current().get(), steps, kSchemaVersion + 1));
  const auto txn = std::move(env.value()->read().value());
  EXPECT_EQ(read_schema_version(txn, env.value()->tables()), kSchemaVersion);
  EXPECT_FALSE(txn.get(env.value()->tables()[Table::kv_misc], "half"));
}

TEST(Migrations, AnOlderDatabaseIsBroughtUpToDateByTheWriterAndNamedToReaders) {
  const testing::TempDir directory;
  {
    auto env = Env::open(options_for(directory.path()));
    auto txn = std::move(env.value()->write().value());
    write_schema_version(txn, 1);
    for (const Table young : {Table::young_by_id, Table::young_by_tag}) mdb_drop(txn.handle(), txn.tables()[young], 1);
    ASSERT_TRUE(txn.commit());
  }
  EnvOptions reading = options_for(directory.path());
  reading.read_only = true;
  EXPECT_NE(failure_of(reading).detail.find("older schema version 1"), std::string::npos);
  auto env = Env::open(options_for(directory.path()));
  ASSERT_TRUE(env);
  const auto txn = std::move(env.value()->read().value());
  EXPECT_EQ(read_schema_version(txn, env.value()->tables()), kSchemaVersion);
}

TEST(Migrations, GapBetweenStepsIsAnError) {
  const testing::TempDir directory;
  auto env = Env::open(options_for(directory.path()));
  const auto result = prepare_schema(env.value()->current().get(), {}, kSchemaVersion + 1);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().error, StorageError::corrupt);
}

TEST(Migrations, StepsOfThisProgramLeadToItsVersion) {
  std::uint32_t version = kSchemaVersion - static_cast<std::uint32_t>(migrations().size());
  for (const Migration& step : migrations()) EXPECT_EQ(step.from, version++);
  EXPECT_EQ(version, kSchemaVersion);
}

}  // namespace
}  // namespace pharos::storage
