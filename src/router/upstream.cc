#include "router/upstream.h"

#include <utility>

#include "router/ledger_codec.h"
#include "storage/kv_table.h"
#include "storage/seq_scan.h"
#include "storage/txn.h"
#include "util/log.h"

namespace pharos::router {
namespace {

// Ephemeral events are not worth a queue: beyond this they are let go.
constexpr std::size_t kMaxQueuedForEphemeral = 1U << 20U;
constexpr std::size_t kReceivedIds = 65'536;
constexpr std::chrono::seconds kLoadAgain{1};
// What net says when it ends a connection over the size of a message.
constexpr std::string_view kTooLarge = "message too large";

Settled settled_as(const ingest::Verdict& verdict) {
  switch (verdict.fate) {
    case ingest::Fate::stored:
    case ingest::Fate::ephemeral:
      return Settled::novel;
    case ingest::Fate::duplicate:
    case ingest::Fate::replaced:
      return Settled::duplicate;
    case ingest::Fate::rejected:
    case ingest::Fate::shadowed:
      break;
  }
  switch (verdict.reason) {
    case ingest::Reason::map_full:
    case ingest::Reason::storage:
    case ingest::Reason::overloaded:
    case ingest::Reason::rate_limited:
    case ingest::Reason::policy_failed:
      return Settled::lost;
    case ingest::Reason::created_at_future:
      return Settled::early;
    default:
      return Settled::refused;
  }
}

// True when the body was verified and the answer will be the same next time.
bool is_decided_for_good(const ingest::Verdict& verdict) {
  return verdict.fate != ingest::Fate::rejected || verdict.reason == ingest::Reason::deleted ||
         verdict.reason == ingest::Reason::expired;
}

}  // namespace

Upstream::Upstream(const UpstreamContext& context, const UpstreamOptions& options, std::uint64_t id,
                   storage::Origin origin, storage::Seq last_seq, metrics::UpstreamMetrics metrics)
    : context_(context),
      options_(options),
      id_(id),
      origin_(origin),
      sender_(std::make_shared<const ingest::Sender>(ingest::Sender{options.url.text(), nullptr})),
      last_seq_(last_seq),
      tally_(std::move(metrics)),
      timer_(context.shard),
      retry_timer_(context.shard),
      received_(options.direction == Direction::both ? kReceivedIds : 0) {}

Upstream::~Upstream() { context_.gate.forget(id_); }

// --- start and end ---

Upstream::Load Upstream::load(UpstreamFsm::Setup& setup) {
  auto opened = context_.store.read();
  if (!opened) {
    load_error_ = "what is known about it cannot be read: " + opened.error().detail;
    return Load::later;
  }
  const storage::ReadTxn txn = std::move(opened).value();
  for (const std::string& key : ledger_keys_) {
    Ledger ledger(context_.options.catchup.max_ledger_entries);
    if (const auto value = kv_get(txn, context_.store.tables(), storage::KvTable::router_ledger, key)) {
      if (is_of_newer_version(*value)) {
        load_error_ = "its ledger was written by a later version of the program";
        return Load::never;
      }
      if (auto decoded = decode_ledger(*value, context_.options.catchup.max_ledger_entries))
        ledger = std::move(*decoded);
      else
        log::warn("router", "a ledger cannot be read and begins anew", {{"upstream", options_.name}});
    }
    setup.ledgers.push_back(std::move(ledger));
  }
  if (const auto value = kv_get(txn, context_.store.tables(), storage::KvTable::router_outbox, mark_key_)) {
    setup.mark = decode_mark(*value);
    if (!setup.mark) {
      load_error_ = is_of_newer_version(*value) ? "what was sent to it was noted by a later version of the program"
                                                : "the note of what was sent to it cannot be read";
      return Load::never;
    }
  }
  return Load::ok;
}

void Upstream::start() {
  mark_key_ = mark_key(options_.url);
  for (const Filter& filter : options_.filters) ledger_keys_.push_back(ledger_key(options_.url, filter));
  verdicts_ = std::make_shared<VerdictQueue>(context_.shard, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->on_verdicts();
  });
  try_start();
}

