// All that is wrong with the settings is told at once, with the line of each.

#include "app/settings_check.h"

#include <fstream>

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "support/temp_dir.h"

namespace pharos::app {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class SettingsCheckTest : public ::testing::Test {
 protected:
  std::vector<std::string> errors(const std::string& toml, NamedFiles files = NamedFiles::checked,
                                  const config::Environment& environment = {}) {
    std::ofstream(file_) << toml;
    const auto loaded = check_settings(file_, environment, 2, files);
    std::vector<std::string> texts;
    if (loaded) return texts;
    for (const auto& error : loaded.error()) texts.push_back(error.text());
    return texts;
  }
  std::string at(int line, const std::string& rest) const { return file_ + ":" + std::to_string(line) + ": " + rest; }
  std::string write(const std::string& name, const std::string& text, mode_t mode = 0600) {
    const std::string file = (dir_.path() / name).string();
    std::ofstream(file) << text;
    ::chmod(file.c_str(), mode);
    return file;
  }

  testing::TempDir dir_;
  const std::string file_ = (dir_.path() / "pharos.toml").string();
};

TEST_F(SettingsCheckTest, AKeyInTheDataDirectoryThatOthersMayReadIsToldOf) {
  write("identity.key", std::string(64, '1'), 0644);
  EXPECT_THAT(errors("[storage]\ndirectory = \"" + dir_.path().string() + "\"\n"),
              ElementsAre(HasSubstr("identity.key: the key file is readable by others; chmod 600 it")));
}

TEST_F(SettingsCheckTest, ASecretKeyInPlaceOfAFileIsToldOnceAndNotRepeated) {
  const auto told = errors("[identity]\nfile = \"" + std::string(64, '1') + "\"\n");
  EXPECT_THAT(told, ElementsAre(AllOf(HasSubstr("that is a secret key"), ::testing::Not(HasSubstr("1111")))));
}

TEST_F(SettingsCheckTest, TheDataDirectoryIsOne) {
  EXPECT_THAT(errors("[storage]\ndirectory = \"" + write("data", "") + "\"\n"),
              ElementsAre(HasSubstr("storage.directory: " + (dir_.path() / "data").string() + " is no directory")));
}

TEST_F(SettingsCheckTest, ARelayIsNoUpstreamOfItself) {
  EXPECT_THAT(errors("[relay]\nurl = [\"wss://relay.example.com\"]\n"
                     "[[upstream]]\nname = \"a\"\nurl = \"wss://relay.example.com/\"\n"),
              ElementsAre(HasSubstr("upstream.url: \"wss://relay.example.com/\" is this relay itself (relay.url)")));
}

TEST_F(SettingsCheckTest, EveryKindOfErrorIsToldAtOnceInTheOrderOfTheFile) {
  EXPECT_THAT(
      errors("[relay]\npubkey = \"me\"\nmax_limit = \"many\"\n"
             "[[upstream]]\nname = \"a\"\nfilters = ['{\"kind\":[1]}']\n"
             "[monitor]\ntargets_file = \"/nonexistent/targets\"\n[relya]\n",
             NamedFiles::checked, {{"PHAROS_LOG__LEVEL", "loud"}}),
      ElementsAre(StartsWith(at(2, "relay.pubkey: ")), StartsWith(at(3, "relay.max_limit: ")),
                  at(4, "upstream.url: every [[upstream]] needs a url"), StartsWith(at(6, "upstream.filters: ")),
                  at(8, "monitor.targets_file: /nonexistent/targets: No such file or directory"),
                  StartsWith(at(9, "relya: unknown section")), StartsWith("PHAROS_LOG__LEVEL: log.level: ")));
}

TEST_F(SettingsCheckTest, APluginThatIsAFileMustBeExecutable) {
  const std::string file = write("policy", "#!/bin/sh\n", 0600);
  const std::string toml = "[plugin]\ncommand = \"" + file + "\"\n";
  EXPECT_THAT(errors(toml), ElementsAre(at(2, "plugin.command: " + file + ": Permission denied")));
  EXPECT_THAT(errors(toml, NamedFiles::ignored), ::testing::IsEmpty());
  ::chmod(file.c_str(), 0700);
  EXPECT_THAT(errors(toml), ::testing::IsEmpty());
  EXPECT_THAT(errors("[plugin]\ncommand = \"MODE=strict " + file + " --word casino\"\n"), ::testing::IsEmpty());
  EXPECT_THAT(errors("[plugin]\ncommand = \"cd / && ./nonexistent\"\n"), ::testing::IsEmpty())
      << "that is for the shell";
}

TEST_F(SettingsCheckTest, AProgramWithArgumentsIsCheckedAsOneWithout) {
  const auto refusal = [&](const std::string& command) { return errors("[plugin]\ncommand = \"" + command + "\"\n"); };
  EXPECT_THAT(refusal("MODE=strict /nonexistent/policy --key secret"),
              ElementsAre(at(2, "plugin.command: /nonexistent/policy: No such file or directory")));
  const std::string file = write("policy", "#!/bin/sh\n", 0600);
  EXPECT_THAT(refusal(file + " a b c"), ElementsAre(at(2, "plugin.command: " + file + ": Permission denied")));
  EXPECT_THAT(refusal("/tmp x"), ElementsAre(at(2, "plugin.command: /tmp: is no file")));
  for (const char* relative : {"./policy --word x", "conf/policy --word x", "policy"}) {
    const std::string command = relative;
    const std::string program = command.substr(0, command.find(' '));
    EXPECT_THAT(refusal(command),
                ElementsAre(StartsWith(at(2, "plugin.command: " + program + ": the program must be"))));
  }
  EXPECT_THAT(refusal("echo x; exec 2>>/tmp/log; python3 /x"), ::testing::IsEmpty()) << "that is for the shell";
}

TEST_F(SettingsCheckTest, AValueThatWasRefusedDoesNotContradictOthers) {
  EXPECT_THAT(errors("[relay]\nmax_limit = \"many\"\ndefault_limit = 5000\n"),
              ElementsAre(StartsWith(at(2, "relay.max_limit: expected"))));
  EXPECT_THAT(errors("[relay]\ntls_key = 5\ntls_certificate = \"/dev/null\"\n", NamedFiles::ignored),
              ElementsAre(StartsWith(at(2, "relay.tls_key: expected"))));
}

TEST_F(SettingsCheckTest, WhatIsNoTomlIsOneError) {
  EXPECT_THAT(errors("[relay]\nname = \n[admin]\n"), ElementsAre(StartsWith(file_ + ":2: ")));
}

TEST_F(SettingsCheckTest, AnIdentityThatServingWouldRefuseIsNamed) {
  const auto refusal = [&](const std::string& key_file) { return errors("[identity]\nfile = \"" + key_file + "\"\n"); };
  const std::string secret = "67dea2ed018072d675f5415ecfaed7d2597555e202d85b3d65ea4e58d2d92ffa";
  EXPECT_THAT(refusal(write("good", secret)), ElementsAre());
  EXPECT_THAT(refusal("/nonexistent/key"),
              ElementsAre(at(2, "identity.file: /nonexistent/key: No such file or directory")));
  EXPECT_THAT(refusal(write("open", secret, 0644)),
              ElementsAre(AllOf(StartsWith(at(2, "identity.file: ")), HasSubstr("readable by others"))));
  EXPECT_THAT(refusal(write("bad", "garbage")), ElementsAre(HasSubstr("neither 64 hex digits nor an nsec")));
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "identity.key")) << "checking makes no key";
}

