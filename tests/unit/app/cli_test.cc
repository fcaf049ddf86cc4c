// The command line: what is there, and how a wrong one ends.

#include "app/cli.h"

#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>

#include "app/commands/selection.h"
#include "app/exit_code.h"
#include "support/temp_dir.h"

namespace pharos::app {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

int run(std::vector<std::string> words) {
  words.insert(words.begin(), "pharos");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  return run_command_line(static_cast<int>(words.size()), argv.data());
}

TEST(Cli, EveryCommandHasHelp) {
  const std::string help = all_help();
  for (const char* command : {"serve", "import", "export", "scan", "backup", "db", "key", "config", "router", "monitor",
                              "ban", "unban", "allow", "deny", "delete", "status"}) {
    EXPECT_THAT(help, HasSubstr(command));
  }
}

TEST(Cli, AWrongCommandLineIsAUsageError) {
  const int usage = static_cast<int>(ExitCode::usage);
  EXPECT_EQ(run({}), usage);
  EXPECT_EQ(run({"sevre"}), usage);
  EXPECT_EQ(run({"export", "--no-such-option"}), usage);
  EXPECT_EQ(run({"key"}), usage);
  EXPECT_EQ(run({"key", "generate"}), usage) << "where the secret goes is said explicitly";
}

TEST(Cli, AnUnknownCommandIsNamedWithTheNearestOne) {
  const auto complaint = [](std::vector<std::string> words) {
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(run(std::move(words)), static_cast<int>(ExitCode::usage));
    return ::testing::internal::GetCapturedStderr();
  };
  EXPECT_THAT(complaint({"sevre"}), HasSubstr("unknown command \"sevre\", did you mean serve?"));
  EXPECT_THAT(complaint({"config", "chekc", "--config", "x"}),
              HasSubstr("unknown command \"chekc\", did you mean check?"));
  EXPECT_THAT(complaint({"xyzzy-plugh"}), HasSubstr("unknown command \"xyzzy-plugh\"\n"));
  EXPECT_THAT(complaint({"serve", "now"}), Not(HasSubstr("unknown command")));
  EXPECT_THAT(complaint({}), HasSubstr("subcommand is required"));
}

TEST(Cli, ANearMissIsToldTheNearestCommand) {
  const auto complaint = [](std::vector<std::string> words) {
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(run(std::move(words)), static_cast<int>(ExitCode::usage));
    return ::testing::internal::GetCapturedStderr();
  };
  EXPECT_THAT(complaint({"ban", "address", "192.0.2.1"}), HasSubstr("\"address\", did you mean pharos ban ip?"));
  EXPECT_THAT(complaint({"unban", "key", "x"}), HasSubstr("did you mean pharos unban pubkey?"));
  EXPECT_THAT(complaint({"deny", "ip", "192.0.2.1"}),
              HasSubstr("\"ip\": there is no allow list of addresses, did you mean pharos ban ip?"));
  EXPECT_THAT(complaint({"allow", "address", "192.0.2.1"}), HasSubstr("did you mean pharos unban ip?"));
  EXPECT_THAT(complaint({"plan"}), HasSubstr("unknown command \"plan\", did you mean pharos retention plan?"));
  EXPECT_THAT(complaint({"check"}), HasSubstr("pharos db check or pharos config check or pharos monitor check?"));
  EXPECT_THAT(complaint({"compcat"}), HasSubstr("did you mean pharos db compact?"));
  EXPECT_THAT(complaint({"db", "status"}), HasSubstr("pharos status"));
}

TEST(Cli, AWrongOptionIsNamedWhereverItStands) {
  const auto complaint = [](std::vector<std::string> words) {
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(run(std::move(words)), static_cast<int>(ExitCode::usage));
    return ::testing::internal::GetCapturedStderr();
  };
  EXPECT_THAT(complaint({"--jsno", "status"}), HasSubstr("unknown option --jsno, did you mean --json?"));
  EXPECT_THAT(complaint({"--jsno"}), HasSubstr("unknown option --jsno\n"));
  EXPECT_THAT(complaint({"status", "--jsno=1"}), HasSubstr("unknown option --jsno, did you mean --json?"));
  EXPECT_THAT(complaint({"--json", "status"}), HasSubstr("--json belongs behind the command: pharos status --json"));
  EXPECT_THAT(complaint({"db", "-x", "info"}), HasSubstr("unknown option -x"));
}

TEST(Cli, WhoAsksForHelpNeverRunsTheCommand) {
  const auto said = [](std::vector<std::string> words) {
    ::testing::internal::CaptureStdout();
    EXPECT_EQ(run(std::move(words)), 0);
    return ::testing::internal::GetCapturedStdout();
  };
  EXPECT_THAT(said({"help", "delete", "--filter", "{}", "--config", "x"}), HasSubstr("Usage: pharos delete"));
  EXPECT_THAT(said({"help", "ban", "kind", "4242"}), HasSubstr("Usage: pharos ban kind"));
  EXPECT_THAT(said({"help", "backup", "there"}), HasSubstr("Usage: pharos backup"));
  EXPECT_THAT(said({"help", "-x"}), HasSubstr("Usage: pharos "));
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(run({"help", "sevre", "--config", "x"}), static_cast<int>(ExitCode::usage));
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("unknown command \"sevre\""));
}