void Upstream::try_start() {
  UpstreamFsm::Setup setup;
  setup.upstream = options_;
  setup.catchup = context_.options.catchup;
  setup.link = context_.options.link;
  setup.publisher = context_.options.publisher;
  setup.max_in_flight = context_.options.intake.in_flight_per_upstream;
  setup.signer = context_.signer;
  setup.own_key = context_.own_key;
  setup.last_seq = last_seq_;
  const Load loaded = load(setup);
  if (loaded != Load::ok) {
    log::error("router", "an upstream cannot begin", {{"upstream", options_.name}, {"reason", load_error_}});
    if (loaded == Load::later) retry_timer_.arm(kLoadAgain, [this] { try_start(); });
    return;
  }
  load_error_.clear();
  fsm_ = std::make_unique<UpstreamFsm>(std::move(setup), context_.clock, context_.random);
  run([this](Actions& out) { fsm_->start(out); });
}

void Upstream::drain(std::function<void()> stopped) {
  if (!fsm_) {
    retry_timer_.cancel();
    return stopped();
  }
  stopped_ = std::move(stopped);
  run([this](Actions& out) { fsm_->drain(out); });
}

// --- actions ---

template <class F>
void Upstream::run(F&& input) {
  Actions out;
  input(out);
  for (std::size_t i = 0; i < out.size(); ++i) {
    Actions more;
    perform(out[i], more);
    out.insert(out.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  arm_timer();
  if (!stopped_ || !fsm_->stopped()) return;
  tally_.update(*fsm_, context_.clock.unix_now());
  std::exchange(stopped_, nullptr)();
}

void Upstream::perform(Action& action, Actions& more) {
  out_.clear();
  if (auto* event = std::get_if<Submit>(&action)) {
    submit(std::move(*event), more);
  } else if (auto* req = std::get_if<SendReq>(&action)) {
    append_req(out_, req->subscription, req->filters);
    send(out_);
  } else if (auto* close = std::get_if<SendClose>(&action)) {
    append_close(out_, close->subscription);
    send(out_);
  } else if (auto* up = std::get_if<SendEvent>(&action)) {
    append_event_command(out_, *up->event);
    send(out_);
  } else if (auto* auth = std::get_if<SendAuth>(&action)) {
    append_auth_command(out_, auth->event);
    send(out_);
  } else if (std::holds_alternative<Dial>(action)) {
    dial();
  } else if (auto* hang = std::get_if<HangUp>(&action)) {
    hang_up(hang->reason);
  } else if (auto* ledger = std::get_if<PersistLedger>(&action)) {
    persist_ledger(std::move(*ledger));
  } else if (auto* cursor = std::get_if<PersistCursor>(&action)) {
    persist_cursor(*cursor);
  } else if (auto* read = std::get_if<ReadOutbox>(&action)) {
    // In a turn of its own: a long backlog of events that do not match must not hold up the shard.
    context_.shard.post([weak = weak_from_this(), read = *read] {
      if (const auto self = weak.lock()) self->read_outbox(read);
    });
  } else if (std::holds_alternative<PauseReading>(action)) {
    if (connection_) connection_->pause_reading();
  } else if (std::holds_alternative<ResumeReading>(action)) {
    if (connection_) connection_->resume_reading();
  } else if (auto* line = std::get_if<LogLine>(&action)) {
    if (line->level >= log::level())
      log::write(line->level, "router", line->message, {{"upstream", options_.name}, {"reason", line->reason}});
  }
}

void Upstream::send(std::string_view text) {
  if (connection_) connection_->send(text);
}

void Upstream::arm_timer() {
  const auto deadline = fsm_->deadline();
  if (deadline == armed_for_) return;
  armed_for_ = deadline;
  if (!deadline) return timer_.cancel();
  const auto delay = std::chrono::ceil<std::chrono::milliseconds>(*deadline - context_.clock.now());
  timer_.arm(std::max(delay, std::chrono::milliseconds(0)), [this] {
    armed_for_.reset();
    run([this](Actions& out) { fsm_->on_timer(out); });
    tally_.update(*fsm_, context_.clock.unix_now());
  });
}

// --- the connection ---

void Upstream::dial() {
  context_.gate.wait(id_, options_.priority, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->dial_now();
  });
  context_.gate_changed();
}

void Upstream::dial_now() {
  const RouterOptions& router = context_.options;
  const RelayUrl& url = options_.url;
  const net::DialTarget target{url.secure(), url.host(), url.port(), url.target(), url.authority()};
  net::DialOptions dial;
  dial.timeout = router.link.dial_timeout;
  dial.allow_private_addresses = router.allow_private_addresses;
  dial.socks5_proxy = options_.socks5_proxy;
  dial.ca_file = router.ca_file;
  dial.user_agent = router.user_agent;
  dial.ws.max_message_bytes = router.link.max_message_bytes;
  dial.ws.ping_interval = router.link.ping_interval;
  dial.ws.idle_timeout = router.link.read_timeout;
  pending_dial_ =
      net::dial_websocket(context_.shard, target, dial,
                          [this](Result<net::Dialed, net::DialFailure> result) { on_dial_done(std::move(result)); });
}

void Upstream::on_dial_done(Result<net::Dialed, net::DialFailure> result) {
  if (!result) {
    const net::NetFailure& failure = result.error().failure;
    tally_.connect(net::name(failure.error));
    std::string reason(net::name(failure.error));
    if (!failure.detail.empty()) reason += ": " + failure.detail;
    run([&](Actions& out) { fsm_->on_dial_failed(reason, out); });
    return;
  }
  tally_.connect("ok");
  log::info("router", "connected", {{"upstream", options_.name}, {"address", result.value().address}});
  connection_ = std::move(result.value().connection);
  const std::uint64_t number = ++connection_number_;
  net::WsConnection::Callbacks callbacks;
  callbacks.on_message = [weak = weak_from_this(), number](std::string_view text) {
    const auto self = weak.lock();
    if (self && self->connection_number_ == number) self->on_text(text);
  };
  callbacks.on_closed = [weak = weak_from_this(), number](net::CloseCause cause, std::uint16_t code,
                                                          std::string_view reason) {
    const auto self = weak.lock();
    if (!self || self->connection_number_ != number) return;
    std::string text(net::name(cause));
    text += " " + std::to_string(code);
    if (!reason.empty()) (text += ": ") += reason;
    const auto end = cause == net::CloseCause::protocol && reason == kTooLarge ? UpstreamFsm::End::too_large
                                                                               : UpstreamFsm::End::other;
    // In a turn of its own: the connection may find its end inside one of our calls.
    self->context_.shard.post([weak, number, text, end] {
      if (const auto alive = weak.lock()) alive->on_connection_closed(number, text, end);
    });
  };
  connection_->start(std::move(callbacks));
  run([this](Actions& out) { fsm_->on_dialed(out); });
}

void Upstream::on_text(std::string_view text) {
  auto message = parse_relay_message(text);
  if (!message) {
    if (message.error().event_error) context_.sink.count_refused(ingest::Source::router, ingest::Reason::invalid_event);
    run([&](Actions& out) { fsm_->on_bad_message(message.error(), out); });
    return;
  }
  run([&](Actions& out) { fsm_->on_message(std::move(message).value(), out); });
}

void Upstream::on_connection_closed(std::uint64_t number, const std::string& reason, UpstreamFsm::End end) {
  if (number != connection_number_ || !connection_) return;
  connection_.reset();
  ++connection_number_;
  run([&](Actions& out) { fsm_->on_closed(reason, out, end); });
}

void Upstream::hang_up(const std::string& reason) {
  context_.gate.forget(id_);
  pending_dial_.reset();
  if (!connection_) return;
  ++connection_number_;
  std::exchange(connection_, nullptr)->close(net::CloseCause::shutdown, 1000, reason);
}

// --- events in ---

void Upstream::submit(Submit&& event, Actions& more) {
  const EventId& id = event.event->id;
  received_.insert(id);
  if (context_.decided.contains(id)) return fsm_->on_verdict(event, Settled::duplicate, "", more);
  if (context_.store.contains(id)) {
    context_.decided.insert(id);
    return fsm_->on_verdict(event, Settled::duplicate, "", more);
  }
  to_submit_.push_back(std::move(event));
  if (!retry_armed_) feed_sink();
}

// In order, as far as the sink takes them; the rest waits for a timer, and when it grows the upstream is not read.
void Upstream::feed_sink() {
  while (!to_submit_.empty()) {
    ingest::Submission submission;
    submission.event = to_submit_.front().event;
    submission.source = ingest::Source::router;
    submission.sender = sender_;
    submission.origin = origin_;
    submission.done = [verdicts = verdicts_, submitted = to_submit_.front()](const ingest::Verdict& verdict) {
      verdicts->add(submitted, verdict);
    };
    if (!context_.sink.submit(std::move(submission))) break;
    to_submit_.pop_front();
  }
  if (to_submit_.empty() || retry_armed_) return;
  retry_armed_ = true;
  retry_timer_.arm(context_.options.intake.retry_delay, [this] {
    retry_armed_ = false;
    feed_sink();
  });
}

void Upstream::on_verdicts() {
  const std::vector<VerdictQueue::Entry> entries = verdicts_->take();
  run([&](Actions& out) {
    for (const VerdictQueue::Entry& entry : entries) {
      if (is_decided_for_good(entry.verdict)) context_.decided.insert(entry.submitted.event->id);
      fsm_->on_verdict(entry.submitted, settled_as(entry.verdict), ingest::name(entry.verdict.reason), out);
    }
  });
}

// --- the store ---

void Upstream::persist_ledger(PersistLedger&& write) {
  const auto done = [weak = weak_from_this(), &shard = context_.shard, filter = write.filter](bool ok) {
    shard.post([weak, filter, ok] {
      if (const auto self = weak.lock()) self->run([&](Actions&) { self->fsm_->on_ledger_persisted(filter, ok); });
    });
  };
  const bool taken = context_.store.submit_update(
      [key = ledger_keys_[write.filter], value = std::move(write.value)](storage::WriteTxn& txn) {
        return kv_put(txn, storage::KvTable::router_ledger, key, value);
      },
      done);
  if (!taken) done(false);
}

void Upstream::persist_cursor(const PersistCursor& write) {
  const auto done = [weak = weak_from_this(), &shard = context_.shard](bool ok) {
    shard.post([weak, ok] {
      if (const auto self = weak.lock()) self->run([&](Actions& out) { self->fsm_->on_cursor_persisted(ok, out); });
    });
  };
  const bool taken = context_.store.submit_update(
      [key = mark_key_, value = encode_mark(write.mark)](storage::WriteTxn& txn) {
        return kv_put(txn, storage::KvTable::router_outbox, key, value);
      },
      done);
  if (!taken) done(false);
}

void Upstream::read_outbox(const ReadOutbox& read) {
  std::vector<Publisher::Item> items;
  const auto visit = [&](const storage::RecordView& record) {
    if (!fsm_->publishes(record.seq())) return;
    bool matches = false;
    for (const Filter& filter : options_.filters) matches = matches || record.matches(filter);
    if (!matches || received_.contains(record.id())) return;
    Event event;
    record.decode(event);
    if (fsm_->publishes(event)) items.push_back({record.seq(), std::make_shared<const Event>(std::move(event))});
  };
  const auto through = storage::scan_by_seq(context_.store, read.after, read.through, read.records, visit);
  run([&](Actions& out) {
    if (through)
      fsm_->on_outbox(std::move(items), through.value(), out);
    else
      fsm_->on_outbox_failed();
  });
}

void Upstream::on_brought(storage::Seq first, storage::Seq last, storage::Origin origin) {
  if (fsm_ && origin == origin_) fsm_->on_brought(first, last);
}

void Upstream::on_stored(storage::Seq last_seq) {
  last_seq_ = last_seq;
  if (!fsm_) return;
  run([&](Actions& out) { fsm_->on_stored(last_seq, out); });
}

void Upstream::on_ephemeral(const storage::EventPtr& event, storage::Origin origin) {
  if (!fsm_ || origin == origin_ || received_.contains(event->id)) return;
  if (connection_ && connection_->queued_bytes() > kMaxQueuedForEphemeral) return context_.ephemeral_dropped.add();
  run([&](Actions& out) { fsm_->on_ephemeral(event, out); });
}

// --- what it tells ---

UpstreamStatus Upstream::status() const {
  UpstreamStatus out;
  if (fsm_) {
    fsm_->fill_status(out);
    return out;
  }
  out.name = options_.name;
  out.url = options_.url.text();
  out.direction = options_.direction;
  out.last_error = load_error_;
  return out;
}

}  // namespace pharos::router
