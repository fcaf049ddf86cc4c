// One process of a write-policy plugin and its three pipes, none of which ever blocks. What it prints on standard error
// goes to the log, so many lines a second and no more. One thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <poll.h>

#include "util/child_process.h"
#include "util/clock.h"
#include "util/token_bucket.h"

namespace pharos::ingest {

// Lines of standard error, cut where they are too long. The ones that were not logged are counted into the next one.
class PluginLog {
 public:
  explicit PluginLog(const Clock& clock);
  void take(std::string_view bytes);

 private:
  void line_done();

  const Clock& clock_;
  TokenBucket budget_;
  std::string line_;
  std::size_t left_out_ = 0;
};

class PluginProcess {
 public:
  // By /bin/sh -c, as strfry does it: variables and arguments may stand in the command.
  static Result<std::unique_ptr<PluginProcess>, std::string> start(const std::string& command, const Clock& clock);
  PluginProcess(std::unique_ptr<ChildProcess> child, const Clock& clock);

  pid_t pid() const { return child_->pid(); }
  // True when everything is written.
  bool is_writable() const { return unwritten_.empty(); }
  void write(std::string&& lines);

  // Appends what to poll for.
  void add_polled(std::vector<pollfd>& polled) const;
  // Writes what is left, and reads once: what it printed, or nullopt when it closed its output or its input.
  std::optional<std::string_view> exchange();

  // Closes its input and asks it to go; after a grace it is killed.
  void end();
  // Once end() was called: true when it is gone; ask again at the latest after kEndPoll.
  bool is_gone();
  static constexpr std::chrono::milliseconds kEndPoll{20};
  const std::string& ending() const { return child_->ending(); }

 private:
  bool flush();
  std::string_view read_from(int fd, bool& closed);

  const Clock& clock_;
  const std::unique_ptr<ChildProcess> child_;
  PluginLog log_;
  std::string unwritten_;
  std::size_t written_ = 0;  // of it
  std::vector<char> buffer_;
  bool input_closed_ = false;
  bool errors_closed_ = false;
  std::optional<SteadyTime> kill_at_;
};

}  // namespace pharos::ingest
