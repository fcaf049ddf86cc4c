#include "monitor/probe_fsm.h"

#include <algorithm>

#include "monitor/answer.h"
#include "nostr/kind.h"
#include "nostr/nip11.h"
#include "nostr/nip42.h"
#include "util/printable.h"

namespace pharos::monitor {
namespace {

constexpr std::string_view kSubscription = "probe";
constexpr std::size_t kMaxChallengeBytes = 512;
constexpr UnixSeconds kProbeEventLifetime = 60;

Outcome outcome_of(bool timed_out) { return timed_out ? Outcome::timeout : Outcome::failed; }

void send_close(ProbeActions& out) {
  std::string text;
  append_close(text, kSubscription);
  out.push_back({ProbeAction::Kind::send, std::move(text)});
}

}  // namespace

ProbeFsm::ProbeFsm(RelayUrl url, const ProbeOptions& options, Signer& signer, const Clock& clock)
    : url_(std::move(url)), options_(options), signer_(signer), clock_(clock) {
  if (url_.network() != Network::clearnet) {
    CheckTimeouts& t = options_.timeouts;
    for (auto* timeout : {&t.open, &t.read, &t.write, &t.nip11, &t.auth}) *timeout *= options_.overlay_factor;
  }
}

ProbeActions ProbeFsm::start() {
  ProbeActions out;
  result_.started_unix_ms = clock_.unix_milliseconds();
  stage_ = Stage::dialing;
  running_ = begin(options_.timeouts.open);
  out.push_back({ProbeAction::Kind::dial, {}});
  if (options_.check_nip11) {
    nip11_ = begin(options_.timeouts.nip11);
    out.push_back({ProbeAction::Kind::fetch_nip11, {}});
  }
  return out;
}

std::optional<SteadyTime> ProbeFsm::deadline() const {
  std::optional<SteadyTime> next;
  if (stage_ != Stage::idle && stage_ != Stage::done) next = running_.deadline;
  if (nip11_) next = next ? std::min(*next, nip11_->deadline) : nip11_->deadline;
  return next;
}

ProbeFsm::Running ProbeFsm::begin(std::chrono::milliseconds timeout) const {
  const SteadyTime now = clock_.now();
  return {now, now + timeout};
}

void ProbeFsm::settle(CheckResult& check, const Running& running, Outcome outcome, Fault fault,
                      std::string_view detail) const {
  const auto elapsed = std::chrono::ceil<std::chrono::milliseconds>(clock_.now() - running.began).count();
  check.outcome = outcome;
  check.fault = fault;
  check.rtt_ms = static_cast<std::uint32_t>(std::clamp<std::int64_t>(elapsed, 1, 86'400'000));
  check.detail = printable(detail);
}

void ProbeFsm::take(const OpenedConnection& connection) {
  result_.dns_us = connection.dns_us;
  result_.tcp_us = connection.tcp_us;
  result_.tls_us = connection.tls_us;
  result_.http_us = connection.http_us;
  result_.address = printable(connection.address);
  result_.tls_used = connection.tls_used;
  result_.tls_not_after = connection.tls_not_after;
  result_.tls_issuer = printable(connection.tls_issuer);
}

ProbeActions ProbeFsm::opened(const OpenedConnection& connection) {
  ProbeActions out;
  if (stage_ != Stage::dialing) return out;
  take(connection);
  settle(result_.open, running_, Outcome::ok);
  begin_read(out);
  return out;
}

ProbeActions ProbeFsm::open_failed(Fault fault, std::string_view detail, const OpenedConnection& reached,
                                   bool timed_out) {
  ProbeActions out;
  if (stage_ != Stage::dialing) return out;
  take(reached);
  settle(result_.open, running_, outcome_of(timed_out), fault, detail);
  stage_ = Stage::done;
  finish_if_done(out);
  return out;
}

ProbeActions ProbeFsm::closed(std::string_view reason) {
  ProbeActions out;
  if (stage_ == Stage::idle || stage_ == Stage::dialing || stage_ == Stage::done) return out;
  if (is_machine_readable(reason)) result_.spoke_nostr = true;
  const std::string_view detail = reason.empty() ? std::string_view(notice_) : reason;
  if (stage_ == Stage::authenticating) {
    settle(result_.auth, running_, Outcome::failed, Fault::closed, detail);
  } else {
    const bool reading = stage_ == Stage::reading;
    settle(reading ? result_.read : result_.write, running_, Outcome::failed, Fault::closed, detail);
  }
  stage_ = Stage::done;
  finish_if_done(out);
  return out;
}

void ProbeFsm::begin_read(ProbeActions& out) {
  stage_ = Stage::reading;
  running_ = begin(options_.timeouts.read);
  notice_.clear();
  events_ = 0;
  Filter filter;
  filter.kinds = {kind::kNote};
  filter.limit = 1;
  std::string text;
  append_req(text, kSubscription, {filter});
  out.push_back({ProbeAction::Kind::send, std::move(text)});
}

void ProbeFsm::begin_write(ProbeActions& out) {
  stage_ = Stage::writing;
  running_ = begin(options_.timeouts.write);
  notice_.clear();
  Event event;
  event.kind = kProbeKind;
  event.created_at = clock_.unix_now();
  event.tags.add({"expiration", std::to_string(event.created_at + kProbeEventLifetime)});
  event.content = "liveness probe";
  signer_.sign(event);
  probe_event_ = event.id;
  std::string text;
  append_event_command(text, event);
  out.push_back({ProbeAction::Kind::send, std::move(text)});
}

void ProbeFsm::begin_auth(ProbeActions& out) {
  stage_ = Stage::authenticating;
  auth_tried_ = true;
  running_ = begin(options_.timeouts.auth);
  notice_.clear();
  Event event = make_auth_event(url_, challenge_, clock_.unix_now());
  signer_.sign(event);
  auth_event_ = event.id;
  std::string text;
  append_auth_command(text, event);
  out.push_back({ProbeAction::Kind::send, std::move(text)});
}

void ProbeFsm::after_read(ProbeActions& out) {
  if (options_.check_write)
    begin_write(out);
  else
    end_connection(out);
}

void ProbeFsm::end_connection(ProbeActions& out) {
  stage_ = Stage::done;
  out.push_back({ProbeAction::Kind::close_socket, {}});
  finish_if_done(out);
}

void ProbeFsm::finish_if_done(ProbeActions& out) {
  if (finished_ || stage_ != Stage::done || nip11_) return;
  finished_ = true;
  out.push_back({ProbeAction::Kind::finish, {}});
}

void ProbeFsm::settle_stage(Outcome outcome, Fault fault, std::string_view detail, ProbeActions& out) {
  if (detail.empty()) detail = notice_;
  switch (stage_) {
    case Stage::reading:
      settle(result_.read, running_, outcome, fault, detail);
      if (outcome == Outcome::timeout) send_close(out);
      after_read(out);
      return;
    case Stage::writing:
      settle(result_.write, running_, outcome, fault, detail);
      end_connection(out);
      return;
    case Stage::authenticating:
      // The check that wanted it keeps its refusal.
      settle(result_.auth, running_, outcome, fault, detail);
      if (auth_for_ == Check::read)
        after_read(out);
      else
        end_connection(out);
      return;
    default:
      return;
  }
}

void ProbeFsm::note_auth_demand() {
  if (stage_ == Stage::reading)
    result_.auth_demanded_to_read = true;
  else if (stage_ == Stage::writing)
    result_.auth_demanded_to_write = true;
}

bool ProbeFsm::try_auth(Fault fault, std::string_view message, ProbeActions& out) {
  if (fault != Fault::auth_required || !options_.answer_auth || auth_tried_ || challenge_.empty()) return false;
  if (stage_ != Stage::reading && stage_ != Stage::writing) return false;
  auth_for_ = stage_ == Stage::reading ? Check::read : Check::write;
  settle(result_.check(auth_for_), running_, Outcome::failed, fault, message);
  begin_auth(out);
  return true;
}

void ProbeFsm::refused(Fault fault, std::string_view message, ProbeActions& out) {
  if (fault == Fault::auth_required) note_auth_demand();
  if (!try_auth(fault, message, out)) settle_stage(Outcome::failed, fault, message, out);
}

ProbeActions ProbeFsm::message(std::string_view text) {
  ProbeActions out;
  if (stage_ != Stage::reading && stage_ != Stage::writing && stage_ != Stage::authenticating) return out;
  const bool too_large = text.size() > options_.max_message_bytes;
  if (++messages_ > options_.max_messages || too_large) {
    // Nothing that such a peer says later is worth waiting for.
    CheckResult& current = stage_ == Stage::reading   ? result_.read
                           : stage_ == Stage::writing ? result_.write
                                                      : result_.auth;
    settle(current, running_, Outcome::failed, too_large ? Fault::too_large : Fault::bad_answer,
           too_large ? "message beyond the cap" : "flood of messages");
    end_connection(out);
    return out;
  }
  auto parsed = parse_relay_message(text);
  if (!parsed) {
    result_.spoke_garbage = true;
    return out;
  }
  std::visit([&](const auto& reply) { on(reply, out); }, parsed.value());
  return out;
}

// Nobody asked for them.
void ProbeFsm::on(const NegMessageReply&, ProbeActions&) { result_.spoke_garbage = true; }
void ProbeFsm::on(const NegErrReply&, ProbeActions&) { result_.spoke_garbage = true; }
void ProbeFsm::on(const UnknownReply&, ProbeActions&) { result_.spoke_garbage = true; }

void ProbeFsm::on(const EventReply& reply, ProbeActions&) {
  if (reply.subscription != kSubscription) return;
  result_.spoke_nostr = true;
  if (stage_ == Stage::reading && ++events_ > 1) result_.limit_ignored = true;
}

void ProbeFsm::on(const EoseReply& reply, ProbeActions& out) {
  if (reply.subscription != kSubscription) return;
  result_.spoke_nostr = true;
  if (stage_ != Stage::reading) return;
  if (!auth_tried_) result_.read_without_auth = true;
  settle(result_.read, running_, Outcome::ok);
  send_close(out);
  after_read(out);
}

void ProbeFsm::on(const ClosedReply& reply, ProbeActions& out) {
  if (reply.subscription != kSubscription) return;
  result_.spoke_nostr = true;
  if (stage_ != Stage::reading) return;
  refused(judge_refusal(reply.message), reply.message, out);
}

void ProbeFsm::on(const OkReply& reply, ProbeActions& out) {
  result_.spoke_nostr = true;
  if (stage_ == Stage::writing && reply.id == probe_event_) {
    if (reply.accepted) {
      if (!auth_tried_) result_.write_without_auth = true;
      settle(result_.write, running_, Outcome::ok);
      end_connection(out);
    } else {
      refused(judge_refusal(reply.message), reply.message, out);
    }
  } else if (stage_ == Stage::authenticating && reply.id == auth_event_) {
    if (!reply.accepted) {
      settle_stage(Outcome::failed, judge_refusal(reply.message), reply.message, out);
      return;
    }
    settle(result_.auth, running_, Outcome::ok);
    if (auth_for_ == Check::read)
      begin_read(out);
    else
      begin_write(out);
  }
}

void ProbeFsm::on(const NoticeReply& reply, ProbeActions& out) {
  result_.spoke_nostr = true;
  notice_ = printable(reply.message);
  const Fault fault = judge_notice(reply.message);
  if (fault != Fault::none && stage_ != Stage::authenticating) refused(fault, reply.message, out);
}

void ProbeFsm::on(const AuthReply& reply, ProbeActions&) {
  result_.spoke_nostr = true;
  result_.challenged = true;
  if (reply.challenge.size() <= kMaxChallengeBytes) challenge_ = reply.challenge;
}

ProbeActions ProbeFsm::nip11_fetched(unsigned status, std::string body) {
  ProbeActions out;
  if (!nip11_) return out;
  RelayInformationLimits limits;
  limits.max_document = options_.max_nip11_bytes;
  if (status != 200) {
    settle(result_.nip11, *nip11_, Outcome::failed, Fault::http, std::to_string(status));
  } else if (const auto information = parse_relay_information(body, limits); !information) {
    const bool too_large = information.error() == RelayInformationError::too_large;
    settle(result_.nip11, *nip11_, Outcome::failed, too_large ? Fault::too_large : Fault::bad_answer,
           describe(information.error()));
  } else {
    settle(result_.nip11, *nip11_, Outcome::ok);
    result_.nip11_document = std::move(body);
  }
  nip11_.reset();
  finish_if_done(out);
  return out;
}

ProbeActions ProbeFsm::nip11_failed(Fault fault, std::string_view detail, bool timed_out) {
  ProbeActions out;
  if (!nip11_) return out;
  settle(result_.nip11, *nip11_, outcome_of(timed_out), fault, detail);
  nip11_.reset();
  finish_if_done(out);
  return out;
}

ProbeActions ProbeFsm::tick() {
  ProbeActions out;
  const SteadyTime now = clock_.now();
  if (nip11_ && now >= nip11_->deadline) {
    settle(result_.nip11, *nip11_, Outcome::timeout);
    nip11_.reset();
    out.push_back({ProbeAction::Kind::cancel_nip11, {}});
  }
  if (stage_ != Stage::idle && stage_ != Stage::done && now >= running_.deadline) {
    if (stage_ == Stage::dialing) {
      settle(result_.open, running_, Outcome::timeout);
      stage_ = Stage::done;
      out.push_back({ProbeAction::Kind::cancel_dial, {}});
    } else {
      settle_stage(Outcome::timeout, Fault::none, {}, out);
      return out;
    }
  }
  finish_if_done(out);
  return out;
}

}  // namespace pharos::monitor