TEST(Cli, ABanOfSomethingWithoutItsSortSaysWhatToWrite) {
  const std::string hex(64, 'a');
  const auto complaint = [](std::vector<std::string> words) {
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(run(std::move(words)), static_cast<int>(ExitCode::usage));
    return ::testing::internal::GetCapturedStderr();
  };
  EXPECT_THAT(complaint({"ban", hex}),
              HasSubstr("say what it is: pharos ban pubkey " + hex + " or pharos ban event " + hex + "\n"));
  EXPECT_THAT(complaint({"allow", "npub1xyz"}), HasSubstr("say what it is: pharos allow pubkey npub1xyz\n"));
  EXPECT_THAT(complaint({"ban", "7"}), HasSubstr("say what it is: pharos ban kind 7\n"));
  EXPECT_THAT(complaint({"unban", "192.0.2.0/24"}), HasSubstr("say what it is: pharos unban ip 192.0.2.0/24\n"));
  EXPECT_THAT(complaint({"deny", "192.0.2.0/24"}), HasSubstr("unknown command"));
  EXPECT_THAT(complaint({"deny", "pubky", hex}), HasSubstr("did you mean pubkey?"));
  EXPECT_THAT(all_help(), HasSubstr("that is no ban: ban keeps it away"));
}

TEST(Cli, AHeldDatabaseSaysWhatToStop) {
  EXPECT_THAT(all_help(), HasSubstr("stop serve"));
  const std::string text = failure_text({storage::StorageError::locked, "pharos.lock is held"});
  EXPECT_THAT(text, HasSubstr("pharos.lock is held; "));
  EXPECT_THAT(text, HasSubstr("serve"));
}

TEST(Cli, VersionAndHelpAreFine) {
  EXPECT_EQ(run({"--version"}), 0);
  EXPECT_EQ(run({"import", "--help"}), 0);
}

TEST(Cli, HelpAndVersionAreGivenHoweverTheyAreAskedFor) {
  const auto said = [](std::vector<std::string> words) {
    ::testing::internal::CaptureStdout();
    EXPECT_EQ(run(std::move(words)), 0);
    return ::testing::internal::GetCapturedStdout();
  };
  EXPECT_EQ(said({"-v"}), said({"--version"}));
  EXPECT_EQ(said({"help"}), said({"--help"}));
  EXPECT_EQ(said({"help", "db", "compact"}), said({"db", "compact", "--help"}));
  EXPECT_THAT(said({"help"}), HasSubstr("serve"));
  EXPECT_EQ(run({"help", "no-such"}), static_cast<int>(ExitCode::usage));
}

TEST(Cli, WhereTheSettingsAreMayStandBeforeTheCommand) {
  const testing::TempDir dir;
  const std::string file = (dir.path() / "pharos.toml").string();
  std::ofstream(file) << "[relay]\nname = \"x\"\n";
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--config", file, "config", "check"},
                                                {"-c", file, "config", "check"},
                                                {"--config=" + file, "config", "check"},
                                                {"-c" + file, "config", "check"}}) {
    ::testing::internal::CaptureStdout();
    EXPECT_EQ(run(words), 0);
    EXPECT_THAT(::testing::internal::GetCapturedStdout(), HasSubstr(file + ": fine"));
  }
  EXPECT_EQ(run({"--admin", "127.0.0.1:1", "status"}), static_cast<int>(ExitCode::unavailable));
  EXPECT_EQ(run({"--config", file}), static_cast<int>(ExitCode::usage));
}

