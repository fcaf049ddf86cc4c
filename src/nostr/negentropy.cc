#include "nostr/negentropy.h"

#include <algorithm>
#include <optional>

#include "nostr/sha256.h"
#include "util/check.h"

namespace pharos {
namespace {

constexpr std::uint64_t kSkip = 0;
constexpr std::uint64_t kFingerprint = 1;
constexpr std::uint64_t kIdList = 2;
constexpr std::size_t kFingerprintBytes = 16;
constexpr std::size_t kBuckets = 16;
constexpr std::size_t kMostDigits = 10;  // of a 64-bit number
// A skip, and the fingerprint of all the rest.
constexpr std::size_t kTailBytes = 96;
// The fields of a list of ids besides the ids.
constexpr std::size_t kListBytes = 72;

// --- reading

Result<std::string_view, NegFault> take_bytes(std::string_view& in, std::uint64_t count) {
  if (count > in.size()) return NegFault::truncated;
  const std::string_view taken = in.substr(0, static_cast<std::size_t>(count));
  in.remove_prefix(taken.size());
  return taken;
}

Result<std::uint64_t, NegFault> take_number(std::string_view& in) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    const auto digit = static_cast<std::uint8_t>(in[i]);
    if (i == kMostDigits || number > (~std::uint64_t{0} >> 7U)) return NegFault::bad_number;
    number = (number << 7U) | (digit & 0x7fU);
    if ((digit & 0x80U) == 0) {
      in.remove_prefix(i + 1);
      return number;
    }
  }
  return NegFault::truncated;
}

Result<std::uint64_t, NegFault> take_timestamp(std::string_view& in, std::uint64_t& last) {
  PHAROS_TRY(const auto number, take_number(in));
  if (number == 0) return last = NegBound::kInfinity;
  const std::uint64_t offset = number - 1;
  if (offset >= NegBound::kInfinity - last) return NegFault::bad_bound;
  return last += offset;
}

struct Range {
  NegBound bound;
  std::uint64_t mode = kSkip;
  std::string_view payload;  // a fingerprint, or ids
};

Result<Range, NegFault> take_range(std::string_view& in, const NegBound& lower, std::uint64_t& last_timestamp) {
  Range range;
  PHAROS_TRY(range.bound.timestamp, take_timestamp(in, last_timestamp));
  PHAROS_TRY(const auto id_bytes, take_number(in));
  if (id_bytes > EventId::kSize) return NegFault::bad_bound;
  PHAROS_TRY(const auto prefix, take_bytes(in, id_bytes));
  range.bound.id_bytes = static_cast<std::uint8_t>(id_bytes);
  std::ranges::copy(as_bytes(prefix), range.bound.id.data.begin());
  if (range.bound < lower) return NegFault::descending;
  PHAROS_TRY(range.mode, take_number(in));
  if (range.mode == kFingerprint) {
    PHAROS_TRY(range.payload, take_bytes(in, kFingerprintBytes));
  } else if (range.mode == kIdList) {
    PHAROS_TRY(const auto count, take_number(in));
    if (count > in.size() / EventId::kSize) return NegFault::truncated;
    PHAROS_TRY(range.payload, take_bytes(in, count * EventId::kSize));
  } else if (range.mode != kSkip) {
    return NegFault::bad_mode;
  }
  return range;
}

Result<void, NegFault> take_version(std::string_view& in) {
  if (is_foreign(in)) return NegFault::foreign_version;
  if (in.empty() || in[0] != kNegVersion) return NegFault::no_message;
  in.remove_prefix(1);
  return success();
}

// --- writing

void append_number(std::string& out, std::uint64_t number) {
  char digits[kMostDigits];
  std::size_t at = kMostDigits - 1;
  digits[at] = static_cast<char>(number & 0x7fU);
  while ((number >>= 7U) != 0) digits[--at] = static_cast<char>((number & 0x7fU) | 0x80U);
  out.append(digits + at, kMostDigits - at);
}

void append_bound(std::string& out, const NegBound& bound, std::uint64_t& last_timestamp) {
  append_number(out, bound.timestamp == NegBound::kInfinity ? 0 : bound.timestamp - last_timestamp + 1);
  last_timestamp = bound.timestamp;
  append_number(out, bound.id_bytes);
  out.append(as_text(bound.id.span()).substr(0, bound.id_bytes));
}

std::string fingerprint(const NegSet& set, std::size_t begin, std::size_t end) {
  const std::array<std::uint8_t, 32> sum = set.sum(begin, end).bytes();
  std::string hashed(as_text(sum));
  append_number(hashed, end - begin);
  const std::array<std::uint8_t, 32> hash = sha256(as_bytes(hashed));
  return std::string(as_text(hash).substr(0, kFingerprintBytes));
}

// The ranges that a range whose fingerprints differ is taken apart into.
std::string split(const NegSet& set, std::size_t begin, std::size_t end, const NegBound& bound,
                  std::uint64_t& last_timestamp) {
  std::string out;
  const std::size_t count = end - begin;
  if (count < 2 * kBuckets) {
    append_bound(out, bound, last_timestamp);
    append_number(out, kIdList);
    append_number(out, count);
    for (std::size_t i = begin; i < end; ++i) out.append(as_text(set.at(i).id.span()));
    return out;
  }
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    const std::size_t next = begin + count / kBuckets + (bucket < count % kBuckets ? 1 : 0);
    append_bound(out, next == end ? bound : NegBound::between(set.at(next - 1), set.at(next)), last_timestamp);
    append_number(out, kFingerprint);
    out.append(fingerprint(set, begin, next));
    begin = next;
  }
  return out;
}

}  // namespace

