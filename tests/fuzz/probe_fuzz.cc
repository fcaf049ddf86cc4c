// Whatever a peer says and whenever it says it, a probe ends once, with a result that can be stored and published.
//
// Input: one operation a line; the first line's first bit lets the probe answer AUTH.
//   o         the connection opens             f         it cannot be opened
//   m<text>   the peer says <text>             k<text>   it accepts or (with text) refuses the last event
//   c<text>   it closes                        t         the next deadline passes
//   d<text>   the document comes               e         it does not

#include <cstdint>
#include <string_view>

#include "monitor/codec.h"
#include "monitor/nip66.h"
#include "monitor/report.h"
#include "nostr/event_json.h"
#include "unit/monitor/probe_world.h"
#include "util/check.h"

namespace pharos::monitor {
namespace {

class Harness : public testing::ProbeWorld {
 public:
  explicit Harness(bool answer_auth) {
    options.answer_auth = answer_auth;
    start();
  }

  void operate(std::string_view line) {
    if (line.empty()) return;
    const std::string_view rest = line.substr(1);
    switch (line[0]) {
      case 'o':
        open();
        break;
      case 'f':
        take(fsm->open_failed(Fault::tcp, rest, {}, rest.size() % 2 == 0));
        break;
      case 'm':
        say(rest);
        break;
      case 'k':
        say(ok(rest.size() % 2 == 0 ? sent_event() : sent_auth(), rest.empty(), ""));
        break;
      case 'c':
        take(fsm->closed(rest));
        break;
      case 't':
        if (fsm->deadline()) expire();
        break;
      case 'd':
        take(fsm->nip11_fetched(200, std::string(rest)));
        break;
      case 'e':
        take(fsm->nip11_failed(Fault::dns, rest, false));
        break;
      default:
        break;
    }
    PHAROS_FATAL_CHECK(count(ProbeAction::Kind::finish) == (fsm->finished() ? 1U : 0U));
    PHAROS_FATAL_CHECK(!fsm->finished() || actions.back().kind == ProbeAction::Kind::finish);
  }

  void end() {
    for (int i = 0; i < 8 && !fsm->finished(); ++i) expire();
    PHAROS_FATAL_CHECK(fsm->finished());
    ProbeResult copy = result();
    copy.nip11_document.clear();
    PHAROS_FATAL_CHECK(decode_result(encode_result(copy)) == copy);

    const RelayUrl url = testing::relay_url("wss://relay.example.com");
    PHAROS_FATAL_CHECK(!render_text(url, result()).empty());
    PHAROS_FATAL_CHECK(render_json(url, result()).find('\n') == std::string::npos);
    if (!result().is_relay()) return;
    Event event = build_discovery(url, result(), 1'000);
    signer.sign(event);
    std::string json;
    append_event_json(json, event);
    Event parsed;
    PHAROS_FATAL_CHECK(parse_event(json, parsed).has_value());
    PHAROS_FATAL_CHECK(parsed == event);
  }
};

}  // namespace
}  // namespace pharos::monitor

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  pharos::monitor::Harness harness(!text.empty() && (static_cast<unsigned char>(text[0]) & 1U) != 0);
  for (int operations = 0; !text.empty() && operations < 200; ++operations) {
    const std::size_t end = text.find('\n');
    harness.operate(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  harness.end();
  return 0;
}
