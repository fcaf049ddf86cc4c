#include "app/shell_program.h"

#include <gtest/gtest.h>

namespace pharos::app {
namespace {

TEST(ShellProgram, IsTheFirstWordHoweverManyFollow) {
  EXPECT_EQ(program_of("/usr/bin/policy"), "/usr/bin/policy");
  EXPECT_EQ(program_of("  ./policy.py --word casino 'a b' | cat"), "./policy.py");
  EXPECT_EQ(program_of("/x;exit 1"), "/x");
  EXPECT_EQ(program_of("'/with a space/policy' --word \"x\""), "/with a space/policy");
  EXPECT_EQ(program_of("/with\\ a/\"po\"licy x"), "/with a/policy");
}

TEST(ShellProgram, StandsBehindAssignmentsAndExec) {
  EXPECT_EQ(program_of("MODE=strict WORDS='a b' exec /x y"), "/x");
  EXPECT_EQ(program_of("PATH=$PATH:/y /x"), "/x");
  EXPECT_EQ(program_of("./a=b"), "./a=b");
}

TEST(ShellProgram, OnlyTheShellCanTellOfSome) {
  for (const char* command :
       {"", "  ", "$HOME/policy", "\"$HOME\"/policy", "~/policy", "(cd /; ./x)", "{ /x; }", "if true; then /x; fi",
        "cd /y && ./x", "ulimit -v 100000; exec /x", "A=$(date) /x", "! /x", "X=1", "exec 2>>/log; exec /x",
        "2>/dev/null /x", "true; /x", "nice /x", "mkdir -p d && /x", "python3 /x"}) {
    EXPECT_EQ(program_of(command), std::nullopt) << command;
  }
  EXPECT_EQ(program_of("'/$x' y"), "/$x") << "quoted";
}

}  // namespace
}  // namespace pharos::app
