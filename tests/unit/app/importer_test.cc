// Import and export against a real store: every line in exactly one count, and what goes in comes out.

#include "app/importer.h"

#include <fstream>
#include <future>
#include <map>
#include <thread>

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "app/exporter.h"
#include "nostr/event_json.h"
#include "storage/info.h"
#include "support/eventually.h"
#include "support/signed_notes.h"
#include "support/temp_dir.h"
#include "util/worker_pool.h"

namespace pharos::app {
namespace {

using ::testing::ContainsRegex;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::Key;
using ::testing::Lt;
using ::testing::Pair;
using ::testing::StartsWith;

std::string json_of(const Event& event) {
  std::string json;
  append_event_json(json, event);
  return json;
}

void append_line(const storage::RecordView& record, std::string& text) {
  record.append_json(text);
  text += '\n';
}

class ImporterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    storage::StoreOptions options;
    options.directory = dir_.path() / "data";
    options.map_size_bytes = std::uint64_t{1} << 30;
    auto opened = storage::Store::open(options, clock_);
    ASSERT_TRUE(opened.has_value()) << opened.error().detail;
    store_ = std::move(opened).value();
    pipeline_ = ingest::make_pipeline(ingest::Options{}, *store_, pool_, clock_);
  }
  void TearDown() override {
    pipeline_->stop();
    pipeline_->wait_idle(std::chrono::seconds(10));
    pool_.stop();
    store_->stop();
  }

  ImportReport import(const std::string& text, bool trusted = false) {
    const auto file = dir_.path() / "lines";
    std::ofstream(file, std::ios::binary) << text;
    auto lines = LineSource::open(file);
    EXPECT_TRUE(lines.has_value());
    ImportOptions options;
    options.show_progress = false;
    options.lines_shown_per_reason = 2;
    options.trusted = trusted;
    options.on_refused = [this](std::string_view line, std::string_view why) {
      refused_[std::string(line.substr(line.rfind('/') + 1))] = std::string(why);
    };
    ImportReport report;
    EXPECT_TRUE(import_lines(*lines.value(), *pipeline_, clock_, options, report).has_value());
    return report;
  }

  std::vector<std::string> exported(std::vector<Filter> filters = {Filter{}}) {
    std::string text;
    const WalkResult walked =
        walk_events(*store_, std::move(filters), clock_, append_line, [&](std::string_view slice) {
          text += slice;
          return true;
        });
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    EXPECT_TRUE(walked.complete);
    EXPECT_EQ(walked.events, lines.size());
    return lines;
  }

  testing::TempDir dir_;
  SystemClock clock_;
  WorkerPool pool_{"test", 2, 1024};
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<ingest::Pipeline> pipeline_;
  std::map<std::string, std::string> refused_;
};

TEST_F(ImporterTest, WhatGoesInComesOutNewestFirst) {
  // Years old: the age limits are for clients.
  const auto notes = testing::signed_notes(300, 1'500'000'000, 3);
  std::string text;
  std::vector<std::string> expected;
  for (const Event& note : notes) text += expected.emplace_back(json_of(note)) + "\n";
  const ImportReport report = import(text);
  EXPECT_EQ(report.lines, 300U);
  EXPECT_EQ(report.stored, 300U);
  EXPECT_EQ(report.refused_total(), 0U);
  const auto lines = exported();
  EXPECT_THAT(lines, ::testing::UnorderedElementsAreArray(expected));
  Event newer;
  Event older;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    ASSERT_TRUE(parse_event(lines[i - 1], newer) && parse_event(lines[i], older));
    EXPECT_GE(newer.created_at, older.created_at);
  }
}