TEST_F(SettingsCheckTest, FilesForTlsAreNamedWithTheirKeyAndTheCause) {
  EXPECT_THAT(errors("[relay]\ntls_certificate = \"/nope\"\ntls_key = \"/nope2\"\n[router]\nca_file = \"/\"\n"),
              ElementsAre(at(2, "relay.tls_certificate: /nope: No such file or directory"),
                          at(3, "relay.tls_key: /nope2: No such file or directory"),
                          at(5, "router.ca_file: /: Is a directory")));
  const std::string garbage = write("garbage.pem", "garbage");
  EXPECT_THAT(errors("[relay]\ntls_key = \"" + garbage + "\"\ntls_certificate = \"" + garbage + "\"\n"),
              ElementsAre(StartsWith(at(3, "relay.tls_certificate: " + garbage + ": "))));
  EXPECT_THAT(errors("[monitor]\nca_file = \"" + garbage + "\"\n"),
              ElementsAre(StartsWith(at(2, "monitor.ca_file: " + garbage + ": "))));
}

TEST_F(SettingsCheckTest, OtherCommandsDoNotCareForFilesOfServing) {
  EXPECT_THAT(errors("[identity]\nfile = \"/nonexistent/key\"\n", NamedFiles::ignored), ElementsAre());
}

}  // namespace
}  // namespace pharos::app
