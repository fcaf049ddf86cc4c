// The order and the deadlines of one probe. Pure: the driver dials, fetches and sends what it is told, reports what
// happened, and calls tick() at deadline(). One thread.
//
//   start --> dial ----> opened --> read --> write --> close_socket --.
//        `--> fetch_nip11 ------------------------------------------- + --> finish
//
// Each check has its own deadline and outcome. A failed open skips read, write and auth; nothing skips nip11. AUTH is
// answered at most once, and only when a check was refused for want of it and answer_auth is on.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/options.h"
#include "monitor/result.h"
#include "monitor/signer.h"
#include "nostr/message.h"
#include "nostr/relay_url.h"
#include "util/clock.h"

namespace pharos::monitor {

// The write check's kind: ephemeral (NIP-01), so that nothing is stored anywhere.
inline constexpr Kind kProbeKind = 22456;

struct ProbeAction {
  enum class Kind {
    dial,
    cancel_dial,
    fetch_nip11,
    cancel_nip11,
    send,          // text
    close_socket,  // normally, 1000
    finish,        // result() is complete; the last action
  };
  Kind kind;
  std::string text;
};
using ProbeActions = std::vector<ProbeAction>;

// What the driver knows about an opened connection.
struct OpenedConnection {
  std::uint32_t dns_us = 0;
  std::uint32_t tcp_us = 0;
  std::uint32_t tls_us = 0;
  std::uint32_t http_us = 0;
  std::string address;
  bool tls_used = false;
  UnixSeconds tls_not_after = 0;
  std::string tls_issuer;
};

class ProbeFsm {
 public:
  // signer and clock outlive the machine.
  ProbeFsm(RelayUrl url, const ProbeOptions& options, Signer& signer, const Clock& clock);

  ProbeActions start();
  ProbeActions opened(const OpenedConnection& connection);
  // timed_out: the attempt ran into a deadline; fault and detail say where it stood.
  ProbeActions open_failed(Fault fault, std::string_view detail, const OpenedConnection& reached, bool timed_out);
  ProbeActions message(std::string_view text);
  ProbeActions closed(std::string_view reason);
  ProbeActions nip11_fetched(unsigned status, std::string body);
  ProbeActions nip11_failed(Fault fault, std::string_view detail, bool timed_out);
  ProbeActions tick();

  // When tick() is due; nullopt when nothing is waited for.
  std::optional<SteadyTime> deadline() const;
  bool finished() const { return finished_; }
  // The digest of the NIP-11 document is left to the caller.
  ProbeResult& result() { return result_; }

 private:
  enum class Stage { idle, dialing, reading, writing, authenticating, done };
  struct Running {
    SteadyTime began;
    SteadyTime deadline;
  };

  void take(const OpenedConnection& connection);
  Running begin(std::chrono::milliseconds timeout) const;
  void settle(CheckResult& check, const Running& running, Outcome outcome, Fault fault = Fault::none,
              std::string_view detail = {}) const;
  void settle_stage(Outcome outcome, Fault fault, std::string_view detail, ProbeActions& out);
  void begin_read(ProbeActions& out);
  void begin_write(ProbeActions& out);
  void begin_auth(ProbeActions& out);
  void after_read(ProbeActions& out);
  void end_connection(ProbeActions& out);
  void finish_if_done(ProbeActions& out);

  // The current check was refused. True when AUTH is tried instead of settling it.
  bool try_auth(Fault fault, std::string_view message, ProbeActions& out);
  void note_auth_demand();
  void refused(Fault fault, std::string_view message, ProbeActions& out);
  void on(const EventReply& reply, ProbeActions& out);
  void on(const OkReply& reply, ProbeActions& out);
  void on(const EoseReply& reply, ProbeActions& out);
  void on(const ClosedReply& reply, ProbeActions& out);
  void on(const NoticeReply& reply, ProbeActions& out);
  void on(const AuthReply& reply, ProbeActions& out);
  void on(const NegMessageReply& reply, ProbeActions& out);
  void on(const NegErrReply& reply, ProbeActions& out);
  void on(const UnknownReply& reply, ProbeActions& out);

  RelayUrl url_;
  ProbeOptions options_;
  Signer& signer_;
  const Clock& clock_;
  ProbeResult result_;
  Stage stage_ = Stage::idle;
  Running running_{};
  std::optional<Running> nip11_;
  std::string challenge_;
  std::string notice_;  // the last one, to explain a timeout
  Check auth_for_ = Check::read;
  bool auth_tried_ = false;
  EventId probe_event_{};
  EventId auth_event_{};
  std::size_t messages_ = 0;
  std::size_t events_ = 0;
  bool finished_ = false;
};

}  // namespace pharos::monitor
