#include "util/child_process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include "support/eventually.h"
#include "support/temp_dir.h"

namespace pharos {
namespace {

using testing::eventually;

std::unique_ptr<ChildProcess> shell(const std::string& script) {
  auto started = ChildProcess::start({"/bin/sh", "-c", script});
  EXPECT_TRUE(started);
  return std::move(started).value();
}

// Everything up to the end of the pipe, or a line.
std::string read_until(int fd, bool end) {
  std::string text;
  eventually([&] {
    char byte = 0;
    ssize_t n = 0;
    while ((n = ::read(fd, &byte, 1)) == 1) {
      text += byte;
      if (!end && byte == '\n') return true;
    }
    return n == 0;
  });
  return text;
}

std::string all_of(int fd) { return read_until(fd, true); }

TEST(ChildProcess, TalksOverItsStandardStreams) {
  const auto child = shell("read line; echo \"got $line\"; echo oops >&2; exit 3");
  ASSERT_EQ(::write(child->input(), "hello\n", 6), 6);
  EXPECT_EQ(all_of(child->output()), "got hello\n");
  EXPECT_EQ(all_of(child->errors()), "oops\n");
  EXPECT_TRUE(eventually([&] { return child->has_ended(); }));
  EXPECT_EQ(child->ending(), "exit code 3");
}

TEST(ChildProcess, SeesTheEndOfItsInput) {
  const auto child = shell("cat; echo end");
  child->close_input();
  EXPECT_EQ(all_of(child->output()), "end\n");
}

TEST(ChildProcess, SaysWhyNothingWasStarted) {
  const auto failed = ChildProcess::start({"/nonexistent/program"});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error(), "/nonexistent/program: No such file or directory");
}

TEST(ChildProcess, InheritsNoOtherDescriptor) {
  const int open = ::open("/dev/null", O_RDONLY);
  const int high = ::dup2(open, 400);
  const auto child = shell("ls /proc/self/fd");
  // ls opens the directory itself.
  EXPECT_EQ(all_of(child->output()), "0\n1\n2\n3\n");
  ::close(open);
  ::close(high);
}

TEST(ChildProcess, StartsWithTheDefaultSignals) {
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  auto* const ignored = ::signal(SIGPIPE, SIG_IGN);
  const auto by_term = shell("kill -TERM $$; echo alive");
  const auto by_pipe = shell("kill -PIPE $$; echo alive");
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::signal(SIGPIPE, ignored);
  EXPECT_EQ(all_of(by_term->output()), "");
  EXPECT_EQ(all_of(by_pipe->output()), "");
}

TEST(ChildProcess, ASignalReachesTheWholeGroup) {
  const auto child = shell("trap 'exit 7' TERM; sleep 100 & echo up; wait");
  ASSERT_EQ(read_until(child->output(), false), "up\n");
  child->signal_group(SIGTERM);
  EXPECT_TRUE(eventually([&] { return child->has_ended(); }));
  // The end of the pipe comes once nobody holds it any more.
  EXPECT_EQ(all_of(child->output()), "");
}

TEST(ChildProcess, ItsGroupMayOutliveIt) {
  const auto child = shell("sleep 100 & exit 0");
  EXPECT_TRUE(eventually([&] { return child->has_ended(); }));
  EXPECT_EQ(child->ending(), "exit code 0");
  EXPECT_TRUE(child->has_group());
  child->signal_group(SIGKILL);
  EXPECT_EQ(all_of(child->output()), "");
}

TEST(ChildProcess, WhatItLeavesBehindIsKilledWithItsOwner) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  OwnedFd read_end(ends[0]);
  OwnedFd write_end(ends[1]);
  const std::string path = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(ends[1]);
  auto child = shell("sleep 100 > " + path + " & echo up; exit 0");
  write_end.reset();
  ASSERT_EQ(read_until(child->output(), false), "up\n");
  EXPECT_TRUE(eventually([&] { return child->has_ended(); }));
  child.reset();
  EXPECT_EQ(all_of(read_end.get()), "") << "the end of the pipe comes with its last holder's";
}

TEST(ChildProcess, IsKilledWithItsOwner) {
  auto child = shell("trap '' TERM; echo up; while :; do sleep 100; done");
  ASSERT_EQ(read_until(child->output(), false), "up\n");
  const pid_t pid = child->pid();
  child.reset();
  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST(ChildProcess, TellsTheSignalThatEndedIt) {
  const auto child = shell("kill -9 $$");
  EXPECT_TRUE(eventually([&] { return child->has_ended(); }));
  EXPECT_EQ(child->ending(), "signal 9");
}

}  // namespace
}  // namespace pharos
