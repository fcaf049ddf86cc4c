// Write-policy plugins as an operator and a client meet them: programs of every sort, good and bad, and a relay that
// goes on.

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>

#include "app/exit_code.h"
#include "nostr/schnorr.h"
#include "support/event_builder.h"
#include "support/eventually.h"
#include "support/nostr_client.h"
#include "support/paths.h"
#include "support/pharos_instance.h"
#include "support/ws_client.h"

namespace pharos::testing {
namespace {

using app::ExitCode;
using test::Person;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// In sh: $line is a question, $id its id.
constexpr const char* kEachLine = "while read -r line; do id=${line#*\\\"id\\\":\\\"}; id=${id%%\\\"*}; ";
std::string answer(const std::string& action, const std::string& id = "$id") {
  return "echo \"{\\\"id\\\":\\\"" + id + "\\\",\\\"action\\\":\\\"" + action + "\\\"}\"; ";
}

bool has(const std::string& program) { return run({"sh", "-c", "command -v " + program}).exit_code == 0; }

class PluginTest : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    const std::string file = (dir_.path() / name).string();
    std::ofstream(file) << text;
    ::chmod(file.c_str(), 0700);
    return file;
  }
  std::string script(const std::string& text) { return write("policy", "#!/bin/sh\n" + text + "\n"); }
  static std::string section(const std::string& command, const std::string& more = {}) {
    return "[plugin]\ncommand = '" + command + "'\nbackoff_first = \"10ms\"\nbackoff_cap = \"100ms\"\n" + more + "\n";
  }

  // A relay with that plugin; its client.
  void serve(const std::string& command, const std::string& more = {}) {
    relay_ = std::make_unique<PharosInstance>(section(command, more));
    ASSERT_TRUE(relay_->start()) << relay_->log();
    client_ = std::make_unique<NostrClient>(relay_->relay_address());
  }
  Event note(const std::string& content, Kind kind = 1) {
    return alice_.event(kind, SystemClock().unix_now(), content);
  }
  OkReply publish(const Event& event) { return client_->publish(event); }
  OkReply publish(const std::string& content) { return publish(note(content)); }
  bool is_stored(const Event& event) {
    NostrClient other(relay_->relay_address());
    return !other.query(R"({"ids":[")" + event.id.hex() + R"("]})").empty();
  }
  // What is not the plugin's business goes on: queries, and requests to vanish, which it is not asked about.
  void expect_ordinary_traffic() {
    NostrClient other(relay_->relay_address());
    std::string closed;
    other.query(R"({"kinds":[1],"limit":5})", &closed);
    EXPECT_EQ(closed, "");
    Person gone(++persons_);
    EXPECT_TRUE(other.publish(gone.event(62, SystemClock().unix_now(), "", {{"relay", "ALL_RELAYS"}})).accepted);
  }
  // The next message of that sort.
  template <class Reply>
  static std::optional<Reply> next(NostrClient& client) {
    while (auto message = client.next()) {
      if (auto* reply = std::get_if<Reply>(&*message)) return std::move(*reply);
    }
    return std::nullopt;
  }
  // The value of a series, 0 where there is none.
  double metric(const std::string& series) const {
    const std::string body = "\n" + http_get(relay_->admin_address(), "/metrics").body;
    const auto at = body.find("\npharos_" + series + " ");
    return at == std::string::npos ? 0 : std::strtod(body.c_str() + body.find(' ', at), nullptr);
  }

  static Ran try_it(std::vector<std::string> words, const std::string& input = {}, const std::string& seconds = "3") {
    words.insert(words.begin(), {pharos_program(), "plugin", "test", "--timeout", seconds});
    return run(words, input);
  }

  TempDir dir_;
  std::unique_ptr<PharosInstance> relay_;
  std::unique_ptr<NostrClient> client_;
  Person alice_{1};
  std::uint64_t persons_ = 100;
};

