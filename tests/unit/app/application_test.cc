// The program as a whole in one process: start, answer, reload, stop.

#include "app/application.h"

#include <fstream>

#include <gmock/gmock.h>

#include "app/run_file.h"
#include "app/settings_check.h"
#include "support/eventually.h"
#include "support/paths.h"
#include "support/temp_dir.h"
#include "support/ws_client.h"
#include "util/log.h"

namespace pharos::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ApplicationTest : public ::testing::Test {
 protected:
  std::filesystem::path data() const { return dir_.path() / "data"; }

  void write_settings(const std::string& more, const std::string& relay_listen = "127.0.0.1:0") {
    std::ofstream(file_) << "[storage]\ndirectory = \"" << data().string() << "\"\nmap_size = \"64MiB\"\n"
                         << "[admin]\nlisten = \"127.0.0.1:0\"\n[log]\nlevel = \"error\"\n"
                         << "[relay]\nlisten = \"" << relay_listen << "\"\n"
                         << more;
  }

  std::unique_ptr<Application> make() {
    auto loaded = check_settings(file_, {}, 2, NamedFiles::checked);
    EXPECT_TRUE(loaded.has_value()) << loaded.error().front().text();
    return std::make_unique<Application>(std::move(loaded.value().settings), std::move(loaded.value().options));
  }

  std::string document() const {
    return testing::http_get(RunFile::read(data()).value().relay, "/", "Accept: application/nostr+json\r\n").body;
  }
  std::string status() const { return testing::http_get(RunFile::read(data()).value().admin, "/api/v1/status").body; }
  std::string metrics() const { return testing::http_get(RunFile::read(data()).value().admin, "/metrics").body; }

  testing::TempDir dir_;
  const std::string file_ = (dir_.path() / "pharos.toml").string();
};

TEST_F(ApplicationTest, TellsWhereItListensWhileItRunsAndNoLonger) {
  write_settings("name = \"one\"\n");
  const auto application = make();
  const auto started = application->start();
  ASSERT_TRUE(started.has_value()) << started.error().detail;
  EXPECT_THAT(document(), HasSubstr("\"name\":\"one\""));
  const std::string admin = RunFile::read(data()).value().admin;
  EXPECT_EQ(testing::http_get(admin, "/healthz").status, 200U);
  EXPECT_EQ(testing::http_get(admin, "/readyz").status, 200U);
  EXPECT_EQ(testing::http_get(admin, "/api/v1/router").body, "{\"upstreams\":[]}");
  application->stop();
  EXPECT_FALSE(RunFile::read(data()).has_value());
}

TEST_F(ApplicationTest, AReloadTakesWhatIsLiveAndKeepsTheRest) {
  write_settings("name = \"one\"\n");
  const auto application = make();
  ASSERT_TRUE(application->start().has_value());
  const std::string address = RunFile::read(data()).value().relay;
  write_settings("name = \"two\"\nmax_limit = 700\nmax_outbound_bytes = \"1MiB\"\ngate_private_messages = false\n",
                 "127.0.0.1:1");
  application->reload();
  EXPECT_THAT(document(), HasSubstr(",59,")) << "open subscriptions are gated or not as they were begun";
  EXPECT_THAT(document(), HasSubstr("\"name\":\"two\""));
  EXPECT_THAT(document(), HasSubstr("\"max_limit\":700"));
  EXPECT_EQ(RunFile::read(data()).value().relay, address) << "the listener needs a restart";
  EXPECT_THAT(metrics(), HasSubstr("pharos_config_last_reload_successful 1\n"));
}

TEST_F(ApplicationTest, TheStatusTellsAReloadThatFailedAndWhatWaitsForARestart) {
  write_settings("name = \"one\"\n");
  const auto application = make();
  ASSERT_TRUE(application->start().has_value());
  EXPECT_THAT(status(), HasSubstr(R"("warnings":[],)"));
  write_settings("name = \"two\"\nlisten_backlog = 1\n");
  application->reload();
  EXPECT_THAT(status(), HasSubstr(file_ + ":11: relay.listen_backlog: unknown key"));
  write_settings("name = \"three\"\n", "127.0.0.1:1");
  application->reload();
  EXPECT_THAT(status(), HasSubstr(R"("refused":[],"restart_needed":["relay.listen"]})"));
  write_settings("name = \"four\"\n");
  application->reload();
  EXPECT_THAT(status(), HasSubstr(R"("warnings":[],)"));
}

TEST_F(ApplicationTest, ASettingsFileThatIsGoneIsToldOnceAsAReloadThatFailed) {
  write_settings("");
  const auto application = make();
  ASSERT_TRUE(application->start().has_value());
  const std::string kept = file_ + ".kept";
  std::filesystem::rename(file_, kept);
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 5; ++i) application->tick();
  const std::string logged = ::testing::internal::GetCapturedStderr();
  const std::string told = file_ + " is gone";
  EXPECT_THAT(logged, HasSubstr(told));
  EXPECT_EQ(logged.find(told), logged.rfind(told)) << logged;
  EXPECT_THAT(status(), HasSubstr(told));
  EXPECT_THAT(metrics(), HasSubstr("pharos_config_last_reload_successful 0\n"));
  std::filesystem::rename(kept, file_);
  application->tick();
  EXPECT_THAT(status(), HasSubstr(R"("warnings":[],)"));
  EXPECT_THAT(metrics(), HasSubstr("pharos_config_last_reload_successful 1\n"));
}

TEST_F(ApplicationTest, AReloadTakesTheListOfUpstreams) {
  write_settings("");
  const auto application = make();
  ASSERT_TRUE(application->start().has_value());
  write_settings("[[upstream]]\nname = \"late\"\nurl = \"ws://127.0.0.1:1\"\n");
  application->reload();
  EXPECT_TRUE(testing::eventually([&] { return metrics().find("upstream=\"late\"") != std::string::npos; }));
}

