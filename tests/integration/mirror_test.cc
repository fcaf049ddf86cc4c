// A second instance mirrors the first over a real connection, through crashes on either side.

#include <set>

#include <gmock/gmock.h>

#include "nostr/event_json.h"
#include "support/eventually.h"
#include "support/nostr_client.h"
#include "support/pharos_instance.h"
#include "support/signed_notes.h"

namespace pharos::testing {
namespace {

std::string upstream(const std::string& url, const std::string& direction = "down") {
  return "[[upstream]]\nname = \"first\"\nurl = \"" + url + "\"\ndirection = \"" + direction + "\"\n";
}

std::string as_lines(const std::vector<Event>& events) {
  std::string lines;
  for (const Event& event : events) {
    append_event_json(lines, event);
    lines += '\n';
  }
  return lines;
}

// Every id once, or the test fails.
std::set<std::string> ids_of(const PharosInstance& instance) {
  const Ran exported = instance.command({"export"});
  EXPECT_EQ(exported.exit_code, 0) << exported.err;
  std::set<std::string> ids;
  std::istringstream lines(exported.out);
  Event event;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(parse_event(line, event).has_value()) << line;
    EXPECT_TRUE(ids.insert(event.id.hex()).second) << "twice: " << line;
  }
  return ids;
}

std::size_t count(const PharosInstance& instance) {
  const Ran counted = instance.command({"scan", "--count"});
  return counted.exit_code == 0 ? std::strtoul(counted.out.c_str(), nullptr, 10) : 0;
}

TEST(Mirror, CatchesUpThroughCrashesOfBothSidesAndEndsWithTheSameIds) {
  const SystemClock clock;
  const auto history = signed_notes(20'000, clock.unix_now() - 90'000, 11);
  PharosInstance first;
  ASSERT_TRUE(first.start()) << first.log();
  const std::string address = first.relay_address();
  ASSERT_EQ(first.command({"import", "-"}, as_lines(history)).exit_code, 75)
      << "the running instance owns the database";
  ASSERT_EQ(first.terminate(), 0);
  const Ran imported = first.command({"import", "-"}, as_lines(history));
  ASSERT_EQ(imported.exit_code, 0) << imported.err;
  ASSERT_TRUE(first.start(address)) << first.log();

  // Small pages, so that the blows fall into the catch-up.
  PharosInstance mirror("[router]\npage_limit = 200\n" + upstream(first.relay_url()));
  ASSERT_TRUE(mirror.start()) << mirror.log();
  ASSERT_TRUE(eventually([&] { return count(mirror) > 1'000; }, std::chrono::seconds(60))) << mirror.log();
  first.kill();
  EXPECT_LT(count(mirror), history.size());
  ASSERT_TRUE(first.start(address)) << first.log();
  ASSERT_TRUE(eventually([&] { return count(mirror) > 6'000; }, std::chrono::seconds(60))) << mirror.log();
  mirror.kill();
  EXPECT_LT(count(mirror), history.size());
  ASSERT_TRUE(mirror.start()) << mirror.log();

  ASSERT_TRUE(eventually([&] { return count(mirror) == history.size(); }, std::chrono::seconds(120)))
      << count(mirror) << "\n"
      << mirror.log();

  NostrClient writer(first.relay_address());
  NostrClient reader(mirror.relay_address());
  const Event live = signed_notes(1, clock.unix_now(), 12).front();
  ASSERT_TRUE(writer.publish(live).accepted);
  ASSERT_TRUE(eventually([&] { return reader.query("{\"ids\":[\"" + live.id.hex() + "\"]}").size() == 1; }));

  EXPECT_EQ(mirror.terminate(), 0) << mirror.log();
  EXPECT_EQ(first.terminate(), 0) << first.log();
  EXPECT_EQ(ids_of(mirror), ids_of(first));
  for (const PharosInstance* instance : {&first, &mirror}) {
    const Ran check = instance->command({"db", "check"});
    EXPECT_EQ(check.exit_code, 0) << check.out << check.err;
  }
}

TEST(Mirror, SendsLocalEventsUpAndNeverEchoesThemBack) {
  PharosInstance first;
  ASSERT_TRUE(first.start()) << first.log();
  PharosInstance second(upstream(first.relay_url(), "both"));
  ASSERT_TRUE(second.start()) << second.log();

  const SystemClock clock;
  const auto notes = signed_notes(50, clock.unix_now() - 100, 13);
  NostrClient writer(second.relay_address());
  NostrClient reader(first.relay_address());
  for (const Event& note : notes) ASSERT_TRUE(writer.publish(note).accepted);
  ASSERT_TRUE(
      eventually([&] { return reader.query("{\"kinds\":[1]}").size() == notes.size(); }, std::chrono::seconds(20)))
      << second.log();

  const Event theirs = signed_notes(1, clock.unix_now(), 14).front();
  ASSERT_TRUE(reader.publish(theirs).accepted);
  ASSERT_TRUE(eventually([&] { return writer.query("{\"ids\":[\"" + theirs.id.hex() + "\"]}").size() == 1; },
                         std::chrono::seconds(10)));
  // An echo would be answered as a duplicate and be counted as one.
  const auto sent = [&](const std::string& counts) {
    return eventually([&] {
      const Ran status = second.command({"router", "status", "--json"});
      return status.out.find("\"up\":{" + counts) != std::string::npos &&
             status.out.find("\"backlog\":0}") != std::string::npos;
    });
  };
  EXPECT_TRUE(sent("\"accepted\":50,\"duplicate\":0,\"refused\":0,")) << second.log();
  EXPECT_EQ(second.terminate(), 0) << second.log();
  ASSERT_TRUE(second.start()) << second.log();
  EXPECT_TRUE(sent("\"accepted\":0,\"duplicate\":0,\"refused\":0,")) << second.log();
}

}  // namespace
}  // namespace pharos::testing
