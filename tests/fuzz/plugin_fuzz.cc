// What a write-policy plugin prints, and whatever else may happen to it, in any order. Every question is settled once,
// at the latest when all stops; a process is started only while none runs and ended once; so many events are in flight
// and no more.

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "ingest/plugin_fsm.h"
#include "metrics/plugin_metrics.h"
#include "nostr/plugin_message.h"
#include "storage/store.h"
#include "util/check.h"

namespace {

namespace plugin_action = pharos::ingest::plugin_action;
using pharos::ingest::PluginActions;
using pharos::ingest::PluginFsm;
using pharos::ingest::PluginOptions;
using pharos::ingest::PolicyDecision;
using pharos::ingest::Source;

class World {
 public:
  World(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {
    options_.command = "policy";
    options_.max_in_flight = 4;
    options_.queue_capacity = 8;
    configure();
  }

  void run() {
    while (at_ < size_ && questions_ < 10'000) step();
    fsm_.stop(actions_);
    carry_out();
    if (state_ == Process::ending) ended();
    PHAROS_FATAL_CHECK(fsm_.is_stopped());
    PHAROS_FATAL_CHECK(settled_ == questions_);
  }

 private:
  enum class Process { none, running, ending };

  std::uint8_t byte() { return at_ < size_ ? data_[at_++] : 0; }

  void step() {
    switch (byte() % 10) {
      case 0:
        return ask();
      case 1:
        return give();
      case 2:
        return print(std::string(reinterpret_cast<const char*>(data_ + at_), take(byte())));
      case 3:
      case 4:
        return answer();
      case 5:
        fsm_.on_closed(actions_);
        return carry_out();
      case 6:
        if (state_ == Process::ending) ended();
        return;
      case 7:
        clock_.advance(std::chrono::milliseconds(byte() * 40));
        fsm_.on_time(actions_);
        return carry_out();
      case 8:
        fsm_.on_file_changed(actions_);
        return carry_out();
      default:
        return reconfigure();
    }
  }

  // So many bytes of the input, as far as there are any.
  std::size_t take(std::size_t wanted) {
    const std::size_t taken = std::min(wanted, size_ - at_);
    at_ += taken;
    return taken;
  }

  void ask() {
    auto event = std::make_shared<pharos::Event>();
    event->id.data[0] = byte() % 16;  // few, so that some come twice
    ++questions_;
    fsm_.ask({event, Source::client, nullptr,
              [this, asked = false](const PolicyDecision&) mutable {
                PHAROS_FATAL_CHECK(!asked);
                asked = true;
                ++settled_;
              }},
             actions_);
    carry_out();
  }

  void give() {
    std::string line;
    while (fsm_.take_line(line)) {
      PHAROS_FATAL_CHECK(state_ == Process::running);
      PHAROS_FATAL_CHECK(line.ends_with('\n'));
      line.clear();
    }
  }

  void answer() {
    pharos::EventId id;
    id.data[0] = byte() % 16;
    const auto action = static_cast<pharos::PluginAction>(byte() % 3);
    print(R"({"id":")" + id.hex() + R"(","action":")" + std::string(pharos::name(action)) + "\"}\n");
  }

  void print(const std::string& bytes) {
    if (state_ != Process::running) return;
    fsm_.on_output(bytes, actions_);
    carry_out();
  }

  void reconfigure() {
    const std::uint8_t how = byte();
    options_.command = how % 4 == 0 ? "" : how % 4 == 1 ? "other" : "policy";
    options_.accept_on_failure = (how & 4U) != 0;
    options_.max_in_flight = 1 + (how >> 5U);
    configure();
  }

  void configure() {
    fsm_.configure(options_, actions_);
    carry_out();
  }

  void ended() {
    state_ = Process::none;
    fsm_.on_ended(actions_);
    carry_out();
  }

  void carry_out() {
    bool failed = false;
    for (auto& action : actions_) {
      if (std::holds_alternative<plugin_action::Start>(action)) {
        PHAROS_FATAL_CHECK(state_ == Process::none);
        state_ = Process::running;
        failed = byte() % 8 == 7;
      } else if (std::holds_alternative<plugin_action::End>(action)) {
        PHAROS_FATAL_CHECK(state_ == Process::running);
        state_ = Process::ending;
        failed = false;
      } else if (auto* settle = std::get_if<plugin_action::Settle>(&action)) {
        settle->question.done(settle->decision);
      }
    }
    actions_.clear();
    PHAROS_FATAL_CHECK(settled_ <= questions_);
    if (failed) ended();
  }

  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t at_ = 0;
  pharos::ManualClock clock_;
  pharos::SeededRandom random_{1};
  PluginOptions options_;
  PluginFsm fsm_{clock_, random_, {}};
  PluginActions actions_;
  Process state_ = Process::none;
  std::size_t questions_ = 0;
  std::size_t settled_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  World(data, size).run();
  return 0;
}
