#include "monitor/codec.h"

#include <algorithm>
#include <span>

#include "nostr/sha256.h"
#include "util/bytes.h"

// monitor_target
//   key      = sha256(url)
//   value    = %x01 url source liveness failures first_seen checked online due first_result next_result
//   source   = %x00-02                   TargetSource
//   liveness = %x00-02                   Liveness
//   url      = text; the others are varints, times in Unix milliseconds
//
// monitor_result
//   key      = sha256(url) number        number: 8 bytes, big-endian, counts up per target
//   value    = %x01 started flags dns tcp tls http address issuer not_after 5(check) [digest]
//   flags    = varint                    bit 0 tls_used, 1 challenged, 2 read_without_auth, 3 write_without_auth,
//                                        4 auth_demanded_to_read, 5 auth_demanded_to_write, 6 spoke_nostr,
//                                        7 spoke_garbage, 8 limit_ignored, 9 digest follows
//   check    = outcome fault rtt detail  in the order of Check; outcome and fault one byte each, rtt in ms
//   digest   = 32OCTET                   SHA-256 of the NIP-11 document
//   address, issuer, detail = text; the others are varints, stages in microseconds, not_after in Unix seconds
//
// document
//   key      = digest                    value = the document as received
// misc
//   key      = "monitor/document/" digest
//   value    = %x01 varint               results that name the document; it goes with the last of them
//
// text   = varint *OCTET                 length, bytes
// varint = LEB128, at most 10 bytes
namespace pharos::monitor {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kMaxTextBytes = 8 * 1024;

class Writer {
 public:
  Writer() { out_.push_back(kVersion); }
  void byte(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void varint(std::uint64_t value) {
    while (value >= 0x80) {
      byte(static_cast<std::uint8_t>(value | 0x80U));
      value >>= 7U;
    }
    byte(static_cast<std::uint8_t>(value));
  }
  void time(std::int64_t value) { varint(value < 0 ? 0 : static_cast<std::uint64_t>(value)); }
  void text(std::string_view value) {
    varint(value.size());
    out_.append(value);
  }
  void raw(std::span<const std::uint8_t> bytes) { out_.append(as_text(bytes)); }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// After a failure every read gives zero; ask complete() at the end.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) { failed_ = byte() != kVersion; }
  bool complete() const { return !failed_ && bytes_.empty(); }

  std::uint8_t byte() {
    const std::string_view one = take(1);
    return one.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(one[0]);
  }
  std::uint8_t byte_up_to(std::uint8_t most) {
    const std::uint8_t value = byte();
    if (value > most) failed_ = true;
    return value;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !failed_; shift += 7) {
      const std::uint8_t next = byte();
      value |= static_cast<std::uint64_t>(next & 0x7fU) << shift;
      if ((next & 0x80U) == 0) return failed_ ? 0 : value;
    }
    failed_ = true;
    return 0;
  }
  std::uint32_t varint32() {
    const std::uint64_t value = varint();
    if (value > 0xffffffffU) failed_ = true;
    return static_cast<std::uint32_t>(value);
  }
  std::int64_t time() {
    const std::uint64_t value = varint();
    if (value > static_cast<std::uint64_t>(kMaxCreatedAtMs)) failed_ = true;
    return failed_ ? 0 : static_cast<std::int64_t>(value);
  }
  std::string text() {
    const std::uint64_t size = varint();
    if (size > kMaxTextBytes) failed_ = true;
    return std::string(take(failed_ ? 0 : static_cast<std::size_t>(size)));
  }
  std::string_view take(std::size_t n) {
    if (failed_ || bytes_.size() < n) {
      failed_ = true;
      return {};
    }
    const std::string_view out = bytes_.substr(0, n);
    bytes_.remove_prefix(n);
    return out;
  }

 private:
  static constexpr std::int64_t kMaxCreatedAtMs = std::int64_t{1} << 60;
  std::string_view bytes_;
  bool failed_ = false;
};

std::string hash_of(std::string_view url) {
  const auto digest = sha256(as_bytes(url));
  return std::string(as_text(digest));
}

std::uint64_t pack_flags(const ProbeResult& r) {
  std::uint64_t flags = 0;
  unsigned bit = 0;
  for (const bool flag :
       {r.tls_used, r.challenged, r.read_without_auth, r.write_without_auth, r.auth_demanded_to_read,
        r.auth_demanded_to_write, r.spoke_nostr, r.spoke_garbage, r.limit_ignored, r.nip11_digest.has_value()}) {
    if (flag) flags |= std::uint64_t{1} << bit;
    ++bit;
  }
  return flags;
}

void unpack_flags(std::uint64_t flags, ProbeResult& r) {
  unsigned bit = 0;
  for (bool* flag : {&r.tls_used, &r.challenged, &r.read_without_auth, &r.write_without_auth, &r.auth_demanded_to_read,
                     &r.auth_demanded_to_write, &r.spoke_nostr, &r.spoke_garbage, &r.limit_ignored}) {
    *flag = ((flags >> bit) & 1U) != 0;
    ++bit;
  }
}

constexpr std::uint64_t kDigestFlag = std::uint64_t{1} << 9U;

}  // namespace