TEST_F(PluginTest, DecidesAboutEveryEvent) {
  serve(script(std::string(kEachLine) + "case $line in *shadow*) " + answer("shadowReject") + ";; *evil*) echo " +
               "\"{\\\"id\\\":\\\"$id\\\",\\\"action\\\":\\\"reject\\\",\\\"msg\\\":\\\"no evil words\\\"}\" ;; *) " +
               answer("accept") + ";; esac; done"));
  NostrClient listener(relay_->relay_address());
  listener.subscribe("live", "{}");

  const Event shadowed = note("shadow");
  EXPECT_TRUE(publish(shadowed).accepted);
  EXPECT_FALSE(is_stored(shadowed));
  const Event refused = note("evil");
  const OkReply reply = publish(refused);
  EXPECT_FALSE(reply.accepted);
  EXPECT_EQ(reply.message, "blocked: no evil words");
  EXPECT_FALSE(is_stored(refused));
  EXPECT_TRUE(publish(note("shadow", 20001)).accepted);
  EXPECT_FALSE(publish(note("evil", 20001)).accepted);
  const Event passing = note("good", 20001);
  EXPECT_TRUE(publish(passing).accepted);
  const Event good = note("good");
  EXPECT_TRUE(publish(good).accepted);
  EXPECT_TRUE(is_stored(good));

  for (const EventId& id : {passing.id, good.id}) {
    const auto heard = next<EventReply>(listener);
    ASSERT_TRUE(heard);
    EXPECT_EQ(heard->event.id, id) << "only what was accepted";
  }
}

TEST_F(PluginTest, LearnsWhereAnEventComesFrom) {
  const std::string seen = (dir_.path() / "seen").string();
  script(std::string(kEachLine) + "printf '%s\\n' \"$line\" >> $1; " + answer("accept") + "done");
  serve((dir_.path() / "policy").string() + " " + seen);
  const Event event = note("quotes \" and \n lines");
  ASSERT_TRUE(publish(event).accepted);
  std::ifstream in(seen);
  const std::string line((std::istreambuf_iterator<char>(in)), {});
  EXPECT_THAT(line, StartsWith(R"({"type":"new","event":)" + test::to_json(event) + R"(,"receivedAt":)"));
  EXPECT_THAT(line, HasSubstr(R"("sourceType":"IP4","sourceInfo":"127.0.0.1"})"));
}

TEST_F(PluginTest, ASilentOneHoldsUpNobodyElse) {
  serve(script("cat > /dev/null"), "timeout = \"300ms\"");
  const OkReply reply = publish("x");
  EXPECT_FALSE(reply.accepted);
  EXPECT_THAT(reply.message, StartsWith("error: "));
  expect_ordinary_traffic();
  EXPECT_TRUE(eventually([&] { return metric("plugin_ended_total{reason=\"silent\"}") >= 1; }));
}

TEST_F(PluginTest, FailsOpenWhereItIsToldTo) {
  serve(script("cat > /dev/null"), "timeout = \"300ms\"\non_failure = \"accept\"");
  const Event event = note("x");
  EXPECT_TRUE(publish(event).accepted);
  EXPECT_TRUE(is_stored(event));
}

