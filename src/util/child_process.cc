#include "util/child_process.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pharos {
namespace {

constexpr int kFirstOther = STDERR_FILENO + 1;

struct Pipe {
  OwnedFd read_end;
  OwnedFd write_end;
};

// Both ends above the standard streams, which they are to become in the child.
Result<Pipe, std::string> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::string("no pipe: ") + std::strerror(errno);
  Pipe pipe{OwnedFd(ends[0]), OwnedFd(ends[1])};
  for (OwnedFd* end : {&pipe.read_end, &pipe.write_end}) {
    if (end->get() >= kFirstOther) continue;
    OwnedFd above(::fcntl(end->get(), F_DUPFD_CLOEXEC, kFirstOther));
    if (above.get() < 0) return std::string("no pipe: ") + std::strerror(errno);
    *end = std::move(above);
  }
  return pipe;
}

void stop_blocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

class FileActions {
 public:
  FileActions() { ::posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;

  void become(int fd, int standard) { ::posix_spawn_file_actions_adddup2(&actions_, fd, standard); }
  // Sockets of clients would stay open as long as the child runs.
  void close_others() { ::posix_spawn_file_actions_addclosefrom_np(&actions_, kFirstOther); }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

class Attributes {
 public:
  Attributes() {
    ::posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigemptyset(&none);
    sigset_t all;
    sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;

  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

}  // namespace

Result<std::unique_ptr<ChildProcess>, std::string> ChildProcess::start(const std::vector<std::string>& words) {
  PHAROS_TRY(Pipe input, make_pipe());
  PHAROS_TRY(Pipe output, make_pipe());
  PHAROS_TRY(Pipe errors, make_pipe());
  FileActions actions;
  actions.become(input.read_end.get(), STDIN_FILENO);
  actions.become(output.write_end.get(), STDOUT_FILENO);
  actions.become(errors.write_end.get(), STDERR_FILENO);
  actions.close_others();
  const Attributes attributes;
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, arguments[0], actions.get(), attributes.get(), arguments.data(), environ);
  if (error != 0) return words[0] + ": " + std::strerror(error);
  for (const int fd : {input.write_end.get(), output.read_end.get(), errors.read_end.get()}) stop_blocking(fd);
  return std::unique_ptr<ChildProcess>(
      new ChildProcess(pid, std::move(input.write_end), std::move(output.read_end), std::move(errors.read_end)));
}

ChildProcess::ChildProcess(pid_t pid, OwnedFd input, OwnedFd output, OwnedFd errors)
    : pid_(pid), input_(std::move(input)), output_(std::move(output)), errors_(std::move(errors)) {}

ChildProcess::~ChildProcess() {
  signal_group(SIGKILL);
  if (ending_.empty()) reap(true);
}

void ChildProcess::signal_group(int number) const { ::kill(-pid_, number); }

bool ChildProcess::has_group() { return !has_ended() || ::kill(-pid_, 0) == 0; }

bool ChildProcess::reap(bool wait) {
  int status = 0;
  pid_t ended = -1;
  do {
    ended = ::waitpid(pid_, &status, wait ? 0 : WNOHANG);
  } while (ended < 0 && errno == EINTR);
  if (ended == 0) return false;
  if (ended < 0) {
    ending_ = "an end that was not seen";
  } else {
    ending_ = WIFEXITED(status) ? "exit code " + std::to_string(WEXITSTATUS(status))
                                : "signal " + std::to_string(WTERMSIG(status));
  }
  return true;
}

}  // namespace pharos
