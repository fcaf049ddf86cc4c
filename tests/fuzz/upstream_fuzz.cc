// Sequences of inputs to an upstream's state machine, in any order a relay, a network and a store could produce, and
// some they could not. Invariants after each: what is undecided is bounded, requests are bounded, and a ledger that was
// written says nothing complete whose events are missing, as long as the relay told no lies.

#include <cstdint>

#include "unit/router/upstream_world.h"
#include "util/check.h"

namespace pharos::router::test {
namespace {

// Draws from the fuzzer's bytes.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  bool empty() const { return at_ >= size_; }
  std::uint8_t byte() { return at_ < size_ ? data_[at_++] : 0; }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t at_ = 0;
};

RelayMessage forged(UpstreamWorld& world, Input& input) {
  const auto& asked = world.relay.asked();
  const std::string subscription =
      asked.empty() ? "x" : asked[asked.size() - 1 - input.byte() % asked.size()].subscription;
  switch (input.byte() % 8) {
    case 0:
      return EoseReply{subscription, input.byte() % 2 == 0};
    case 1:
      return ClosedReply{subscription, "auth-required: x"};
    case 2:
      return ClosedReply{subscription, "rate-limited: x"};
    case 3:
      return ClosedReply{subscription, "error: x"};
    case 4:
      return AuthReply{std::string(input.byte(), 'c')};
    case 5:
      return OkReply{event_id(world.random), input.byte() % 2 == 0, "blocked: x"};
    case 6:
      return NoticeReply{"n"};
    default:
      return EventReply{subscription, note(world.random, world.clock.unix_now() - input.byte() * 1000, 1)};
  }
}

void run(Input input) {
  UpstreamWorld world(input.byte());
  world.setup.upstream.direction = static_cast<Direction>(input.byte() % 3);
  world.setup.max_in_flight = 1 + input.byte() % 32;
  world.setup.catchup.page_limit = 2 + input.byte() % 16;
  world.setup.catchup.max_page_limit = world.setup.catchup.page_limit * 2;
  world.setup.catchup.max_ledger_entries = 4 + input.byte() % 16;
  world.relay.script.max_limit = 1 + input.byte() % 20;
  for (int i = input.byte(); i > 0; --i)
    world.relay.store(note(world.random, 1'699'990'000 + static_cast<UnixSeconds>(world.random.below(500)),
                           static_cast<Kind>(world.random.below(2))));
  bool honest = true;
  world.boot();
  for (int steps = 0; !input.empty() && steps < 3'000; ++steps) {
    switch (input.byte() % 16) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        world.deliver();
        break;
      case 5:
      case 6:
      case 7:
        world.commit();
        break;
      case 8:
        world.advance(std::chrono::milliseconds(input.byte() * 10));
        break;
      case 9:
        world.advance(std::chrono::seconds(input.byte()));
        break;
      case 10:
        world.relay.disconnect();
        world.act([&](Actions& out) { world.fsm->on_closed("gone", out); });
        break;
      case 11:
        if (input.byte() % 8 == 0) world.crash();
        break;
      case 12:
        honest = false;
        world.act([&](Actions& out) { world.fsm->on_message(forged(world, input), out); });
        break;
      case 13:
        world.publish(note(world.random, world.clock.unix_now()));
        break;
      case 14:
        world.lose = input.byte() % 4;
        break;
      default:
        if (input.byte() % 4 == 0) world.act([&](Actions& out) { world.fsm->on_bad_message({"bad", {}}, out); });
        if (input.byte() % 64 == 0) world.act([&](Actions& out) { world.fsm->drain(out); });
        world.reachable = input.byte() % 4 != 0;
    }
    PHAROS_FATAL_CHECK(world.most_undecided <= world.setup.max_in_flight + 64);
    PHAROS_FATAL_CHECK(world.relay.open_subscriptions() <= 8);
    PHAROS_FATAL_CHECK(!honest || steps % 16 != 0 || world.missing_in_complete().empty());
  }
}

}  // namespace
}  // namespace pharos::router::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size <= 4'096) pharos::router::test::run({data, size});
  return 0;
}
