// Retention rules of a running instance: what they erase, refuse and foretell, and that they are taken when the
// settings file changes.

#include <fstream>

#include <gmock/gmock.h>

#include "support/event_builder.h"
#include "support/eventually.h"
#include "support/nostr_client.h"
#include "support/pharos_instance.h"
#include "support/signed_notes.h"
#include "support/temp_dir.h"

namespace pharos::testing {
namespace {

using ::testing::HasSubstr;

void append_to(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::app) << text;
}

TEST(Retention, RulesAreTakenWhenTheFileChangesAndEraseAPassLaterWhatThePlanForetold) {
  PharosInstance relay;
  relay.set_storage("retention_interval = \"1h\"\nretention_notice = \"10s\"\n");
  ASSERT_TRUE(relay.start()) << relay.log();
  const UnixSeconds now = SystemClock().unix_now();
  const std::vector<Event> old = signed_notes(40, now - 20 * 86'400, 1);
  const std::vector<Event> young = signed_notes(8, now - 100, 2);
  NostrClient client(relay.relay_address());
  for (const Event& event : old) ASSERT_TRUE(client.publish(event).accepted);
  for (const Event& event : young) ASSERT_TRUE(client.publish(event).accepted);

  const std::string rule = "\n[[retention]]\nname = \"notes\"\nfilters = [{ kinds = [1] }]\nmax_age = \"10d\"\n";
  const auto planned = relay.directory() / "planned.toml";
  std::filesystem::copy_file(relay.config_file(), planned);
  append_to(planned, rule);
  const Ran plan = run({pharos_program(), "retention", "plan", "--config", planned.string()});
  EXPECT_EQ(plan.exit_code, 0) << plan.err;
  EXPECT_THAT(plan.out, HasSubstr("notes: 40 events"));
  EXPECT_EQ(client.query(R"({"kinds":[1]})").size(), 48U);

  append_to(relay.config_file(), "\n[[retention]]\nname = \"notes\"\nmax_age = \"soon\"\n");
  EXPECT_TRUE(eventually([&] { return relay.log().find("the old ones stay") != std::string::npos; }));
  EXPECT_EQ(client.query(R"({"kinds":[1]})").size(), 48U);

  std::filesystem::copy_file(planned, relay.config_file(), std::filesystem::copy_options::overwrite_existing);
  EXPECT_TRUE(eventually([&] { return relay.log().find("it can still be taken back") != std::string::npos; }));
  const Ran status = run({pharos_program(), "status", "--config", relay.config_file()});
  EXPECT_THAT(status.out, HasSubstr("!! the retention rule \"notes\" begins to erase"));
  EXPECT_EQ(client.query(R"({"kinds":[1]})").size(), 48U);
  EXPECT_THAT(relay.log(), HasSubstr("would_erase=40"));
  EXPECT_TRUE(eventually([&] { return client.query(R"({"kinds":[1]})").size() == 8; })) << relay.log();
  const OkReply again = client.publish(old.front());
  EXPECT_FALSE(again.accepted);
  EXPECT_THAT(again.message, HasSubstr("blocked: "));
}

TEST(Retention, AnImportTakesWhatNoRuleInForceWouldErase) {
  TempDir dir;
  const auto file = [&](const char* name) { return (dir.path() / name).string(); };
  const UnixSeconds now = SystemClock().unix_now();
  const std::vector<Event> notes = signed_notes(2, now - 20 * 86'400, 3);
  const auto import = [&](const Event& note) {
    std::ofstream(file("events.jsonl")) << test::to_json(note) << "\n";
    return run({pharos_program(), "import", "--config", file("pharos.toml"), file("events.jsonl")}).err;
  };
  const auto settings = [&](const std::string& max_age) {
    std::ofstream(file("pharos.toml")) << "[storage]\ndirectory = \"" << file("data") << "\"\n[[retention]]\n"
                                       << "name = \"notes\"\nfilters = [{ kinds = [1] }]\nmax_age = \"" << max_age
                                       << "\"\n";
  };
  settings("10d");
  EXPECT_THAT(import(notes[0]), HasSubstr("refused    1")) << "in a new database nothing waits";
  EXPECT_THAT(import(signed_notes(1, now, 4).front()), HasSubstr("stored     1"));
  EXPECT_THAT(import(notes[0]), HasSubstr("refused    1")) << "and it is known that it does not";
  settings("9d");
  EXPECT_THAT(import(notes[1]), HasSubstr("stored     1")) << "a rule that is new to the database waits";
}

}  // namespace
}  // namespace pharos::testing
