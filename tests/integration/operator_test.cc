// What an operator asks a running instance for when something is wrong, and what it tells.

#include <fstream>

#include <gmock/gmock.h>

#include "support/eventually.h"
#include "support/pharos_instance.h"
#include "support/ws_client.h"

namespace pharos::testing {
namespace {

using ::testing::HasSubstr;

class OperatorTest : public ::testing::Test {
 protected:
  std::string run(std::vector<std::string> words, int exit_code = 0) {
    const Ran ran = pharos_.command(std::move(words));
    EXPECT_EQ(ran.exit_code, exit_code) << ran.err;
    return ran.out + ran.err;
  }

  PharosInstance pharos_;
};

TEST_F(OperatorTest, ANamedListenerIsAskedWhateverTheSettingsSay) {
  ASSERT_TRUE(pharos_.start()) << pharos_.log();
  std::ofstream(pharos_.config_file()) << "[relay\nlisten = 1\n";
  const std::string key(64, 'a');
  const std::vector<std::vector<std::string>> commands{{"status"},
                                                       {"router", "status"},
                                                       {"monitor", "status"},
                                                       {"ban", "event", key},
                                                       {"unban", "event", key},
                                                       {"allow", "kind", "1", "--only"},
                                                       {"deny", "kind", "1"},
                                                       {"delete", "--filter", R"({"since":0})"},
                                                       {"db", "compact"}};
  for (std::vector<std::string> words : commands) {
    EXPECT_THAT(run(words, 78), HasSubstr("--admin HOST:PORT")) << words.front();
    words.insert(words.end(), {"--admin", pharos_.admin_address()});
    run(words);
  }
}

TEST_F(OperatorTest, AnotherListenerIsNotTakenForTheAdmins) {
  ASSERT_TRUE(pharos_.start()) << pharos_.log();
  for (std::vector<std::string> words :
       {std::vector<std::string>{"status"}, {"db", "compact"}, {"unban", "kind", "1"}}) {
    words.insert(words.end(), {"--admin", pharos_.relay_address()});
    EXPECT_THAT(run(words, 69), HasSubstr(pharos_.relay_address() + " is not Pharos's admin listener")) << words[0];
  }
}

TEST_F(OperatorTest, TheLogTellsChangesAloneAndInTheOperatorsWords) {
  ASSERT_TRUE(pharos_.start()) << pharos_.log();
  run({"unban", "kind", "7"});
  run({"ban", "kind", "7", "--reason", "noise"});
  EXPECT_THAT(run({"ban", "kind", "7"}), HasSubstr("already; nothing has changed"));
  const std::string log = pharos_.log();
  EXPECT_THAT(log, HasSubstr("access lists changed action=\"ban kind\" subject=7 by=operator reason=noise"));
  EXPECT_EQ(log.find("access lists changed"), log.rfind("access lists changed")) << log;
  EXPECT_THAT(http_get(pharos_.admin_address(), "/metrics").body,
              HasSubstr("access_changes_total{result=\"unchanged\"} 2\n"));
  EXPECT_THAT(http_get(pharos_.admin_address(), "/api/v1/access").body,
              HasSubstr(R"("denied_kinds":[{"kind":7,"reason":"noise"}])"));
}

TEST_F(OperatorTest, TheStatusTellsAPolicyThatIsDown) {
  pharos_.set_settings("[plugin]\ncommand = '/bin/false'\nbackoff_first = \"1h\"\nbackoff_cap = \"1h\"\n");
  ASSERT_TRUE(pharos_.start()) << pharos_.log();
  EXPECT_TRUE(eventually([&] { return run({"status"}).find("\n!! the write policy") != std::string::npos; }));
  EXPECT_THAT(run({"status"}), HasSubstr("\nplugin    DOWN, "));
  EXPECT_THAT(run({"status", "--json"}), HasSubstr(R"("warnings":["the write policy)"));
}

}  // namespace
}  // namespace pharos::testing
