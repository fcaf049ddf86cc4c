// A program that runs beside this one, talked to over its standard streams. Our ends of the pipes do not block.
//
// It leads a process group of its own, inherits the environment and no other descriptor, and starts with the default
// signals, whatever this process blocks or ignores. A shell often leads a group in which others do the work; the
// destructor kills all that is left of it. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "util/owned_fd.h"
#include "util/result.h"

namespace pharos {

class ChildProcess {
 public:
  // The program (looked up in PATH) and its arguments; at least one word. The failure says why nothing was started; a
  // program that a shell cannot find is an exit with code 127 instead.
  static Result<std::unique_ptr<ChildProcess>, std::string> start(const std::vector<std::string>& words);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  // Ours to write to: its standard input. -1 once closed.
  int input() const { return input_.get(); }
  // Ours to read from.
  int output() const { return output_.get(); }
  int errors() const { return errors_.get(); }
  void close_input() { input_.reset(); }

  void signal_group(int number) const;
  // True once the program itself has ended.
  bool has_ended() { return !ending_.empty() || reap(false); }
  // Whether its group has any process left.
  bool has_group();
  // "exit code 1" or "signal 9"; "" while it runs.
  const std::string& ending() const { return ending_; }

 private:
  ChildProcess(pid_t pid, OwnedFd input, OwnedFd output, OwnedFd errors);
  bool reap(bool wait);

  const pid_t pid_;
  OwnedFd input_;
  OwnedFd output_;
  OwnedFd errors_;
  std::string ending_;
};

}  // namespace pharos
