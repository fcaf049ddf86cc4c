#include "support/process.h"

#include <cstdlib>
#include <fstream>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/eventually.h"
#include "support/paths.h"
#include "support/read_file.h"
#include "support/temp_dir.h"

namespace pharos::testing {
namespace {

void redirect(const std::filesystem::path& path, int to, int flags) {
  const std::string name = path.empty() ? "/dev/null" : path.string();
  const int fd = ::open(name.c_str(), flags, 0644);
  if (fd < 0) ::_exit(126);
  ::dup2(fd, to);
  ::close(fd);
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const std::filesystem::path& out,
                 const std::filesystem::path& err, const std::map<std::string, std::string>& extra_env,
                 const std::filesystem::path& in) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    redirect(in, STDIN_FILENO, O_RDONLY);
    redirect(out, STDOUT_FILENO, O_WRONLY | O_CREAT | O_APPEND);
    redirect(err, STDERR_FILENO, O_WRONLY | O_CREAT | O_APPEND);
    for (const auto& [key, value] : extra_env) ::setenv(key.c_str(), value.c_str(), 1);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
}

Process::~Process() {
  if (running()) {
    signal(SIGKILL);
    wait();
  }
}

void Process::signal(int number) const {
  if (pid_ > 0 && !exit_code_) ::kill(pid_, number);
}

bool Process::running() {
  if (exit_code_ || pid_ <= 0) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return true;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return false;
}

std::optional<int> Process::wait(std::chrono::milliseconds limit) {
  eventually([this] { return !running(); }, limit);
  return exit_code_;
}

Ran run(const std::vector<std::string>& command, const std::string& input,
        const std::map<std::string, std::string>& extra_env, std::chrono::milliseconds limit) {
  const TempDir dir;
  const auto in = dir.path() / "in";
  std::ofstream(in, std::ios::binary) << input;
  Process process(command, dir.path() / "out", dir.path() / "err", extra_env, in);
  const auto code = process.wait(limit);
  return {code.value_or(-1), read_file(dir.path() / "out"), read_file(dir.path() / "err")};
}

std::string pharos_program() { return binary_dir() + "/bin/pharos"; }

}  // namespace pharos::testing