std::string encode_target(const TargetState& state) {
  Writer out;
  out.text(state.url);
  out.byte(static_cast<std::uint8_t>(state.source));
  out.byte(static_cast<std::uint8_t>(state.liveness));
  out.varint(state.failures);
  out.time(state.first_seen_unix_ms);
  out.time(state.checked_unix_ms);
  out.time(state.online_unix_ms);
  out.time(state.due_unix_ms);
  out.varint(state.first_result);
  out.varint(state.next_result);
  return out.take();
}

std::optional<TargetState> decode_target(std::string_view bytes) {
  Reader in(bytes);
  TargetState state;
  state.url = in.text();
  state.source = static_cast<TargetSource>(in.byte_up_to(2));
  state.liveness = static_cast<Liveness>(in.byte_up_to(2));
  state.failures = in.varint32();
  state.first_seen_unix_ms = in.time();
  state.checked_unix_ms = in.time();
  state.online_unix_ms = in.time();
  state.due_unix_ms = in.time();
  state.first_result = in.varint();
  state.next_result = in.varint();
  if (!in.complete() || state.first_result > state.next_result) return std::nullopt;
  return state;
}

std::string encode_result(const ProbeResult& result) {
  Writer out;
  out.time(result.started_unix_ms);
  out.varint(pack_flags(result));
  for (const std::uint32_t stage : {result.dns_us, result.tcp_us, result.tls_us, result.http_us}) out.varint(stage);
  out.text(result.address);
  out.text(result.tls_issuer);
  out.time(result.tls_not_after);
  for (const Check which : kChecks) {
    const CheckResult& check = result.check(which);
    out.byte(static_cast<std::uint8_t>(check.outcome));
    out.byte(static_cast<std::uint8_t>(check.fault));
    out.varint(check.rtt_ms);
    out.text(check.detail);
  }
  if (result.nip11_digest) out.raw(*result.nip11_digest);
  return out.take();
}

std::optional<ProbeResult> decode_result(std::string_view bytes) {
  Reader in(bytes);
  ProbeResult result;
  result.started_unix_ms = in.time();
  const std::uint64_t flags = in.varint();
  unpack_flags(flags, result);
  for (std::uint32_t* stage : {&result.dns_us, &result.tcp_us, &result.tls_us, &result.http_us}) *stage = in.varint32();
  result.address = in.text();
  result.tls_issuer = in.text();
  result.tls_not_after = in.time();
  for (const Check which : kChecks) {
    CheckResult& check = result.check(which);
    check.outcome = static_cast<Outcome>(in.byte_up_to(static_cast<std::uint8_t>(Outcome::timeout)));
    check.fault = static_cast<Fault>(in.byte_up_to(static_cast<std::uint8_t>(Fault::local)));
    check.rtt_ms = in.varint32();
    check.detail = in.text();
  }
  if ((flags & kDigestFlag) != 0) {
    const std::string_view digest = in.take(Digest{}.size());
    Digest value{};
    if (!digest.empty()) std::ranges::copy(as_bytes(digest), value.begin());
    result.nip11_digest = value;
  }
  if (!in.complete()) return std::nullopt;
  return result;
}

std::string target_key(std::string_view url) { return hash_of(url); }

std::string result_prefix(std::string_view url) { return hash_of(url); }

std::string result_key(std::string_view url, std::uint64_t number) {
  std::string key = hash_of(url);
  for (unsigned shift = 64; shift > 0; shift -= 8) key.push_back(static_cast<char>((number >> (shift - 8)) & 0xffU));
  return key;
}

std::string document_key(const Digest& digest) { return std::string(as_text(digest)); }

std::string document_count_key(const Digest& digest) { return "monitor/document/" + document_key(digest); }

std::string encode_count(std::uint64_t count) {
  Writer out;
  out.varint(count);
  return out.take();
}

std::optional<std::uint64_t> decode_count(std::string_view bytes) {
  Reader in(bytes);
  const std::uint64_t count = in.varint();
  return in.complete() ? std::optional(count) : std::nullopt;
}

}  // namespace pharos::monitor