std::string_view describe(NegFault fault) {
  switch (fault) {
    case NegFault::no_message:
      return "not a negentropy message";
    case NegFault::foreign_version:
      return "another version of negentropy";
    case NegFault::truncated:
      return "the negentropy message is cut short";
    case NegFault::bad_number:
      return "a number in the negentropy message is too large";
    case NegFault::bad_bound:
      return "a bound in the negentropy message is out of range";
    case NegFault::descending:
      return "the ranges of the negentropy message do not ascend";
    case NegFault::bad_mode:
      return "an unknown mode in the negentropy message";
  }
  return "";
}

Result<void, NegFault> check_neg_message(std::string_view message) {
  PHAROS_TRYV(take_version(message));
  NegBound lower;
  std::uint64_t last_timestamp = 0;
  while (!message.empty()) {
    PHAROS_TRY(const auto range, take_range(message, lower, last_timestamp));
    lower = range.bound;
  }
  return success();
}

void NegDifference::make_unique() {
  for (std::vector<EventId>* ids : {&have, &need}) {
    std::ranges::sort(*ids);
    ids->erase(std::unique(ids->begin(), ids->end()), ids->end());
  }
}

std::string neg_initial(const NegSet& set) {
  std::uint64_t last_timestamp = 0;
  return kNegVersion + split(set, 0, set.size(), NegBound::infinity(), last_timestamp);
}

NegTurn::NegTurn(const NegSet& set, std::string_view message, std::size_t frame_bytes, NegDifference* difference)
    : set_(set), in_(message), room_(frame_bytes - kTailBytes), difference_(difference), out_(1, kNegVersion) {
  PHAROS_DEBUG_CHECK(frame_bytes >= kLeastNegFrame);
}

Result<std::string, NegFault> NegTurn::finish() {
  while (true) {
    PHAROS_TRY(const bool more, step());
    if (!more) return take_message();
  }
}

Result<bool, NegFault> NegTurn::step() {
  if (!started_) {
    started_ = true;
    PHAROS_TRYV(take_version(in_));
  }
  if (in_.empty()) return false;
  PHAROS_TRY(const auto range, take_range(in_, lower_, last_in_));
  const std::size_t end = set_.find(begin_, range.bound);
  if (range.mode == kFingerprint) {
    on_fingerprint(end, range.bound, range.payload);
  } else if (range.mode == kIdList && difference_ == nullptr) {
    give_ids(end, range.bound);
  } else {
    if (range.mode == kIdList) compare_ids(end, range.payload);
    skipped_ = true;
    begin_ = end;
    lower_ = range.bound;
  }
  return !in_.empty();
}

void NegTurn::on_fingerprint(std::size_t end, const NegBound& bound, std::string_view theirs) {
  if (fingerprint(set_, begin_, end) == theirs) {
    skipped_ = true;
  } else {
    write_skipped();
    std::uint64_t last_timestamp = last_out_;
    const std::string ranges = split(set_, begin_, end, bound, last_timestamp);
    if (!has_room(ranges.size())) return defer_rest();
    out_.append(ranges);
    last_out_ = last_timestamp;
  }
  begin_ = end;
  lower_ = bound;
}

void NegTurn::give_ids(std::size_t end, const NegBound& bound) {
  write_skipped();
  if (!has_room(kListBytes)) return defer_rest();
  const std::size_t fitting = (room_ - out_.size() - kListBytes) / EventId::kSize;
  const bool is_whole = end - begin_ <= fitting;
  if (!is_whole && fitting == 0) return defer_rest();
  const std::size_t given_end = is_whole ? end : begin_ + fitting;
  append_bound(out_, is_whole ? bound : NegBound::between(set_.at(given_end - 1), set_.at(given_end)), last_out_);
  append_number(out_, kIdList);
  append_number(out_, given_end - begin_);
  for (std::size_t i = begin_; i < given_end; ++i) out_.append(as_text(set_.at(i).id.span()));
  begin_ = given_end;
  if (!is_whole) return defer_rest();
  lower_ = bound;
}

void NegTurn::compare_ids(std::size_t end, std::string_view theirs) {
  std::vector<EventId> ours;
  std::vector<EventId> others;
  for (std::size_t i = begin_; i < end; ++i) ours.push_back(set_.at(i).id);
  for (; !theirs.empty(); theirs.remove_prefix(EventId::kSize)) {
    others.push_back(*EventId::from_bytes(as_bytes(theirs.substr(0, EventId::kSize))));
  }
  std::ranges::sort(ours);
  std::ranges::sort(others);
  others.erase(std::unique(others.begin(), others.end()), others.end());
  std::ranges::set_difference(ours, others, std::back_inserter(difference_->have));
  std::ranges::set_difference(others, ours, std::back_inserter(difference_->need));
}

void NegTurn::write_skipped() {
  if (!std::exchange(skipped_, false)) return;
  append_bound(out_, lower_, last_out_);
  append_number(out_, kSkip);
}

void NegTurn::defer_rest() {
  write_skipped();
  append_bound(out_, NegBound::infinity(), last_out_);
  append_number(out_, kFingerprint);
  out_.append(fingerprint(set_, begin_, set_.size()));
  in_ = {};
}

}  // namespace pharos
