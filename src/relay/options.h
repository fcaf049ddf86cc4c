// The settings of the relay, with the defaults of the house. app fills them; a reload replaces them whole: NIP-11 and
// new connections follow at once, open connections keep the limits under which they were accepted, save their rates.
// What open connections must not disagree on with NIP-11 (gate_private_messages, gate_drafts) stays until a restart.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ingest/access_lists.h"
#include "ingest/admission.h"
#include "net/server.h"
#include "nostr/event.h"
#include "nostr/filter.h"
#include "nostr/types.h"
#include "relay/rate_rules.h"
#include "storage/word_index.h"

namespace pharos::relay {

// Caps of one connection. Beyond them: CLOSED or OK false with a reason, reading pauses, or the connection is closed.
struct Limits {
  std::size_t max_subscriptions = 64;
  std::size_t max_filters = 20;                    // of one REQ
  std::size_t max_subscription_id = 64;            // code points
  std::size_t max_filter_values = 50'000;          // ids, authors, kinds and tag values of all subscriptions together
  std::size_t default_limit = 500;                 // of a filter that names none
  std::size_t max_limit = 1'000;                   // of one filter; a silent clamp
  std::size_t max_events_per_req = 5'000;          // stored events over all filters of a REQ; a silent clamp
  std::size_t max_scanned_records = 1'000'000;     // of one REQ; beyond it CLOSED, of a COUNT approximate
  std::size_t max_search_candidates = 50'000;      // of one search; the best of those are given
  std::size_t max_running_scans = 4;               // stored phases and COUNTs at a time; further ones wait
  std::size_t max_counts = 16;                     // COUNTs in work or waiting; beyond it CLOSED
  std::size_t max_negentropy_sessions = 16;        // beyond it NEG-ERR
  std::size_t max_negentropy_records = 1'000'000;  // of one set; beyond it NEG-ERR
  std::chrono::milliseconds negentropy_idle_timeout{60'000};  // without a message NEG-ERR
  std::size_t max_held_events = 10'000;                       // live events that wait for an EOSE; beyond it CLOSED
  std::size_t max_held_bytes = 4U << 20U;
  std::size_t max_pending_events = 256;  // EVENTs without their OK; beyond it reading pauses
  std::size_t max_auth_keys = 16;
  std::size_t max_auth_attempts = 64;
  std::size_t max_bad_messages = 200;  // messages that are no nostr at all; beyond it 1008
};

// What NIP-11 tells beyond the limits; empty fields are left out.
struct Info {
  std::string name = "pharos";
  std::string description;
  std::string banner;
  std::string icon;
  std::string pubkey;  // the operator's, hex
  std::string self;    // the relay's own identity, hex
  std::string contact;
  std::string terms_of_service;
  std::string software;  // a URL
  std::string version;
};

// To whom an EOSE says that every stored match was sent (NIP-67).
enum class EoseHint { off, on, listed };

struct Options {
  std::vector<net::ServerOptions> listeners{net::ServerOptions{}};
  // The URLs under which clients know us: NIP-42 compares their hosts. Loopback names are always ours as well.
  std::vector<std::string> urls;
  std::string path = "/";  // of the WebSocket and of NIP-11; any other is 404

  Info info;
  Limits limits;
  // How fast clients may go; open connections follow at once.
  std::shared_ptr<const RateRules> rates = std::make_shared<const RateRules>();
  // What NIP-11 tells of admission; the pipeline enforces it.
  ingest::AdmissionOptions admission;
  // Kinds 4, 1059 and 21059 go to their authenticated author or recipient alone (NIP-04, 17, 59).
  bool gate_private_messages = true;
  bool gate_drafts = false;  // kinds 1234, 10013 and 31234 go to their authenticated author alone (NIP-37)
  bool count = true;         // COUNT is answered (NIP-45)
  bool negentropy = true;    // NEG-OPEN is answered (NIP-77)
  std::size_t negentropy_frame_bytes = 512U << 10U;  // of one answer, half of what it is in hex
  // Filters of kinds and authors alone, of all of whose events a tree of sums is kept; nobody else's sessions need one.
  std::vector<Filter> negentropy_trees;
  std::size_t max_negentropy_tree_bytes = 64U << 20U;  // of one; beyond it it is given up
  std::size_t max_negentropy_bytes = 256U << 20U;      // of all sets together; beyond it NEG-ERR
  EoseHint eose_hint = EoseHint::off;
  std::vector<std::string> eose_hint_clients;  // an Origin, or how a User-Agent begins
  // Who may manage the relay (NIP-86); empty: nobody, and it is not answered.
  std::vector<PublicKey> admins;
  ingest::Conditions conditions;  // what NIP-11 and the page tell of who may read and write
  // An invite (NIP-43, kind 28935) of that key, signed; empty: requests to join and to leave are not taken. Any thread.
  std::function<Event(const PublicKey& inviter)> make_invite;
  // What searches ask (NIP-50); nullptr: they are not answered. The store's.
  std::shared_ptr<const storage::WordIndexProgress> search;
  bool monitoring = false;  // NIP-66 events are published here

  // One slice of a stored phase on the worker pool. A new query waits for one of another to end.
  std::chrono::microseconds slice_time{1'000};
  std::size_t slice_records = 20'000;
  std::size_t slice_bytes = 256 * 1024;
  std::size_t max_queued_slices = 20'000;  // over all connections; beyond it CLOSED

  // Live events on their way to one shard; beyond it the shard closes its subscriptions with a reason.
  std::size_t max_fanout_events = 100'000;
  std::size_t max_fanout_bytes = 256U << 20U;
};

// Lowers what a session queues in one go (a slice of each running scan, an answer of negentropy, held events at their
// EOSE) to a part of the
// least outbound cap of the listeners, so that nobody is cut off who reads at once.
Options fitted_to_outbound_caps(Options options);

}  // namespace pharos::relay
