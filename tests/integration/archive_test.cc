// Import, export, scan, db check and db info from outside.

#include <csignal>
#include <fstream>
#include <map>
#include <regex>
#include <set>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nostr/address.h"
#include "nostr/canonical.h"
#include "nostr/event_json.h"
#include "nostr/kind.h"
#include "nostr/schnorr.h"
#include "support/eventually.h"
#include "support/nostr_client.h"
#include "support/pharos_instance.h"
#include "support/read_file.h"
#include "support/real_data.h"
#include "support/signed_notes.h"

namespace pharos::testing {
namespace {

using ::testing::ContainsRegex;
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

// The number behind a name in the report of an import: "  stored     16287".
std::uint64_t count_of(const std::string& report, const std::string& name) {
  std::smatch found;
  if (!std::regex_search(report, found, std::regex("\n +" + name + " +([0-9]+)"))) return 0;
  return std::stoull(found[1]);
}

// "file:line: reason: detail" of every refused line.
std::map<std::size_t, std::string> reasons_by_line(const std::filesystem::path& rejects, const std::string& file) {
  std::map<std::size_t, std::string> reasons;
  std::ifstream in(rejects);
  for (std::string line; std::getline(in, line);) {
    EXPECT_TRUE(line.starts_with(file + ":")) << line;
    std::istringstream rest(line.substr(file.size() + 1));
    std::size_t number = 0;
    char colon = 0;
    std::string reason;
    rest >> number >> colon;
    std::getline(rest >> std::ws, reason, ':');
    EXPECT_TRUE(reasons.emplace(number, reason).second) << "twice: " << line;
  }
  return reasons;
}

// What the door says to an event of an archive, "" when it takes it.
std::string refusal_at_door(const Event& event, UnixSeconds now) {
  if (event.kind == kind::kClientAuth) return "auth_kind";
  if (classify(event.kind) == KindClass::ephemeral) return "created_at_old";
  return is_expired(event, now) ? "expired" : "";
}

// Deletion and replacement by the letter, over a whole file at once.
class Outcome {
 public:
  void add(const Event& event) {
    if (event.kind == kind::kDeletion) {
      for (const TagView tag : event.tags) {
        if (tag.name() == "e") deleted_ids_.emplace(tag.value(), event.pubkey.hex());
        const auto address = tag.name() == "a" ? parse_address(tag.value()) : std::nullopt;
        if (!address || address->pubkey != event.pubkey) continue;
        UnixSeconds& until = deleted_addresses_.try_emplace(*address, -1).first->second;
        until = std::max(until, event.created_at);
      }
    }
    if (const auto address = address_of(event)) {
      const auto [newest, first] = newest_.try_emplace(*address, event);
      if (!first && is_newer(event, newest->second)) newest->second = event;
    }
  }
  bool deletes(const Event& event) const {
    if (event.kind == kind::kDeletion) return false;
    const std::string id = event.id.hex();
    if (deleted_ids_.contains({id, event.pubkey.hex()})) return true;
    for (const TagView tag : event.tags) {
      const bool recipient = event.kind == kind::kGiftWrap && tag.name() == "p";
      if (recipient && deleted_ids_.contains({id, std::string(tag.value())})) return true;
    }
    const auto address = address_of(event);
    const auto found = address ? deleted_addresses_.find(*address) : deleted_addresses_.end();
    return found != deleted_addresses_.end() && event.created_at <= found->second;
  }
  bool replaces(const Event& event) const {
    const auto address = address_of(event);
    const auto found = address ? newest_.find(*address) : newest_.end();
    return found != newest_.end() && found->second.id != event.id;
  }

 private:
  static std::optional<Address> address_of(const Event& event) {
    const KindClass kind = classify(event.kind);
    if (kind == KindClass::replaceable) return Address{event.kind, event.pubkey, {}};
    if (kind == KindClass::addressable) return Address{event.kind, event.pubkey, std::string(identifier(event))};
    return std::nullopt;
  }
  static bool is_newer(const Event& a, const Event& b) {
    return a.created_at != b.created_at ? a.created_at > b.created_at : a.id < b.id;
  }

