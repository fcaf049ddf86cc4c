// A stored event: the FlatBuffers record of schema/event_record.fbs. Encoding, a verified view, and rendering to JSON
// without building an Event.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "nostr/event.h"
#include "nostr/filter.h"
#include "storage/store.h"

namespace pharos::storage {

// A view into the bytes of one record; valid while they are (one read transaction).
class RecordView {
 public:
  RecordView(Seq seq, std::span<const std::uint8_t> bytes) : seq_(seq), bytes_(bytes) {}

  Seq seq() const { return seq_; }
  EventId id() const;
  PublicKey pubkey() const;
  UnixSeconds created_at() const;
  Kind kind() const;

  // Appends the event object exactly as append_event_json(decode()) would.
  void append_json(std::string& out) const;
  void decode(Event& out) const;
  // Ignores limit.
  bool matches(const Filter& filter) const;

  std::span<const std::uint8_t> bytes() const { return bytes_; }

 private:
  Seq seq_;
  std::span<const std::uint8_t> bytes_;
};

// Appends the record of the event to out (cleared first).
void encode_record(const Event& event, std::string& out);

// True when the bytes are a well-formed record; for files that were not written by this process.
bool verify_record(std::span<const std::uint8_t> bytes);

}  // namespace pharos::storage
