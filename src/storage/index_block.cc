#include "storage/index_block.h"

#include <array>

#include "util/bytes.h"

namespace pharos::storage {
namespace {

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

void append_group(PostingShape shape, std::span<const Posting> postings, std::string& out) {
  out += static_cast<char>(postings.size());
  const Posting* last = nullptr;
  for (const Posting& posting : postings) {
    const Candidate& place = posting.place;
    Bytes coded;
    coded.add_varint(last == nullptr ? posting.key : posting.key - last->key);
    if (shape == PostingShape::placed) {
      const auto now = static_cast<std::uint64_t>(place.created_at);
      const auto before = last == nullptr ? 0 : static_cast<std::uint64_t>(last->place.created_at);
      coded.add_varint(last == nullptr ? now : posting.key == last->key ? before - now : zigzag(before, now));
      coded.add_tie(place.tie);
    }
    coded.add_varint(last == nullptr ? place.seq : zigzag(last->place.seq, place.seq));
    out.append(coded.data.data(), coded.size);
    last = &posting;
  }
}

void make_block(std::span<const std::uint16_t> group_sizes, std::string_view groups, std::string& out) {
  out.clear();
  append_u16(out, group_sizes.size());
  std::size_t offset = 0;
  for (const std::uint16_t size : group_sizes.first(group_sizes.size() - 1)) {
    offset += size;
    append_u16(out, offset);
  }
  out += groups;
}

IndexBlockReader::IndexBlockReader(PostingShape shape, std::span<const std::uint8_t> bytes) : shape_(shape) {
  group_count_ = bytes.size() < 2 ? 0 : u16_at(bytes, 0);
  if (group_count_ == 0 || bytes.size() < block_bytes(group_count_, 0)) {
    break_off();
    return;
  }
  const std::size_t offsets = block_bytes(group_count_, 0) - 2;
  offsets_ = bytes.subspan(2, offsets);
  groups_ = bytes.subspan(2 + offsets);
  at_ = groups_.data();
}

bool IndexBlockReader::break_off() {
  malformed_ = true;
  group_count_ = 0;
  next_group_ = 0;
  left_ = 0;
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
  if (left_ > 0) {
    --left_;
    return decode_other();
  }
  if (next_group_ >= group_count_) return false;
  // Groups lie back to back.
  if (begin_of(next_group_) != static_cast<std::size_t>(at_ - groups_.data())) return break_off();
  return enter(next_group_);
}

std::size_t IndexBlockReader::begin_of(std::size_t group) const {
  if (group == 0) return 0;
  return group == group_count_ ? groups_.size() : u16_at(offsets_, 2 * (group - 1));
}

bool IndexBlockReader::enter(std::size_t group) {
  const std::size_t begin = begin_of(group);
  if (begin >= groups_.size() || groups_[begin] == 0) return break_off();
  at_ = groups_.data() + begin + 1;
  left_ = static_cast<std::uint8_t>(groups_[begin] - 1);
  next_group_ = group + 1;
  return decode_whole();
}

std::string_view IndexBlockReader::group_bytes(std::size_t group) const {
  const std::size_t begin = begin_of(group);
  const std::size_t end = begin_of(group + 1);
  if (begin > end || end > groups_.size()) return {};
  return as_text(groups_.subspan(begin, end - begin));
}

bool IndexBlockReader::read_group(std::size_t group, std::vector<Posting>& out) {
  out.clear();
  if (!enter(group)) return false;
  out.push_back(now_);
  while (left_ > 0) {
    --left_;
    if (!decode_other()) return false;
    out.push_back(now_);
  }
  return true;
}

bool IndexBlockReader::seek(const Posting& at) {
  if (group_count_ == 0) return false;
  // The last group that does not begin after `at`.
  std::size_t low = 0;
  std::size_t high = group_count_;
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
