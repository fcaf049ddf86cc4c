// The write-policy plugin: a program of the operator that is asked about every event, by the JSON lines of strfry
// (nostr/plugin_message.h). plugin_fsm.h has the rules; this runs them on a thread of its own, which alone waits for
// the program, so that a silent, slow or babbling one holds up nobody else.
//
// A command without a space is the path of a file, as with strfry: when the file was exchanged, or touched, the program
// is started anew before the next event is given, once it has answered those that were.
//
// Owned by app; outlives the pipeline. Questions that were asked when stop() is called are settled then.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "ingest/plugin_fsm.h"
#include "ingest/plugin_process.h"
#include "util/child_process.h"
#include "util/sync.h"

namespace pharos::ingest {

class Plugin final : public Policy {
 public:
  // The thread starts with the first command.
  Plugin(const PluginOptions& options, const Clock& clock, Random& random, const metrics::PluginMetrics& metrics = {});
  ~Plugin() override;

  // Any thread, one at a time.
  void configure(const PluginOptions& options);
  bool wants(Source source) const override;
  void ask(PolicyQuestion&& question) override;
  // Ends the program; blocks for about a second at most. Idempotent; not from the callback of a question.
  void stop();

 private:
  using FileState = std::array<std::int64_t, 4>;
  struct Inbox {
    std::vector<PolicyQuestion> questions;
    std::optional<PluginOptions> options;
    bool stop = false;
  };

  void post(const std::function<void(Inbox&)>& change);
  void run();
  void take_inbox(PluginActions& out);
  void carry_out(PluginActions& actions);
  void perform(plugin_action::Start& start, PluginActions& more);
  void perform(plugin_action::End& end, PluginActions& more);
  void perform(plugin_action::Settle& settle, PluginActions& more);
  void perform(plugin_action::BadLine& bad, PluginActions& more);
  void look_at_file(PluginActions& out);
  void converse(PluginActions& out);
  void wait();

  const Clock& clock_;
  OwnedFd wake_;
  std::atomic<unsigned> wanted_{0};  // a bit for each Source
  Mutex mutex_;
  Inbox inbox_ PHAROS_GUARDED_BY(mutex_);
  std::thread thread_;

  // Of the thread.
  PluginFsm fsm_;
  std::unique_ptr<PluginProcess> process_;
  std::optional<FileState> file_;
  TokenBucket bad_lines_;
  std::size_t bad_lines_left_out_ = 0;
};

}  // namespace pharos::ingest
