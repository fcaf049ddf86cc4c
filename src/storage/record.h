// A stored event: the FlatBuffers record of schema/event_record.fbs. Encoding, a view that reads in place, and
// rendering to JSON without building an Event.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "nostr/event.h"
#include "nostr/filter.h"
#include "nostr/search_words.h"
#include "storage/packed_tags.h"
#include "storage/store.h"

namespace pharos::storage {

// Records start at multiples of this and are multiples of it long, in memory and in LMDB's pages.
inline constexpr std::size_t kRecordAlignment = 8;

// A view into the bytes of one record; valid while they are (one read transaction). The bytes are aligned to
// kRecordAlignment and were written by encode_record() or abridge(), or passed verify_record(). An abridged record
// comes with its dictionary, which outlives the view; tags that refer to one that is missing end early.
class RecordView {
 public:
  RecordView(Seq seq, std::span<const std::uint8_t> bytes, const Dictionary* dictionary = nullptr)
      : seq_(seq), bytes_(bytes), dictionary_(dictionary) {}

  Seq seq() const { return seq_; }
  EventId id() const;
  PublicKey pubkey() const;
  Signature sig() const;
  UnixSeconds created_at() const;
  Kind kind() const;
  std::size_t tag_count() const;
  PackedTagReader tags() const;
  std::string_view content() const;
  // NIP-40, as pharos::expiration() read it when the record was made, at least 1.
  std::optional<UnixSeconds> expires_at() const;
  bool is_expired(UnixSeconds now) const;

  // Appends the event object exactly as append_event_json(decode()) would.
  void append_json(std::string& out) const;
  void decode(Event& out) const;
  // Ignores limit.
  bool matches(const Filter& filter) const;
  // The same but for its search.
  bool matches_fields(const Filter& filter) const;

  std::span<const std::uint8_t> bytes() const { return bytes_; }

 private:
  Seq seq_;
  std::span<const std::uint8_t> bytes_;
  const Dictionary* dictionary_;
};

// Replaces out by the words of the event (nostr/search_text.h).
void read_record_words(const RecordView& record, WordList& out);

// Replaces out by the record of the event.
void encode_record(const Event& event, std::string& out);

// Replaces out by the record with these packed tags, as many as it has, instead of its own.
void encode_with_tags(const RecordView& record, std::span<const std::uint8_t> packed_tags, std::string& out);

// True when the bytes are a well-formed, aligned record whose tags follow their grammar and refer to nothing that the
// dictionary does not have; for files that were not written by this process. Says nothing about id and signature.
bool verify_record(std::span<const std::uint8_t> bytes, const Dictionary* dictionary = nullptr);

}  // namespace pharos::storage
