#include "nostr/negentropy_set.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "util/check.h"

namespace pharos {

static_assert(std::endian::native == std::endian::little);

NegBound NegBound::between(const NegItem& last, const NegItem& first) {
  NegBound bound;
  bound.timestamp = static_cast<std::uint64_t>(first.created_at);
  if (last.created_at != first.created_at) return bound;
  const auto differ = std::ranges::mismatch(last.id.data, first.id.data);
  const auto shared = differ.in2 - first.id.data.begin();
  bound.id_bytes = static_cast<std::uint8_t>(std::min<std::ptrdiff_t>(shared + 1, EventId::kSize));
  std::copy_n(first.id.data.begin(), bound.id_bytes, bound.id.data.begin());
  return bound;
}

NegSum NegSum::of(const EventId& id) {
  NegSum sum;
  std::memcpy(sum.words_.data(), id.data.data(), sizeof sum.words_);
  return sum;
}

NegSum& NegSum::operator+=(const NegSum& other) {
  std::uint64_t carry = 0;
  for (std::size_t i = 0; i < words_.size(); ++i) {
    const std::uint64_t sum = words_[i] + other.words_[i];
    const std::uint64_t with_carry = sum + carry;
    carry = static_cast<std::uint64_t>(sum < words_[i]) | static_cast<std::uint64_t>(with_carry < sum);
    words_[i] = with_carry;
  }
  return *this;
}

NegSum& NegSum::operator-=(const NegSum& other) {
  std::uint64_t borrow = 0;
  for (std::size_t i = 0; i < words_.size(); ++i) {
    const std::uint64_t difference = words_[i] - other.words_[i];
    const std::uint64_t with_borrow = difference - borrow;
    borrow = static_cast<std::uint64_t>(words_[i] < other.words_[i]) | static_cast<std::uint64_t>(difference < borrow);
    words_[i] = with_borrow;
  }
  return *this;
}

std::array<std::uint8_t, 32> NegSum::bytes() const {
  std::array<std::uint8_t, 32> out;
  std::memcpy(out.data(), words_.data(), out.size());
  return out;
}

void NegItems::add(const NegItem& added) {
  if (size_ > 0 && item(size_ - 1).created_at != added.created_at) end_second();
  if (size_ == chunks_.size() * kChunk) chunks_.push_back(std::make_unique<Chunk>());
  item(size_++) = added;
}

void NegItems::seal() { end_second(); }

void NegItems::end_second() {
  for (std::size_t low = second_begin_, high = size_; low + 1 < high; ++low) std::swap(item(low), item(--high));
  second_begin_ = size_;
  while (sums_.size() <= size_ / kChunk) {
    NegSum sum;
    if (!sums_.empty()) {
      sum = sums_.back();
      for (const NegItem& held : *chunks_[sums_.size() - 1]) sum += held.id;
    }
    sums_.push_back(sum);
  }
}

std::size_t NegItems::find(std::size_t from, const NegBound& bound) const {
  std::size_t low = from;
  std::size_t high = size_;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (is_before(item(size_ - 1 - middle), bound)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

NegSum NegItems::sum_before(std::size_t place) const {
  const std::size_t chunk = place / kChunk;
  NegSum sum = sums_[chunk];
  for (std::size_t i = chunk * kChunk; i < place; ++i) sum += item(i).id;
  return sum;
}

NegSum NegItems::sum(std::size_t begin, std::size_t end) const {
  PHAROS_DEBUG_CHECK(begin <= end && end <= size_ && second_begin_ == size_);
  NegSum sum = sum_before(size_ - begin);
  sum -= sum_before(size_ - end);
  return sum;
}

}  // namespace pharos