  std::set<std::pair<std::string, std::string>> deleted_ids_;  // id, who asked
  std::map<Address, UnixSeconds> deleted_addresses_;
  std::map<Address, Event> newest_;
};

TEST(Archive, RealEventsComeBackByteForByteAndAllAreAccountedFor) {
  const auto file = real_data("real-events.jsonl");
  if (!file) GTEST_SKIP() << "no recorded events on this machine";
  std::vector<std::pair<std::string, Event>> originals;
  std::set<EventId> ids;
  std::ifstream in(*file);
  for (std::string line; std::getline(in, line);) {
    Event event;
    ASSERT_TRUE(parse_event(line, event).has_value());
    ids.insert(event.id);
    originals.emplace_back(line, std::move(event));
  }

  PharosInstance instance;
  prepare(instance);
  const UnixSeconds now = SystemClock().unix_now();
  const auto rejects = instance.directory() / "rejects";
  const Ran imported = instance.command({"import", "--rejects", rejects.string(), file->string()});
  const auto reasons = reasons_by_line(rejects, file->string());
  EXPECT_EQ(imported.exit_code, reasons.empty() ? 0 : 2) << imported.err;

  // Every line has one fate, and the report's numbers are those of the lines.
  const std::string report = "\n" + imported.err;
  EXPECT_THAT(report, HasSubstr("\n" + std::to_string(originals.size()) + " lines in "));
  EXPECT_EQ(count_of(report, "refused"), reasons.size()) << report;
  EXPECT_EQ(count_of(report, "stored") + count_of(report, "duplicate") + count_of(report, "replaced") +
                count_of(report, "ephemeral") + count_of(report, "refused"),
            originals.size())
      << report;
  EXPECT_EQ(count_of(report, "ephemeral"), 0U);
  std::map<std::string, std::size_t> by_reason;
  for (const auto& [line, reason] : reasons) ++by_reason[reason];
  for (const auto& [reason, count] : by_reason) EXPECT_EQ(count_of(report, reason), count) << report;

  // Every refusal is right, and none is missing.
  Outcome outcome;
  for (std::size_t i = 0; i < originals.size(); ++i) {
    if (!reasons.contains(i + 1)) outcome.add(originals[i].second);
  }
  std::map<std::string, std::string> expected;
  std::size_t admitted_twice = 0;
  for (std::size_t i = 0; i < originals.size(); ++i) {
    const auto& [line, event] = originals[i];
    const std::string at_door = refusal_at_door(event, now);
    const auto found = reasons.find(i + 1);
    if (!at_door.empty() || found != reasons.end()) {
      const std::string told = found == reasons.end() ? "taken" : found->second;
      const std::string right = at_door.empty() && outcome.deletes(event) ? "deleted" : at_door;
      EXPECT_EQ(told, right) << "line " << i + 1;
      continue;
    }
    if (outcome.deletes(event) || outcome.replaces(event)) continue;
    if (!expected.emplace(event.id.hex(), line).second) ++admitted_twice;
  }
  EXPECT_LE(admitted_twice, count_of(report, "duplicate"));
  EXPECT_LE(count_of(report, "duplicate"), originals.size() - ids.size());

  const auto stored = exported(instance);
  EXPECT_EQ(stored, expected);
  const Ran check = instance.command({"db", "check"});
  EXPECT_EQ(check.exit_code, 0) << check.out << check.err;

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
  EXPECT_THAT(ran.err, ContainsRegex("invalid_id +1  standard input:4\n"));
  EXPECT_THAT(ran.err, ContainsRegex("invalid_event +1  standard input:5\n"));
  EXPECT_EQ(exported(instance).size(), 2U);
}

TEST(Archive, ATrustedFileIsTakenAtItsWord) {
  Event forged = signed_notes(1, 1'700'000'000, 26).front();
  forged.sig.data[0] ^= 1U;
  PharosInstance instance;
  prepare(instance);
  const Ran refused = instance.command({"import", "-"}, line_of(forged));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, ContainsRegex("invalid_signature +1  standard input:1\n"));
  const Ran taken = instance.command({"import", "--trusted", "-"}, line_of(forged) + "not json\n");
  EXPECT_EQ(count_of(taken.err, "stored"), 1U);
  EXPECT_THAT(taken.err, ContainsRegex("invalid_event +1  standard input:2\n"));
  EXPECT_EQ(exported(instance).size(), 1U);
}

// Restoring gives back what authors gave to this relay alone (NIP-70).
TEST(Archive, ProtectedEventsComeBackUnlessRefused) {
  Event event;
  event.kind = 1;
  event.created_at = 1'700'000'000;
  event.tags = {{"-"}};
  SeededRandom random(24);
  sign_event(event, generate_secret_key(random), random);
  PharosInstance instance;
  prepare(instance);
  const Ran refused = instance.command({"import", "--refuse-protected", "-"}, line_of(event));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, ContainsRegex("protected_event +1  standard input:1\n"));
  EXPECT_EQ(instance.command({"import", "-"}, line_of(event)).exit_code, 0);
  EXPECT_EQ(exported(instance).size(), 1U);
}

// Lines of events that trusted import takes: nobody signed them.
std::string trusted_lines(std::size_t count) {
  Event event;
  event.kind = 1;
  event.content = std::string(700, 'x');
  std::string lines;
  for (std::size_t i = 0; i < count; ++i) {
    event.created_at = 1'700'000'000 + static_cast<UnixSeconds>(i);
    event.id = compute_id(event);
    lines += line_of(event);
  }
  return lines;
}

TEST(Archive, AnImportThatWasKilledIsRunAgain) {
  PharosInstance instance;
  prepare(instance);
  const auto file = instance.directory() / "all.jsonl";
  constexpr std::size_t kEvents = 20'000;
  std::ofstream(file) << trusted_lines(kEvents);
  {
    Process import(
        {pharos_program(), "import", "--trusted", file.string(), "--config", instance.config_file().string()}, {}, {},
        {{"PHAROS_STORAGE__MEMTABLE_SIZE", "1MiB"}});
    const auto data = instance.data() / "data.mdb";
    const auto empty = std::filesystem::file_size(data);
    EXPECT_TRUE(eventually([&] { return std::filesystem::file_size(data) > empty + (1U << 20U); }));
    import.signal(SIGKILL);
    EXPECT_EQ(import.wait(), 128 + SIGKILL);
  }
  EXPECT_EQ(instance.command({"db", "check"}).exit_code, 0);
  const Ran again = instance.command({"import", "--trusted", file.string()});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_GT(count_of(again.err, "duplicate"), 0U);
  EXPECT_GT(count_of(again.err, "stored"), 0U);
  EXPECT_EQ(instance.command({"scan", "--count"}).out, std::to_string(kEvents) + "\n");
  EXPECT_EQ(instance.command({"db", "check"}).exit_code, 0);
}

TEST(Archive, AnImportWritesItsRejectsOverNoFileUnasked) {
  PharosInstance instance;
  prepare(instance);
  const std::string file = instance.directory() / "all.jsonl";
  std::ofstream(file) << "no event\n";
  const Ran ran = instance.command({"import", file, "--rejects", file});
  EXPECT_EQ(ran.exit_code, 73);
  EXPECT_THAT(ran.err, HasSubstr(file + ": it is there already"));
  EXPECT_EQ(read_file(file), "no event\n");
  EXPECT_EQ(instance.command({"import", file, "--force", "--rejects", file}).exit_code, 2);
  EXPECT_THAT(read_file(file), HasSubstr(file + ":1: "));
}

TEST(Archive, ADatabaseThatWasCutShortIsToldOf) {
  PharosInstance instance;
  prepare(instance);
  const auto file = instance.directory() / "all.jsonl";
  std::ofstream(file) << trusted_lines(20'000);
  ASSERT_EQ(instance.command({"import", "--trusted", file}).exit_code, 0);
  const auto data = instance.data() / "data.mdb";
  std::filesystem::resize_file(data, std::filesystem::file_size(data) / 2);
  const Ran check = instance.command({"db", "check"});
  EXPECT_EQ(check.exit_code, 74) << check.out;
  EXPECT_THAT(check.err, HasSubstr("the database could not be read: its file was cut short"));
}

TEST(Archive, WhatCannotBePrintedIsAnError) {
  for (const std::string command : {"config reference", "config check", "key generate -o -", "--help"}) {
    const Ran ran = run({"/bin/sh", "-c", pharos_program() + " " + command + " > /dev/full"});
    EXPECT_EQ(ran.exit_code, 74) << command << "\n" << ran.err;
    EXPECT_THAT(ran.err, HasSubstr("standard output: ")) << command;
  }
}

TEST(Archive, AnExportThatIsStoppedLeavesNoFile) {
  PharosInstance instance;
  prepare(instance);
  std::string lines;
  for (const Event& note : signed_notes(600, 1'700'000'000, 9, 60'000)) lines += line_of(note);
  ASSERT_EQ(instance.command({"import", "--trusted", "-"}, lines).exit_code, 0);
  const auto names = [&] {
    std::set<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(instance.directory()))
      found.insert(entry.path().filename().string());
    return found;
  };
  const std::set<std::string> before = names();
  const auto err = instance.directory() / "err";
  const auto file = instance.directory() / "all.jsonl.zst";
  Process exporting({pharos_program(), "export", "-o", file.string(), "--config", instance.config_file().string()}, {},
                    err);
  ASSERT_TRUE(eventually([&] { return names().size() > before.size() + 1; })) << "its log, and the draft";
  exporting.signal(SIGTERM);
  EXPECT_EQ(exporting.wait(), 1);
  EXPECT_THAT(read_file(err), HasSubstr("stopped: " + file.string() + " was not written"));
  std::filesystem::remove(err);
  EXPECT_EQ(names(), before);
}

TEST(Archive, AnExportToAPipeEndsWhenItIsToldTo) {
  PharosInstance instance;
  prepare(instance);
  const auto pipe = instance.directory() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const auto settings = instance.directory() / "settings";
  ASSERT_EQ(::mkfifo(settings.c_str(), 0600), 0);
  Process exporting({pharos_program(), "export", "-o", pipe.string(), "--config", settings.string()}, {}, {});
  // It runs: it waits for its settings, then for somebody to read.
  int writer = -1;
  ASSERT_TRUE(eventually([&] { return (writer = ::open(settings.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)) >= 0; }));
  const std::string text = read_file(instance.config_file());
  ASSERT_EQ(::write(writer, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::close(writer);
  exporting.signal(SIGTERM);
  EXPECT_EQ(exporting.wait(), 128 + SIGTERM);
}

TEST(Archive, AnImportThatCannotBeWrittenAtTheEndFails) {
  PharosInstance instance;
  prepare(instance);
  const auto file = instance.directory() / "all.jsonl";
  std::ofstream(file) << trusted_lines(20'000);
  const Ran ran = run({pharos_program(), "import", "--trusted", file.string(), "--config", instance.config_file()}, {},
                      {{"PHAROS_STORAGE__MAP_SIZE", "16MiB"}});
  EXPECT_EQ(ran.exit_code, 74) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("the database cannot be written"));
  EXPECT_EQ(instance.command({"db", "check"}).exit_code, 0);
}

TEST(Archive, AFileThatCannotBeOpenedIsNamed) {
  PharosInstance instance;
  prepare(instance);
  const Ran ran = instance.command({"import", "/no/such.jsonl"});
  EXPECT_EQ(ran.exit_code, 66);
  EXPECT_THAT(ran.err, HasSubstr("/no/such.jsonl"));
}

TEST(Archive, RejectsThatCannotBeWrittenAreAFailure) {
  PharosInstance instance;
  prepare(instance);
  const Ran ran = instance.command({"import", "--rejects", "/dev/full", "-"}, "not json\n");
  EXPECT_EQ(ran.exit_code, 74);
  EXPECT_THAT(ran.err, HasSubstr("/dev/full"));
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
  const Ran wrote = first.command({"export", "--output", file.string()});
  ASSERT_EQ(wrote.exit_code, 0) << wrote.err;
  EXPECT_THAT(wrote.err, HasSubstr("500 events written to " + file.string()));
  EXPECT_LT(std::filesystem::file_size(file), input.size() / 2) << "compressed, as its name says";
  const Ran refused = first.command({"export", "--output", file.string()});
  EXPECT_EQ(refused.exit_code, 73);
  EXPECT_THAT(refused.err, HasSubstr("--force"));
  EXPECT_EQ(first.command({"export", "--force", "--zstd", "--output", file.string()}).exit_code, 0);
  PharosInstance second;
  prepare(second);
  const Ran ran = second.command({"import", file.string()});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(exported(second), exported(first));
}

}  // namespace
}  // namespace pharos::testing