TEST_F(ApplicationTest, AReloadDoesNotAdvertiseAMonitorThatNeedsARestart) {
  write_settings("");
  const auto application = make();
  ASSERT_TRUE(application->start().has_value());
  const std::string before = document();
  write_settings("[monitor]\nenabled = true\n");
  application->reload();
  EXPECT_THAT(metrics(), HasSubstr("pharos_config_last_reload_successful 1\n"));
  EXPECT_EQ(document(), before);
}

TEST_F(ApplicationTest, TellsItsCommitAndTheCapsOfItsQueues) {
  write_settings("");
  const auto application = make();
  ASSERT_TRUE(application->start().has_value());
  const std::string scrape = metrics();
  if (std::filesystem::exists(testing::source_dir() + "/.git")) {
    EXPECT_THAT(scrape, Not(HasSubstr("revision=\"unknown\"")));
  }
  for (const char* queue : {"workers", "query", "fanout", "ingest", "writer"}) {
    EXPECT_THAT(scrape, HasSubstr("pharos_queue_capacity{queue=\"" + std::string(queue) + "\"} ")) << queue;
  }
}

TEST_F(ApplicationTest, AReloadWithOneErrorTakesNothing) {
  write_settings("name = \"one\"\n");
  const auto application = make();
  ASSERT_TRUE(application->start().has_value());
  for (const char* broken : {"name = \"two\"\nmax_limti = 700\n", "name = \"two\"\npubkey = \"me\"\n",
                             "name = \"two\"\ntls_certificate = \"/missing\"\ntls_key = \"/missing\"\n"}) {
    write_settings(broken);
    application->reload();
    EXPECT_THAT(document(), HasSubstr("\"name\":\"one\"")) << broken;
    EXPECT_THAT(metrics(), HasSubstr("pharos_config_last_reload_successful 0\n")) << broken;
  }
  write_settings("name = \"three\"\n");
  application->reload();
  EXPECT_THAT(document(), HasSubstr("\"name\":\"three\""));
  EXPECT_THAT(metrics(), HasSubstr("pharos_config_last_reload_successful 1\n"));
}

TEST_F(ApplicationTest, ASettingsFileThatWasEmptiedIsNotTaken) {
  write_settings("name = \"one\"\n");
  const auto application = make();
  ASSERT_TRUE(application->start().has_value());
  std::ofstream(file_, std::ios::trunc).close();
  application->reload();
  EXPECT_THAT(document(), HasSubstr("\"name\":\"one\""));
  EXPECT_THAT(status(), HasSubstr("names no storage.directory any more"));
}

TEST_F(ApplicationTest, AFailedStartLeavesTheRunningInstanceAlone) {
  write_settings("");
  const auto first = make();
  ASSERT_TRUE(first->start().has_value());
  {
    const auto second = make();
    const auto started = second->start();
    ASSERT_FALSE(started.has_value());
    EXPECT_EQ(started.error().code, ExitCode::retry_later);
    EXPECT_THAT(started.error().detail, HasSubstr(data().string()));
  }
  EXPECT_TRUE(RunFile::read(data()).has_value());
  EXPECT_THAT(document(), HasSubstr("pharos"));
}

TEST_F(ApplicationTest, AnAddressInUseIsNamed) {
  write_settings("");
  const auto first = make();
  ASSERT_TRUE(first->start().has_value());
  const std::string taken = RunFile::read(data()).value().relay;
  testing::TempDir other;
  std::ofstream(file_) << "[storage]\ndirectory = \"" << other.path().string() << "\"\nmap_size = \"64MiB\"\n"
                       << "[admin]\nlisten = \"127.0.0.1:0\"\n[log]\nlevel = \"error\"\n"
                       << "[relay]\nlisten = \"" << taken << "\"\n";
  const auto second = make();
  const auto started = second->start();
  ASSERT_FALSE(started.has_value());
  EXPECT_THAT(started.error().detail, HasSubstr(file_ + ":9: relay.listen: cannot listen on " + taken));
  EXPECT_FALSE(std::filesystem::exists(other.path() / "identity.key")) << "made by a start that could not succeed";
}

TEST_F(ApplicationTest, TellsWhichKeysComeFromTheEnvironment) {
  std::ofstream(file_) << "[storage]\ndirectory = \"" << data().string() << "\"\nmap_size = \"64MiB\"\n"
                       << "[admin]\nlisten = \"127.0.0.1:0\"\n[relay]\nlisten = \"127.0.0.1:0\"\n";
  auto loaded = check_settings(file_, {{"PHAROS_RELAY__NAME", "other"}}, 2, NamedFiles::checked);
  ASSERT_TRUE(loaded.has_value());
  Application application(std::move(loaded.value().settings), std::move(loaded.value().options));
  log::configure(log::Level::info, log::Format::text);
  ::testing::internal::CaptureStderr();
  ASSERT_TRUE(application.start().has_value());
  application.stop();
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("relay.name"));
}

TEST_F(ApplicationTest, TheSecretStaysOutOfWhatItTells) {
  write_settings("");
  const auto application = make();
  ASSERT_TRUE(application->start().has_value());
  const auto identity = load_identity({{}, data()});
  ASSERT_TRUE(identity.has_value());
  EXPECT_THAT(document(), HasSubstr("\"self\":\"" + identity.value().pubkey.hex() + "\""));
  const std::string secret = identity.value().secret.hex();
  EXPECT_THAT(document(), Not(HasSubstr(secret)));
  EXPECT_THAT(metrics(), Not(HasSubstr(secret)));
}

}  // namespace
}  // namespace pharos::app