TEST_F(ImporterTest, EveryLineEndsUpInExactlyOneCount) {
  const auto notes = testing::signed_notes(4, 1'700'000'000, 4);
  Event forged = notes[3];
  forged.content += "!";
  const std::string text = json_of(notes[0]) + "\n" +                   // 1 stored
                           "[\"EVENT\"," + json_of(notes[1]) + "]\n" +  // 2 stored
                           "[\"EVENT\",\"sub\"," + json_of(notes[2]) +
                           "]\n"   // 3 stored
                           "\n" +  // 4 empty
                           json_of(forged) +
                           "\n" +                        // 5 invalid_id
                           "not json\n" +                // 6 invalid_event
                           "[\"REQ\",\"sub\",{}]\n" +    // 7 invalid_event
                           json_of(notes[0]) + "\r\n" +  // 8 duplicate
                           "{\"id\":1}";                 // 9 invalid_event
  const ImportReport report = import(text);
  EXPECT_EQ(report.lines, 8U);
  EXPECT_EQ(report.stored, 3U);
  EXPECT_EQ(report.duplicate, 1U);
  EXPECT_EQ(report.refused_total(), 4U);
  EXPECT_EQ(report.lines,
            report.stored + report.duplicate + report.replaced + report.ephemeral + report.refused_total());
  const auto& invalid = report.refused[static_cast<std::size_t>(ingest::Reason::invalid_event)];
  EXPECT_EQ(invalid.count, 3U);
  EXPECT_THAT(invalid.first_lines, ElementsAre(EndsWith("/lines:6"), EndsWith("/lines:7"))) << "as many as asked for";
  EXPECT_THAT(refused_, ElementsAre(Key("lines:5"), Key("lines:6"), Key("lines:7"), Key("lines:9")));
  EXPECT_THAT(report.text(1.0), ContainsRegex("invalid_id +1  /.*/lines:5\n"));
  EXPECT_EQ(exported().size(), 3U);
}

TEST_F(ImporterTest, TrustIsInIdsAndSignaturesAlone) {
  const auto notes = testing::signed_notes(3, 1'700'000'000, 9);
  Event forged = notes[0];
  forged.sig.data[0] ^= 1U;
  Event other_body = notes[1];
  other_body.content += "!";
  Event ephemeral = notes[2];
  ephemeral.kind = 20'000;
  Event expired = notes[2];
  expired.id.data[0] ^= 1U;
  expired.tags.add({"expiration", "1700000001"});
  Event large = notes[2];
  large.id.data[0] ^= 2U;
  large.content.assign(ingest::AdmissionOptions{}.max_content_length + 1, 'x');
  const std::string text = json_of(forged) + "\n" +      // 1
                           json_of(other_body) + "\n" +  // 2
                           json_of(forged) + "\n" +      // 3, a duplicate
                           "{\"id\":\n" +                // 4
                           json_of(ephemeral) + "\n" +   // 5, years old
                           json_of(expired) + "\n" +     // 6
                           json_of(large) + "\n";        // 7

  const ImportReport checked = import(text);
  EXPECT_EQ(checked.stored, 0U);
  EXPECT_EQ(checked.refused_total(), 7U);
  EXPECT_EQ(checked.refused[static_cast<std::size_t>(ingest::Reason::invalid_signature)].count, 2U);
  EXPECT_EQ(checked.refused[static_cast<std::size_t>(ingest::Reason::invalid_id)].count, 1U);

  refused_.clear();
  const ImportReport trusted = import(text, true);
  EXPECT_EQ(trusted.lines, 7U);
  EXPECT_EQ(trusted.stored, 2U);
  EXPECT_EQ(trusted.duplicate, 1U);
  EXPECT_EQ(trusted.refused_total(), 4U);
  EXPECT_THAT(refused_,
              ElementsAre(Pair("lines:4", StartsWith("invalid_event")), Pair("lines:5", StartsWith("created_at_old")),
                          Pair("lines:6", StartsWith("expired")), Pair("lines:7", StartsWith("too_large"))));
  EXPECT_EQ(exported().size(), 2U);
}

TEST_F(ImporterTest, BlocksThatAreParsedSideBySideAreStoredInTheOrderOfTheFile) {
  // Versions of one profile, each newer than the one before: in any other order some would be replaced already.
  Event version = testing::signed_notes(1, 1'700'000'000, 10).front();
  version.kind = 0;
  version.content.assign(20'000, 'x');
  std::string text;
  constexpr std::size_t kVersions = 100;
  for (std::size_t i = 0; i < kVersions; ++i) {
    version.id.data[0] = static_cast<std::uint8_t>(i);
    ++version.created_at;
    text += json_of(version) + "\n";
    if (i % 10 == 9) text += "not json\n";
  }
  const ImportReport report = import(text, true);
  EXPECT_EQ(report.stored, kVersions);
  EXPECT_EQ(report.replaced, 0U);
  const auto& invalid = report.refused[static_cast<std::size_t>(ingest::Reason::invalid_event)];
  EXPECT_EQ(invalid.count, 10U);
  EXPECT_THAT(invalid.first_lines, ElementsAre(EndsWith("/lines:11"), EndsWith("/lines:22")));
  EXPECT_EQ(exported(), std::vector{json_of(version)});
}

TEST_F(ImporterTest, WhatAPipeBringsIsStoredWhileItIsOpen) {
  const auto pipe = dir_.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const auto notes = testing::signed_notes(2, 1'700'000'000, 11);
  std::thread sender([&] {
    std::ofstream out(pipe, std::ios::binary);
    out << json_of(notes[0]) << "\n" << std::flush;
    EXPECT_TRUE(testing::eventually([&] { return store_->last_seq() == 1; }));
    out << json_of(notes[1]);
  });
  auto lines = LineSource::open(pipe);
  ImportOptions options;
  options.show_progress = false;
  ImportReport report;
  EXPECT_TRUE(lines && import_lines(*lines.value(), *pipeline_, clock_, options, report));
  sender.join();
  EXPECT_EQ(report.stored, 2U);
}

TEST_F(ImporterTest, OneThatIsStoppedTellsWhereAndStoresWhatWasRead) {
  const auto pipe = dir_.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const auto notes = testing::signed_notes(2, 1'700'000'000, 11);
  std::atomic<bool> stop{false};
  std::promise<void> ended;
  std::thread sender([&] {
    std::ofstream out(pipe, std::ios::binary);
    out << json_of(notes[0]) << "\n" << json_of(notes[1]) << std::flush;
    EXPECT_TRUE(testing::eventually([&] { return store_->last_seq() == 1; }));
    stop = true;
    ended.get_future().wait();  // the pipe stays open, and silent
  });
  auto lines = LineSource::open(pipe, &stop);
  ImportOptions options;
  options.show_progress = false;
  ImportReport report;
  EXPECT_TRUE(lines);
  const auto imported = import_lines(*lines.value(), *pipeline_, clock_, options, report);
  ended.set_value();
  sender.join();
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error(), "stopped before line 2 of " + pipe.string() + "; what was read is in the database");
  EXPECT_EQ(report.stored, 1U);
}

TEST_F(ImporterTest, WhiteSpaceAndAByteOrderMarkArePassedOver) {
  const auto notes = testing::signed_notes(3, 1'700'000'000, 7);
  const ImportReport report = import("\xef\xbb\xbf" + json_of(notes[0]) + "\n" +      // 1
                                     "  \t \n\r\n" +                                  // 2, 3
                                     " \t[\"EVENT\"," + json_of(notes[1]) + "] \n" +  // 4
                                     "\xef\xbb\xbf" + json_of(notes[2]) + "\n");      // 5
  EXPECT_EQ(report.lines, 3U);
  EXPECT_EQ(report.stored, 2U);
  EXPECT_THAT(refused_, ElementsAre(Key("lines:5"))) << "a mark stands at the start alone";
}

TEST_F(ImporterTest, ASecondRunOfTheSameFileStoresNothing) {
  const auto notes = testing::signed_notes(50, 1'700'000'000, 5);
  std::string text;
  for (const Event& note : notes) text += json_of(note) + "\n";
  EXPECT_EQ(import(text).stored, 50U);
  const ImportReport again = import(text);
  EXPECT_EQ(again.stored, 0U);
  EXPECT_EQ(again.duplicate, 50U);
}

TEST_F(ImporterTest, AWalkWritesBoundedPiecesAndHoldsNoReaderMeanwhile) {
  const auto notes = testing::signed_notes(60, 1'700'000'000, 6, 200'000);
  std::string text;
  for (const Event& note : notes) text += json_of(note) + "\n";
  ASSERT_EQ(import(text).stored, notes.size());
  // LMDB tells how many slots were ever in use at a time: one more than before, were another reader standing.
  const auto slots_with = [&](std::uint64_t readers) {
    std::vector<storage::ReadTxn> standing;
    while (standing.size() < readers) standing.push_back(std::move(store_->read()).value());
    return storage::read_info(standing.back(), store_->tables()).readers;
  };
  const std::uint64_t slots = slots_with(1);
  std::vector<std::size_t> pieces;
  std::vector<std::uint64_t> slots_seen;
  const WalkResult walked = walk_events(*store_, {Filter{}}, clock_, append_line, [&](std::string_view piece) {
    pieces.push_back(piece.size());
    slots_seen.push_back(slots_with(slots));
    return true;
  });
  EXPECT_TRUE(walked.complete);
  EXPECT_GT(pieces.size(), 2U);
  EXPECT_THAT(pieces, Each(Lt(5U << 20U)));
  EXPECT_THAT(slots_seen, Each(slots));
}

TEST_F(ImporterTest, AWalkEndsWhereWritingFails) {
  const auto notes = testing::signed_notes(20, 1'700'000'000, 6);
  std::string text;
  for (const Event& note : notes) text += json_of(note) + "\n";
  import(text);
  int written = 0;
  const WalkResult walked = walk_events(*store_, {Filter{}}, clock_, append_line, [&](std::string_view) {
    ++written;
    return false;
  });
  EXPECT_EQ(written, 1);
  EXPECT_FALSE(walked.complete);
}

}  // namespace
}  // namespace pharos::app