TEST(Cli, BadSettingsEndWithTheirOwnCode) {
  const testing::TempDir dir;
  const std::string file = (dir.path() / "pharos.toml").string();
  std::ofstream(file) << "[relay]\nnmae = \"x\"\n";
  EXPECT_EQ(run({"config", "check", "--config", file}), static_cast<int>(ExitCode::settings));
  EXPECT_EQ(run({"serve", "--config", file}), static_cast<int>(ExitCode::settings));
  EXPECT_EQ(run({"serve", "--config", file + ".missing"}), static_cast<int>(ExitCode::settings));
  std::ofstream(file) << "[relay]\nname = \"x\"\n";
  EXPECT_EQ(run({"config", "check", "--config", file}), 0);
}

TEST(Cli, WhatServeWouldRefuseIsRefusedByTheCheckToo) {
  const testing::TempDir dir;
  const std::string file = (dir.path() / "pharos.toml").string();
  const std::string missing = "\"" + (dir.path() / "missing.pem").string() + "\"";
  for (const std::string& refused : {std::string("[relay]\nlisten = \"localhost:7777\"\n"),
                                     "[router]\nca_file = " + missing + "\n", "[monitor]\nca_file = " + missing + "\n",
                                     "[relay]\ntls_certificate = " + missing + "\ntls_key = " + missing + "\n"}) {
    std::ofstream(file) << refused;
    EXPECT_EQ(run({"config", "check", "--config", file}), static_cast<int>(ExitCode::settings)) << refused;
    EXPECT_EQ(run({"serve", "--config", file}), static_cast<int>(ExitCode::settings)) << refused;
  }
  EXPECT_EQ(run({"config", "check", "--config", dir.path().string()}), static_cast<int>(ExitCode::settings));
}

TEST(Cli, TheCheckNamesTheKeysOfTheEnvironment) {
  ::setenv("PHAROS_LOG__LEVEL", "error", 1);
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(run({"config", "check", "--config", ""}), 0);
  EXPECT_THAT(::testing::internal::GetCapturedStdout(), HasSubstr("from the environment: log.level\n"));
  ::unsetenv("PHAROS_LOG__LEVEL");
}

TEST(Cli, TheCheckNotesAnAdminListenerThatOthersReach) {
  const auto note_of = [](const char* listen) {
    ::setenv("PHAROS_ADMIN__LISTEN", listen, 1);
    ::testing::internal::CaptureStdout();
    EXPECT_EQ(run({"config", "check", "--config", ""}), 0);
    ::unsetenv("PHAROS_ADMIN__LISTEN");
    return ::testing::internal::GetCapturedStdout();
  };
  for (const char* open : {"0.0.0.0:9464", "[::]:9464", "192.0.2.1:9464"})
    EXPECT_THAT(note_of(open), HasSubstr("note: admin.listen " + std::string(open) + " is no loopback address"));
  for (const char* own : {"127.0.0.1:9464", "127.0.0.9:9464", "[::1]:9464"})
    EXPECT_THAT(note_of(own), Not(HasSubstr("note:")));
}

TEST(Cli, WhereThereIsNoDatabaseNoneIsMade) {
  const testing::TempDir dir;
  const std::filesystem::path empty = dir.path() / "data";
  std::filesystem::create_directory(empty);
  const std::string file = (dir.path() / "pharos.toml").string();
  std::ofstream(file) << "[storage]\ndirectory = \"" << empty.string() << "\"\n[[retention]]\nname = \"a\"\n"
                      << "filters = ['{}']\nmax_age = \"1d\"\n";
  const std::string destination = (dir.path() / "backup").string();
  const std::vector<std::vector<std::string>> commands{{"db", "compact"},     {"db", "info"}, {"db", "check"},
                                                       {"retention", "plan"}, {"export"},     {"backup", destination}};
  for (std::vector<std::string> words : commands) {
    ::testing::internal::CaptureStderr();
    words.insert(words.end(), {"--config", file});
    EXPECT_EQ(run(words), static_cast<int>(ExitCode::cannot_create)) << words[0];
    EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("there is no database in " + empty.string()));
    EXPECT_TRUE(std::filesystem::is_empty(empty)) << words[0];
  }
  EXPECT_FALSE(std::filesystem::exists(destination));
}

