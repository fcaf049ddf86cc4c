// Import, export, scan, db check and db info from outside.

#include <fstream>
#include <map>

#include <gmock/gmock.h>

#include "nostr/event_json.h"
#include "nostr/schnorr.h"
#include "support/nostr_client.h"
#include "support/pharos_instance.h"
#include "support/real_data.h"
#include "support/signed_notes.h"

namespace pharos::testing {
namespace {

using ::testing::HasSubstr;

std::string line_of(const Event& event) {
  std::string line;
  append_event_json(line, event);
  return line + "\n";
}

// An instance that has run once, so that its settings file stands, and is stopped again.
void prepare(PharosInstance& instance) {
  ASSERT_TRUE(instance.start()) << instance.log();
  ASSERT_EQ(instance.terminate(), 0) << instance.log();
}

// The line of each exported event by id.
std::map<std::string, std::string> exported(const PharosInstance& instance, std::vector<std::string> options = {}) {
  options.insert(options.begin(), "export");
  const Ran ran = instance.command(options);
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  std::map<std::string, std::string> lines;
  std::istringstream in(ran.out);
  Event event;
  for (std::string line; std::getline(in, line);) {
    EXPECT_TRUE(parse_event(line, event).has_value()) << line;
    EXPECT_TRUE(lines.emplace(event.id.hex(), line).second) << "twice: " << line;
  }
  return lines;
}

TEST(Archive, RealEventsComeBackByteForByteAndAllAreAccountedFor) {
  const auto file = real_data("real-events.jsonl");
  if (!file) GTEST_SKIP() << "no recorded events on this machine";
  PharosInstance instance;
  prepare(instance);
  const Ran imported = instance.command({"import", file->string()});
  EXPECT_THAT(imported.exit_code, ::testing::AnyOf(0, 2)) << imported.err;

  const Ran check = instance.command({"db", "check"});
  EXPECT_EQ(check.exit_code, 0) << check.out << check.err;

  std::map<std::string, std::string> originals;
  std::ifstream in(*file);
  Event event;
  for (std::string line; std::getline(in, line);) {
    ASSERT_TRUE(parse_event(line, event).has_value());
    originals.emplace(event.id.hex(), line);
  }
  const auto stored = exported(instance);
  EXPECT_GT(stored.size(), originals.size() * 8 / 10);
  for (const auto& [id, line] : stored) ASSERT_EQ(line, originals[id]);

  // The second import changes nothing.
  instance.command({"import", file->string()});
  EXPECT_EQ(exported(instance), stored);
}

TEST(Archive, AcceptsBareEventsAndMessagesAndCountsRefusalsWithTheirLines) {
  const SystemClock clock;
  const auto notes = signed_notes(3, clock.unix_now() - 100, 21);
  Event forged = notes[2];
  forged.content += "!";
  std::string input = line_of(notes[0]);
  input += "[\"EVENT\"," + line_of(notes[1]).substr(0, line_of(notes[1]).size() - 1) + "]\n\n";
  input += line_of(forged) + "not json\n" + line_of(notes[0]);

  PharosInstance instance;
  prepare(instance);
  const Ran ran = instance.command({"import", "-"}, input);
  EXPECT_EQ(ran.exit_code, 2) << "some lines were refused";
  EXPECT_THAT(ran.err + ran.out, HasSubstr("4")) << "the forged event's line";
  EXPECT_THAT(ran.err + ran.out, HasSubstr("invalid_id"));
  EXPECT_EQ(exported(instance).size(), 2U);
}

TEST(Archive, ExportsByFilterAndTimeRange) {
  const auto notes = signed_notes(40, 1'700'000'000, 22);
  std::string input;
  for (const Event& note : notes) input += line_of(note);
  PharosInstance instance;
  prepare(instance);
  ASSERT_EQ(instance.command({"import", "-"}, input).exit_code, 0);
  EXPECT_EQ(exported(instance, {"--since", "1700000002", "--until", "1700000003"}).size(), 8U);
  EXPECT_EQ(exported(instance, {"--filter", "{\"#t\":[\"load3\"]}"}).size(), 4U);
  EXPECT_EQ(instance.command({"scan", "--count"}).out, "40\n");
}

TEST(Archive, CompressedRoundTrip) {
  const auto notes = signed_notes(500, 1'700'000'000, 23);
  std::string input;
  for (const Event& note : notes) input += line_of(note);
  PharosInstance first;
  prepare(first);
  ASSERT_EQ(first.command({"import", "-"}, input).exit_code, 0);
  const auto file = first.directory() / "all.jsonl.zst";
  ASSERT_EQ(first.command({"export", "--zstd", "--output", file.string()}).exit_code, 0);
  EXPECT_LT(std::filesystem::file_size(file), input.size() / 2);
  PharosInstance second;
  prepare(second);
  const Ran ran = second.command({"import", file.string()});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(exported(second), exported(first));
}

}  // namespace
}  // namespace pharos::testing
