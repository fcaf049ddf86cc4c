// The driver with real processes. What the rules are is plugin_fsm_test's matter.

#include "ingest/plugin.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "support/event_builder.h"
#include "support/eventually.h"
#include "support/temp_dir.h"

namespace pharos::ingest {
namespace {

using testing::eventually;
using What = PolicyDecision::What;

// Answers every line with the same action, by nothing but the shell.
std::string always(const std::string& action) {
  return "while read -r line; do id=${line#*\\\"id\\\":\\\"}; echo "
         "\"{\\\"id\\\":\\\"${id%%\\\"*}\\\",\\\"action\\\":\\\"" +
         action + "\\\"}\"; done";
}

class PluginTest : public ::testing::Test {
 protected:
  void make(const std::string& command) {
    options_.command = command;
    options_.backoff = {std::chrono::milliseconds(10), std::chrono::milliseconds(10), std::chrono::milliseconds(1)};
    plugin_ = std::make_unique<Plugin>(options_, clock_, random_, metrics_);
  }
  void SetUp() override {
    metrics_.of(metrics::PluginMetrics::Ended::exit) = metrics::Counter(&exits_);
    metrics_.of(metrics::PluginMetrics::Ended::reload) = metrics::Counter(&reloads_);
  }
  void TearDown() override { plugin_.reset(); }

  void ask(std::size_t content_bytes = 1) {
    plugin_->ask({test::share(alice_.event(1, 1'700'000'000, std::string(content_bytes, 'x') + std::to_string(++n_))),
                  Source::client, nullptr, [this](const PolicyDecision& decision) {
                    Lock lock(mutex_);
                    decisions_.push_back(decision.what);
                  }});
  }
  std::size_t count(What what) {
    Lock lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count(decisions_, what));
  }
  bool await(What what, std::size_t n) {
    return eventually([&] { return count(what) >= n; });
  }
  std::string write_script(const std::string& text) {
    const std::string file = (dir_.path() / "policy").string();
    const std::string next = file + ".next";
    std::ofstream(next) << "#!/bin/sh\n" << text << "\n";
    ::chmod(next.c_str(), 0700);
    std::filesystem::rename(next, file);
    return file;
  }

  testing::TempDir dir_;
  SystemClock clock_;
  SystemRandom random_;
  std::atomic<std::uint64_t> exits_{0};
  std::atomic<std::uint64_t> reloads_{0};
  struct : metrics::PluginMetrics {
    using metrics::PluginMetrics::of;
    metrics::Counter& of(Ended why) { return ended[static_cast<std::size_t>(why)]; }
  } metrics_;
  PluginOptions options_;
  std::unique_ptr<Plugin> plugin_;
  test::Person alice_{1};

 private:
  std::size_t n_ = 0;
  Mutex mutex_;
  std::vector<What> decisions_;
};

TEST_F(PluginTest, AsksAProgramAndHearsItsAnswers) {
  make(always("accept"));
  EXPECT_TRUE(plugin_->wants(Source::client));
  EXPECT_FALSE(plugin_->wants(Source::monitor));
  for (int i = 0; i < 200; ++i) ask();
  EXPECT_TRUE(await(What::accept, 200));
}

TEST_F(PluginTest, QuestionsMayBeLargerThanAPipe) {
  make(always("shadowReject"));
  for (int i = 0; i < 3; ++i) ask(300'000);
  EXPECT_TRUE(await(What::shadow_reject, 3));
}

TEST_F(PluginTest, WithoutACommandNobodyIsAsked) {
  make("");
  EXPECT_FALSE(plugin_->wants(Source::client));
  options_.command = always("reject");
  plugin_->configure(options_);
  EXPECT_TRUE(plugin_->wants(Source::client));
  ask();
  EXPECT_TRUE(await(What::reject, 1));
}

TEST_F(PluginTest, OneThatAnswersOnceAndEndsIsStartedAgain) {
  make(
      "read -r line; id=${line#*\\\"id\\\":\\\"}; echo "
      "\"{\\\"id\\\":\\\"${id%%\\\"*}\\\",\\\"action\\\":\\\"accept\\\"}\"");
  for (std::size_t i = 1; i <= 3; ++i) {
    EXPECT_TRUE(eventually([&] {
      ask();
      return count(What::accept) >= i;
    }));
  }
  EXPECT_TRUE(eventually([&] { return exits_ >= 3; }));
}

TEST_F(PluginTest, AProgramThatIsNotThereDecidesNothing) {
  make("/nonexistent/policy");
  ask();
  EXPECT_TRUE(await(What::unanswered, 1));
  EXPECT_TRUE(eventually([&] { return exits_ >= 2; }));
}

TEST_F(PluginTest, OneThatNeverReadsFillsNothingButItsPipe) {
  options_.timeout = std::chrono::milliseconds(200);
  options_.patience = options_.timeout;
  make("sleep 1000");
  for (int i = 0; i < 20; ++i) ask(100'000);
  EXPECT_TRUE(await(What::unanswered, 20));
}

TEST_F(PluginTest, AChangedFileIsStartedAnew) {
  make(write_script(always("accept")));
  ask();
  EXPECT_TRUE(await(What::accept, 1));
  write_script(always("reject"));
  ask();
  EXPECT_TRUE(await(What::reject, 1));
  EXPECT_EQ(reloads_, 1U);
  EXPECT_EQ(exits_, 0U);
}

TEST_F(PluginTest, StoppingSettlesWhatIsAskedAndEndsOneThatWillNotGo) {
  make("trap '' TERM; sleep 1000 & sleep 1000; sleep 1000");
  for (int i = 0; i < 10; ++i) ask();
  plugin_->stop();
  EXPECT_EQ(count(What::unanswered), 10U);
  ask();
  EXPECT_EQ(count(What::unanswered), 11U);
}

}  // namespace
}  // namespace pharos::ingest