TEST(Cli, WhatIsMissingIsToldWithWhatToDo) {
  const testing::TempDir dir;
  const std::string data = (dir.path() / "data").string();
  const std::string file = (dir.path() / "pharos.toml").string();
  std::ofstream(file) << "[storage]\ndirectory = \"" << data << "\"\nmap_size = \"64MiB\"\n";
  const auto complaint = [&file](std::vector<std::string> words, ExitCode code) {
    ::testing::internal::CaptureStderr();
    words.insert(words.end(), {"--config", file});
    EXPECT_EQ(run(words), static_cast<int>(code)) << words[0];
    return ::testing::internal::GetCapturedStderr();
  };
  EXPECT_THAT(complaint({"key", "show"}, ExitCode::failure),
              HasSubstr("pharos key generate --output " + data + "/identity.key"));
  const std::string nothing = complaint({"import", data + "/missing.jsonl"}, ExitCode::no_input);
  EXPECT_THAT(nothing, HasSubstr("missing.jsonl: No such file"));
  EXPECT_THAT(nothing, Not(HasSubstr("stored")));
  const std::string no_file = data + "/missing/file";
  EXPECT_THAT(complaint({"import", "/dev/null", "--rejects", no_file}, ExitCode::cannot_create), HasSubstr(no_file));
  EXPECT_THAT(complaint({"export", "--output", no_file}, ExitCode::cannot_create), HasSubstr(no_file));
  const std::string nowhere = data + "/missing/backup";
  EXPECT_THAT(
      complaint({"backup", nowhere}, ExitCode::cannot_create),
      AllOf(HasSubstr("there is no folder " + data + "/missing to put the backup into"), Not(HasSubstr("database"))));
  EXPECT_THAT(complaint({"backup", file + "/backup"}, ExitCode::cannot_create), HasSubstr(file + " is no folder"));
  EXPECT_THAT(complaint({"status"}, ExitCode::unavailable),
              AllOf(HasSubstr("no instance is running on " + data), HasSubstr(file + " leads there: --config FILE"),
                    HasSubstr("--admin HOST:PORT")));
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(run({"status", "--config", ""}), static_cast<int>(ExitCode::unavailable));
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("no settings file was read: --config FILE"));
  EXPECT_THAT(complaint({"backup", data}, ExitCode::cannot_create),
              HasSubstr(data + " is not empty: name a directory that is not there yet, or an empty one"));
}

TEST(Cli, ATimeRangeThatHoldsNothingIsRefused) {
  const auto complaint = [](std::vector<std::string> words) {
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(run(std::move(words)), static_cast<int>(ExitCode::usage));
    return ::testing::internal::GetCapturedStderr();
  };
  EXPECT_THAT(complaint({"export", "--since", "1970-01-03", "--until", "1970-01-01"}),
              HasSubstr("nothing can match: since (172800) is later than until (86399)"));
  EXPECT_THAT(complaint({"scan", "--since", "9", "--filter", R"({"until":8})"}), HasSubstr("nothing can match"));
}

TEST(Cli, AKeyIsGeneratedIntoAFileOnce) {
  const testing::TempDir dir;
  const std::string file = (dir.path() / "key").string();
  EXPECT_EQ(run({"key", "generate", "--output", file}), 0);
  EXPECT_EQ(std::filesystem::status(file).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_NE(run({"key", "generate", "--output", file}), 0);
}

TEST(Cli, TimesAreSecondsOrUtcDates) {
  EXPECT_EQ(parse_time("0"), 0);
  EXPECT_EQ(parse_time("1767225600"), 1'767'225'600);
  EXPECT_EQ(parse_time("2026-01-01"), 1'767'225'600);
  EXPECT_EQ(parse_time("2026-01-01T00:00:01Z"), 1'767'225'601);
  EXPECT_EQ(parse_time("2024-02-29"), 1'709'164'800);
  for (const char* bad : {"", "yesterday", "2026-13-01", "2026-02-30", "-5", "12x", "2026-01-01T25:00:00Z"}) {
    EXPECT_EQ(parse_time(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace pharos::app
