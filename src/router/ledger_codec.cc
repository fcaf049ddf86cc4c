#include "router/ledger_codec.h"

#include <limits>

#include "nostr/sha256.h"

// router_ledger
//   key     = sha256(url text) sha256(filter JSON)            32 + 32 bytes
//   value   = version flags tiers entries
//   version = %x02                                            %x01 is read too: it has no flags and, in the outbox, no
//                                                             runs
//   flags   = OCTET                                           bit 0: the relay once sent an event for this filter
//   tiers   = count *(varint)                                 unix second of the last re-check of each tier, 0 never
//   entries = varint *(entry)                                 count, then ascending and disjoint
//   entry   = state method skip length checked_at events largest_answer attempts
//   state   = %x01-04                                         Coverage
//   method  = %x01-03                                         Method
//   skip    = varint                                          from - (previous to + 1); from - 0 for the first
//   length  = varint                                          to - from
//   the rest are varints; varint = LEB128, at most 10 bytes; count is one byte
//
// router_outbox
//   key     = sha256(url text)
//   value   = version cursor runs                             cursor: varint, settled up to this sequence number
//   runs    = count *(skip length)                            varints; what is settled beyond, ascending
//   skip    = first - (previous last + 1), first - (cursor + 1) for the first; length = last - first
namespace pharos::router {
namespace {

constexpr char kFirstVersion = 1;
constexpr char kVersion = 2;
constexpr char kServed = 1;

void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7U;
  }
  out.push_back(static_cast<char>(value));
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  bool failed() const { return failed_; }
  bool at_end() const { return bytes_.empty(); }

  std::uint8_t byte() {
    if (bytes_.empty()) {
      failed_ = true;
      return 0;
    }
    const auto value = static_cast<std::uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return value;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint8_t next = byte();
      if (failed_) return 0;
      value |= static_cast<std::uint64_t>(next & 0x7FU) << shift;
      if ((next & 0x80U) == 0) return value;
    }
    failed_ = true;
    return 0;
  }
  UnixSeconds seconds() {
    const std::uint64_t value = varint();
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max() / 4)) {
      failed_ = true;
      return 0;
    }
    return static_cast<UnixSeconds>(value);
  }

 private:
  std::string_view bytes_;
  bool failed_ = false;
};

void append_digest(std::string& out, std::string_view text) { out.append(as_text(sha256(as_bytes(text)))); }

}  // namespace

std::string encode_ledger(const Ledger& ledger) {
  std::string out;
  out.push_back(kVersion);
  out.push_back(ledger.ever_served() ? kServed : '\0');
  out.push_back(static_cast<char>(kMaxRecheckTiers));
  for (std::size_t tier = 0; tier < kMaxRecheckTiers; ++tier)
    put_varint(out, static_cast<std::uint64_t>(ledger.rechecked_at(tier)));
  put_varint(out, ledger.entries().size());
  UnixSeconds next = 0;
  for (const LedgerEntry& entry : ledger.entries()) {
    out.push_back(static_cast<char>(entry.state));
    out.push_back(static_cast<char>(entry.evidence.method));
    put_varint(out, static_cast<std::uint64_t>(entry.range.from - next));
    put_varint(out, static_cast<std::uint64_t>(entry.range.to - entry.range.from));
    put_varint(out, static_cast<std::uint64_t>(entry.evidence.checked_at));
    put_varint(out, entry.evidence.events);
    put_varint(out, entry.evidence.largest_answer);
    put_varint(out, entry.evidence.attempts);
    next = entry.range.to + 1;
  }
  return out;
}

std::optional<Ledger> decode_ledger(std::string_view bytes, std::size_t max_entries) {
  Reader reader(bytes);
  const std::uint8_t version = reader.byte();
  if (version != kVersion && version != kFirstVersion) return std::nullopt;
  Ledger ledger(max_entries);
  const std::uint8_t flags = version == kFirstVersion ? 0 : reader.byte();
  if (flags > kServed) return std::nullopt;
  const std::size_t tiers = reader.byte();
  for (std::size_t tier = 0; tier < tiers && !reader.failed(); ++tier) {
    const UnixSeconds at = reader.seconds();
    if (tier < kMaxRecheckTiers) ledger.set_rechecked_at(tier, at);
  }
  const std::uint64_t count = reader.varint();
  std::vector<LedgerEntry> entries;
  UnixSeconds next = 0;
  for (std::uint64_t i = 0; i < count && !reader.failed(); ++i) {
    LedgerEntry entry;
    const std::uint8_t state = reader.byte();
    const std::uint8_t method = reader.byte();
    if (state < 1 || state > 4 || method < 1 || method > 3) return std::nullopt;
    entry.state = static_cast<Coverage>(state);
    entry.evidence.method = static_cast<Method>(method);
    entry.range.from = next + reader.seconds();
    entry.range.to = entry.range.from + reader.seconds();
    entry.evidence.checked_at = reader.seconds();
    entry.evidence.events = reader.varint();
    entry.evidence.largest_answer = reader.varint();
    const std::uint64_t attempts = reader.varint();
    if (attempts > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    entry.evidence.attempts = static_cast<std::uint32_t>(attempts);
    if (entry.range.to > std::numeric_limits<std::int64_t>::max() / 4) return std::nullopt;
    next = entry.range.to + 1;
    entries.push_back(entry);
  }
  if (reader.failed() || !reader.at_end()) return std::nullopt;
  ledger.restore(std::move(entries), flags == kServed);
  return ledger;
}

std::string encode_mark(const OutboxMark& mark) {
  std::string out(1, kVersion);
  put_varint(out, mark.cursor);
  put_varint(out, mark.settled.size());
  storage::Seq next = mark.cursor + 1;
  for (const SeqRun& run : mark.settled) {
    put_varint(out, run.first - next);
    put_varint(out, run.last - run.first);
    next = run.last + 1;
  }
  return out;
}

std::optional<OutboxMark> decode_mark(std::string_view bytes) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max() / 8;
  Reader reader(bytes);
  const std::uint8_t version = reader.byte();
  if (version != kVersion && version != kFirstVersion) return std::nullopt;
  OutboxMark mark;
  mark.cursor = reader.varint();
  const std::uint64_t count = version == kFirstVersion ? 0 : reader.varint();
  storage::Seq last = mark.cursor;
  for (std::uint64_t i = 0; i < count && !reader.failed(); ++i) {
    const std::uint64_t skip = reader.varint();
    const std::uint64_t length = reader.varint();
    if (last > kMax || skip > kMax || length > kMax) return std::nullopt;
    const storage::Seq first = last + 1 + skip;
    last = first + length;
    mark.settled.push_back({first, last});
  }
  if (reader.failed() || !reader.at_end() || last > kMax) return std::nullopt;
  return mark;
}

bool is_of_newer_version(std::string_view bytes) {
  return !bytes.empty() && static_cast<std::uint8_t>(bytes.front()) > static_cast<std::uint8_t>(kVersion);
}

std::string ledger_key(const RelayUrl& url, const Filter& filter) {
  std::string key;
  append_digest(key, url.text());
  std::string text;
  append_filter_json(text, without_window(filter));
  append_digest(key, text);
  return key;
}

std::string mark_key(const RelayUrl& url) {
  std::string key;
  append_digest(key, url.text());
  return key;
}

}  // namespace pharos::router
