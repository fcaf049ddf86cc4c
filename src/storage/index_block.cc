#include "storage/index_block.h"

#include <algorithm>
#include <array>
#include <utility>

namespace pharos::storage {
namespace {

constexpr std::size_t kGroup = 16;
constexpr std::size_t kTieBytes = 3;
constexpr std::size_t kMaxPostingBytes = 3 * 10 + kTieBytes;

std::uint64_t zigzag(std::uint64_t from, std::uint64_t to) {
  const auto rise = static_cast<std::int64_t>(to - from);
  return static_cast<std::uint64_t>(rise) << 1U ^ static_cast<std::uint64_t>(rise >> 63U);
}

std::uint64_t unzigzag(std::uint64_t from, std::uint64_t coded) { return from + (coded >> 1U ^ (0 - (coded & 1U))); }

struct Bytes {
  std::array<char, kMaxPostingBytes> data;
  std::size_t size = 0;

  void add_varint(std::uint64_t number) {
    while (number >= 0x80) {
      data[size++] = static_cast<char>(number | 0x80U);
      number >>= 7U;
    }
    data[size++] = static_cast<char>(number);
  }
  void add_tie(std::uint32_t tie) {
    data[size++] = static_cast<char>(tie >> 16U);
    data[size++] = static_cast<char>(tie >> 8U);
    data[size++] = static_cast<char>(tie);
  }
};

std::size_t u16_at(std::span<const std::uint8_t> bytes, std::size_t at) {
  return bytes[at] | static_cast<std::size_t>(bytes[at + 1]) << 8U;
}

void append_u16(std::string& out, std::size_t number) {
  out += static_cast<char>(number);
  out += static_cast<char>(number >> 8U);
}

}  // namespace

std::size_t IndexBlockBuilder::size() const { return 2 + 2 * offsets_.size() + groups_.size(); }

bool IndexBlockBuilder::add(const Posting& posting, std::size_t most) {
  const Candidate& place = posting.place;
  const bool begins_group = count_ % kGroup == 0;
  Bytes coded;
  if (begins_group) {
    coded.add_varint(posting.key);
    if (shape_ == PostingShape::placed) {
      coded.add_varint(static_cast<std::uint64_t>(place.created_at));
      coded.add_tie(place.tie);
    }
    coded.add_varint(place.seq);
  } else {
    coded.add_varint(posting.key - last_.key);
    if (shape_ == PostingShape::placed) {
      const auto before = static_cast<std::uint64_t>(last_.place.created_at);
      const auto now = static_cast<std::uint64_t>(place.created_at);
      coded.add_varint(posting.key == last_.key ? before - now : zigzag(before, now));
      coded.add_tie(place.tie);
    }
    coded.add_varint(zigzag(last_.place.seq, place.seq));
  }
  const bool adds_offset = begins_group && count_ > 0;
  if (size() + coded.size + (adds_offset ? 2 : 0) > most) return false;
  if (adds_offset) offsets_.push_back(static_cast<std::uint16_t>(groups_.size()));
  groups_.append(coded.data.data(), coded.size);
  last_ = posting;
  ++count_;
  return true;
}

void IndexBlockBuilder::finish(std::string& out) {
  out.clear();
  append_u16(out, count_);
  for (const std::uint16_t offset : offsets_) append_u16(out, offset);
  out += groups_;
  count_ = 0;
  offsets_.clear();
  groups_.clear();
}

IndexBlockReader::IndexBlockReader(PostingShape shape, std::span<const std::uint8_t> bytes) : shape_(shape) {
  if (bytes.size() < 2) {
    malformed_ = true;
    return;
  }
  count_ = u16_at(bytes, 0);
  const std::size_t offsets = count_ == 0 ? 0 : 2 * ((count_ - 1) / kGroup);
  if (bytes.size() < 2 + offsets) {
    break_off();
    return;
  }
  offsets_ = bytes.subspan(2, offsets);
  groups_ = bytes.subspan(2 + offsets);
  at_ = groups_.data();
}

bool IndexBlockReader::break_off() {
  malformed_ = true;
  count_ = 0;
  next_ = 0;
  return false;
}

bool IndexBlockReader::take(std::uint64_t& number) {
  const std::uint8_t* const end = groups_.data() + groups_.size();
  number = 0;
  for (unsigned shift = 0; at_ != end && shift < 64; shift += 7) {
    const std::uint8_t byte = *at_++;
    number |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if (byte < 0x80) return true;
  }
  return break_off();
}

bool IndexBlockReader::take_tie() {
  if (static_cast<std::size_t>(groups_.data() + groups_.size() - at_) < kTieBytes) return break_off();
  now_.place.tie = static_cast<std::uint32_t>(at_[0]) << 16U | static_cast<std::uint32_t>(at_[1]) << 8U | at_[2];
  at_ += kTieBytes;
  return true;
}

bool IndexBlockReader::decode_whole() {
  std::uint64_t created_at = 0;
  if (!take(now_.key)) return false;
  if (shape_ == PostingShape::placed) {
    if (!take(created_at) || !take_tie()) return false;
    now_.place.created_at = static_cast<UnixSeconds>(created_at);
  }
  return take(now_.place.seq);
}

bool IndexBlockReader::decode_other() {
  std::uint64_t key = 0;
  std::uint64_t created_at = 0;
  std::uint64_t seq = 0;
  if (!take(key)) return false;
  now_.key += key;
  if (shape_ == PostingShape::placed) {
    if (!take(created_at) || !take_tie()) return false;
    const auto before = static_cast<std::uint64_t>(now_.place.created_at);
    now_.place.created_at = static_cast<UnixSeconds>(key == 0 ? before - created_at : unzigzag(before, created_at));
  }
  if (!take(seq)) return false;
  now_.place.seq = unzigzag(now_.place.seq, seq);
  return true;
}

bool IndexBlockReader::next() {
  if (next_ >= count_) return false;
  return next_++ % kGroup == 0 ? decode_whole() : decode_other();
}

bool IndexBlockReader::enter(std::size_t group) {
  const std::size_t offset = group == 0 ? 0 : u16_at(offsets_, 2 * (group - 1));
  if (offset > groups_.size()) return break_off();
  at_ = groups_.data() + offset;
  next_ = group * kGroup;
  return next();
}

bool IndexBlockReader::seek(const Posting& at) {
  if (count_ == 0) return false;
  // The last group that does not begin after `at`.
  std::size_t low = 0;
  std::size_t high = (count_ - 1) / kGroup + 1;
  while (high - low > 1) {
    const std::size_t middle = low + (high - low) / 2;
    if (!enter(middle)) return false;
    (now_ <= at ? low : high) = middle;
  }
  bool found = enter(low);
  while (found && now_ < at) found = next();
  return found;
}

}  // namespace pharos::storage