TEST_F(PluginTest, OneThatNeverReadsFillsNothing) {
  serve(script("sleep 1000"), "timeout = \"300ms\"");
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(publish(std::string(50'000, 'x') + std::to_string(i)).accepted);
  expect_ordinary_traffic();
}

TEST_F(PluginTest, ASlowOneAnswersAsFastAsItCan) {
  serve(script(std::string(kEachLine) + "sleep 0.1; " + answer("accept") + "done"));
  std::vector<Event> events;
  for (int i = 0; i < 10; ++i) events.push_back(note(std::to_string(i)));
  for (const Event& event : events) {
    std::string message;
    append_event_command(message, event);
    client_->ws().send(message);
  }
  expect_ordinary_traffic();
  std::size_t accepted = 0;
  while (accepted < events.size()) {
    const auto reply = next<OkReply>(*client_);
    ASSERT_TRUE(reply);
    EXPECT_TRUE(reply->accepted);
    ++accepted;
  }
}

TEST_F(PluginTest, GarbageBetweenAnswersIsPassedOver) {
  serve(script(std::string(kEachLine) + "echo garbage; " + answer("accept", std::string(64, 'a')) + answer("accept") +
               answer("accept") + "done"));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(publish(std::to_string(i)).accepted);
  EXPECT_GE(metric("plugin_bad_lines_total"), 10);
  EXPECT_THAT(relay_->log(), HasSubstr("a line that is no answer"));
}

TEST_F(PluginTest, ABabblingOneIsEndedAndTheLogStaysSmall) {
  serve(script("yes garbage & yes complaint >&2"), "timeout = \"1h\"");
  EXPECT_TRUE(eventually([&] { return metric("plugin_ended_total{reason=\"garbage\"}") >= 5; }));
  EXPECT_FALSE(publish("x").accepted);
  expect_ordinary_traffic();
  EXPECT_LT(relay_->log().size(), 300'000U);
}

TEST_F(PluginTest, AHundredThousandLinesAreNotKept) {
  serve(script("yes '{\"id\":1}' | head -n 100000; " + std::string(kEachLine) + answer("accept") + "done"));
  EXPECT_TRUE(eventually([&] { return metric("plugin_ended_total{reason=\"garbage\"}") >= 2; }));
  expect_ordinary_traffic();
}

TEST_F(PluginTest, ALineWithoutEndIsNotKept) {
  serve(script("cat /dev/zero"));
  EXPECT_TRUE(eventually([&] { return metric("plugin_ended_total{reason=\"garbage\"}") >= 2; }));
  expect_ordinary_traffic();
}

TEST_F(PluginTest, OneThatCrashesAtEachEventIsStartedAgain) {
  serve(script("read -r line; kill -SEGV $$"));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(publish(std::to_string(i)).accepted);
  EXPECT_TRUE(eventually([&] { return metric("plugin_ended_total{reason=\"exit\"}") >= 1; }));
  EXPECT_TRUE(eventually([&] { return metric("plugin_up") == 1; })) << "and rests between";
  expect_ordinary_traffic();
}

TEST_F(PluginTest, OneThatIsNotThereIsTriedAgain) {
  serve(script("exit 1"));
  EXPECT_FALSE(publish("x").accepted);
  EXPECT_TRUE(eventually([&] { return metric("plugin_ended_total{reason=\"exit\"}") >= 3; }));
  expect_ordinary_traffic();
  EXPECT_THAT(relay_->log(), HasSubstr("exit code 1"));
}

TEST_F(PluginTest, AFileThatDoesNotRunIsAnErrorOfTheSettings) {
  relay_ = std::make_unique<PharosInstance>(section("/nonexistent/policy"));
  EXPECT_FALSE(relay_->start());
  EXPECT_THAT(relay_->log(), HasSubstr("plugin.command: /nonexistent/policy: No such file"));
}

TEST_F(PluginTest, ComesAndGoesWithTheSettings) {
  const std::string rejecting = script(std::string(kEachLine) + answer("reject") + "done");
  serve("");
  EXPECT_TRUE(publish("before").accepted);
  const auto reload = [&](const std::string& command) {
    std::ifstream in(relay_->config_file());
    std::string text((std::istreambuf_iterator<char>(in)), {});
    const auto at = text.find("command = '");
    text.replace(at, text.find('\n', at) - at, "command = '" + command + "'");
    std::ofstream(relay_->config_file()) << text;
    relay_->process().signal(SIGHUP);
  };
  reload(rejecting);
  EXPECT_TRUE(eventually([&] { return !publish("x" + std::to_string(++persons_)).accepted; }));
  reload("");
  EXPECT_TRUE(eventually([&] { return publish("y" + std::to_string(++persons_)).accepted; }));
  EXPECT_TRUE(eventually([&] { return metric("plugin_up") == 0; }));
}

TEST_F(PluginTest, IsEndedWithTheRelayAndMayPutItsThingsAway) {
  const std::string file = (dir_.path() / "tidy").string();
  const std::string command = script("trap 'sleep 0.2; echo done > " + file + "; exit 0' TERM; " + kEachLine +
                                     answer("accept") + "done; sleep 1000 & wait");
  serve("MODE=x " + command);
  ASSERT_TRUE(publish("x").accepted);
  client_.reset();
  EXPECT_EQ(relay_->terminate(), 0);
  EXPECT_TRUE(std::filesystem::exists(file)) << relay_->log();
}

TEST_F(PluginTest, OneThatWillNotGoIsKilled) {
  serve(script("trap '' TERM; " + std::string(kEachLine) + answer("accept") + "done; while :; do sleep 1000; done"));
  ASSERT_TRUE(publish("x").accepted);
  client_.reset();
  EXPECT_EQ(relay_->terminate(), 0);
  EXPECT_THAT(relay_->log(), HasSubstr("plugin: is gone"));
}

TEST_F(PluginTest, IsAskedAboutEventsOfUpstreams) {
  PharosInstance source;
  ASSERT_TRUE(source.start()) << source.log();
  Person bob(2);
  const Event good = bob.event(1, SystemClock().unix_now() - 10, "good");
  const Event bad = bob.event(1, SystemClock().unix_now() - 20, "evil");
  NostrClient author(source.relay_address());
  for (const Event& event : {bad, good}) ASSERT_TRUE(author.publish(event).accepted);
  serve(script(std::string(kEachLine) + "case $line in *evil*\"Stream\"*\"" + source.relay_url() + "\"*) " +
               answer("reject") + ";; *) " + answer("accept") + ";; esac; done"),
        "[router]\nlate_margin = \"80s\"\n[[upstream]]\nname = \"source\"\nurl = \"" + source.relay_url() + "\"");
  EXPECT_TRUE(eventually([&] { return is_stored(good); }));
  EXPECT_TRUE(eventually([&] { return metric("events_rejected_total{source=\"router\",reason=\"policy\"}") >= 1; }));
  EXPECT_FALSE(is_stored(bad));
}

TEST_F(PluginTest, AnImportAsksItWhereItIsToldTo) {
  const std::string command = script(std::string(kEachLine) + "case $line in *evil*\"Import\"*) " + answer("reject") +
                                     ";; *) " + answer("accept") + ";; esac; done");
  std::string lines;
  for (int i = 0; i < 3000; ++i)
    lines += test::to_json(note((i % 3 == 0 ? "evil" : "good") + std::to_string(i))) + "\n";
  PharosInstance asking(section(command, "sources = [\"client\", \"router\", \"import\"]"));
  ASSERT_TRUE(asking.start());
  asking.terminate();
  const Ran asked = asking.command({"import"}, lines);
  EXPECT_EQ(asked.exit_code, static_cast<int>(ExitCode::partial)) << asked.err;
  EXPECT_THAT(asked.err, HasSubstr("stored     2000\n"));
  EXPECT_THAT(asked.err, ::testing::ContainsRegex("policy +1000 "));
  PharosInstance silent(section(command));
  ASSERT_TRUE(silent.start());
  silent.terminate();
  EXPECT_THAT(silent.command({"import"}, lines).err, HasSubstr("stored     3000\n"));
}

TEST_F(PluginTest, ASyncAsksItAsARunningMirrorDoes) {
  PharosInstance source;
  ASSERT_TRUE(source.start()) << source.log();
  NostrClient author(source.relay_address());
  for (const char* content : {"good", "evil"}) ASSERT_TRUE(author.publish(note(content)).accepted);
  PharosInstance here(section(script(std::string(kEachLine) + "case $line in *evil*\"Stream\"*\"" + source.relay_url() +
                                     "\"*) " + answer("reject") + ";; *) " + answer("accept") + ";; esac; done")));
  ASSERT_TRUE(here.start()) << here.log();
  here.terminate();
  const Ran ran = here.command({"sync", source.relay_url(), "--dir", "down"});
  EXPECT_THAT(ran.out, HasSubstr("fetched: 1 stored, 0 known already, 1 refused")) << ran.err;
}

// --- pharos plugin test ---

TEST_F(PluginTest, ATrialOfASoundOne) {
  const std::string file = script("echo hello >&2; " + std::string(kEachLine) + answer("accept") + "done");
  const Ran ran = try_it({"--", file});
  EXPECT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("accept"));
  EXPECT_THAT(ran.out, HasSubstr("its log: hello"));
  EXPECT_THAT(ran.out, HasSubstr("sound: it keeps to the protocol"));
  EXPECT_EQ(try_it({"--", "sh", file}).exit_code, 0) << "several words are a program and its arguments";
}

TEST_F(PluginTest, ATrialTakesTheEventsAndThePluginThatItIsTold) {
  const std::string file = script(std::string(kEachLine) + "case $line in *evil*) " + answer("reject") + ";; *) " +
                                  answer("accept") + ";; esac; done");
  const std::string config = write("pharos.toml", section(file));
  const Ran ran = try_it({"--config", config, "--events", "-"},
                         test::to_json(note("evil")) + "\n\n" + test::to_json(note("good", 7)) + "\n");
  EXPECT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out, ::testing::ContainsRegex("reject .*kind 1 "));
  EXPECT_THAT(ran.out, ::testing::ContainsRegex("accept .*kind 7 "));
  EXPECT_EQ(try_it({"--config", config, "--events", "-"}, "{}\n").exit_code, static_cast<int>(ExitCode::no_input));
  EXPECT_EQ(try_it({"--config", write("empty.toml", "")}).exit_code, static_cast<int>(ExitCode::usage));
}

TEST_F(PluginTest, ATrialSaysInPlainWordsWhatIsWrong) {
  struct Case {
    std::string text;
    ExitCode code;
    std::string says;
  };
  const std::string each = kEachLine;
  const Case cases[] = {
      {each + answer("accept", std::string(64, 'a')) + answer("accept") + "done", ExitCode::partial,
       "an answer with an id that it was not asked about"},
      {each + answer("accept") + answer("accept") + "done", ExitCode::partial, "a second answer to one event"},
      {each + "echo debug; " + answer("accept") + "done", ExitCode::partial, "a line that is no answer, not one JSON"},
      {each + answer("accept") + answer("maybe") + "done", ExitCode::partial, "none of accept, reject, shadowReject"},
      {"cat > /dev/null", ExitCode::unavailable, "it has read the question and prints nothing"},
      {"sleep 1000", ExitCode::unavailable, "it has not even read its standard input"},
      {"lines=; " + each + "lines=\"$lines$(" + answer("accept") + ")\"; done; echo \"$lines\"", ExitCode::unavailable,
       "it answers only when its input ends"},
      {"exit 3", ExitCode::unavailable, "it has ended: exit code 3"},
      {"exec /nonexistent/interpreter", ExitCode::unavailable, "exit code 127: the shell does not find it"},
      {"read -r line; head -c 100000 /dev/zero; sleep 1000", ExitCode::unavailable, "a line of more than 64 KiB"},
      {each + "case $line in *:20001,*) sleep 4 ;; esac; " + answer("accept") + "done", ExitCode::partial,
       "no answer within 3000 ms"},
  };
  for (const Case& one : cases) {
    const Ran ran = try_it({"--", script(one.text)});
    EXPECT_EQ(ran.exit_code, static_cast<int>(one.code)) << one.text << "\n" << ran.out << ran.err;
    EXPECT_THAT(ran.out, HasSubstr(one.says)) << one.text;
    if (one.says.find("prints nothing") != std::string::npos) {
      EXPECT_THAT(ran.out, HasSubstr("wrong: no answer within 3000 ms"));
      EXPECT_THAT(ran.out, Not(HasSubstr("it has ended"))) << "that is our doing";
    }
  }
}

TEST_F(PluginTest, ATrialOfOneThatIsAlwaysWrongSaysThatAndNothingElse) {
  const std::string each = kEachLine;
  for (const std::string& text :
       {each + answer("maybe") + "done", each + answer("accept", std::string(64, 'a')) + "done"}) {
    const Ran ran = try_it({"--", script(text)});
    EXPECT_EQ(ran.exit_code, static_cast<int>(ExitCode::partial)) << "it is there\n" << ran.out;
    EXPECT_THAT(ran.out, HasSubstr("wrong: "));
    EXPECT_THAT(ran.out, HasSubstr("none of the last 3 events got a right answer"));
    EXPECT_THAT(ran.out, Not(HasSubstr("no answer within"))) << text;
    EXPECT_THAT(ran.out, Not(HasSubstr("prints nothing"))) << text;
  }
}

// --- examples, run as they are ---

TEST_F(PluginTest, TheExampleInPython) {
  if (!has("python3")) GTEST_SKIP() << "no python3";
  const std::string file = source_dir() + "/conf/examples/policy.py";
  const Ran ran = try_it({"--", file, "--word", "casino"}, "", "20");
  EXPECT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("\"blocked: that word is not wanted here\"")) << "one of the made-up events";
  serve(file + " --word casino --shadow-word lottery --per-minute 4", "timeout = \"20s\"");
  EXPECT_TRUE(publish("hello").accepted);
  EXPECT_EQ(publish("the Casino").message, "blocked: that word is not wanted here");
  const Event shadowed = note("lottery");
  EXPECT_TRUE(publish(shadowed).accepted);
  EXPECT_FALSE(is_stored(shadowed));
  // Its minutes are those of the clock, and one may just begin.
  bool was_slowed = false;
  for (int i = 0; i < 10 && !was_slowed; ++i)
    was_slowed = publish(std::to_string(i)).message == "rate-limited: slow down";
  EXPECT_TRUE(was_slowed);
}

TEST_F(PluginTest, TheExampleInNode) {
  if (!has("node")) GTEST_SKIP() << "no node";
  const std::string authors = write("authors", "# friends\n" + alice_.hex() + " # Alice\n");
  const std::string command = source_dir() + "/conf/examples/policy.mjs " + authors;
  const Ran ran = try_it({"--", command}, "", "20");
  EXPECT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  serve(command, "timeout = \"20s\"");
  EXPECT_TRUE(publish("hello").accepted);
  Person bob(2);
  EXPECT_EQ(publish(bob.event(1, SystemClock().unix_now(), "hello")).message,
            "auth-required: only for those on the list");
  EXPECT_TRUE(publish(bob.event(10002, SystemClock().unix_now(), "")).accepted);
}

}  // namespace
}  // namespace pharos::testing
