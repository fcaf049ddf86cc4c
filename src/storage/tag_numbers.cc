#include "storage/tag_numbers.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "util/check.h"

namespace pharos::storage {
namespace {

constexpr std::size_t kFirstSlots = 1024;
constexpr std::uint64_t kUpperHalf = ~std::uint64_t{UINT32_MAX};

}  // namespace

TagNumbers::TagNumbers(const SipKey& hash_key) : hash_key_(hash_key), slots_(kFirstSlots) {}

std::size_t TagNumbers::find(std::uint64_t hash, EntryBytes bytes) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  for (; slots_[at] != 0; at = (at + 1) & mask) {
    if (((slots_[at] ^ hash) & kUpperHalf) != 0) continue;
    if (std::ranges::equal(items_[(slots_[at] & UINT32_MAX) - 1].bytes, bytes)) break;
  }
  return at;
}

void TagNumbers::grow() {
  std::vector<std::uint64_t> slots(slots_.size() * 2);
  for (const std::uint64_t slot : slots_) {
    if (slot == 0) continue;
    std::size_t at = items_[(slot & UINT32_MAX) - 1].hash & (slots.size() - 1);
    while (slots[at] != 0) at = (at + 1) & (slots.size() - 1);
    slots[at] = slot;
  }
  slots_ = std::move(slots);
}

void TagNumbers::count(const RecordView& plain) {
  PackedItem item;
  for (PackedTagReader tags = plain.tags(); tags.next_tag();) {
    while (tags.next_item(item)) {
      if (!item.hex || item.bytes.size() != kEntryBytes) continue;
      const EntryBytes bytes = item.bytes.first<kEntryBytes>();
      const std::uint64_t hash = entry_hash(hash_key_, bytes);
      const std::size_t at = find(hash, bytes);
      if (slots_[at] != 0) {
        const auto known = static_cast<std::uint32_t>((slots_[at] & UINT32_MAX) - 1);
        ++items_[known].count;
        occurrences_.push_back(known);
        continue;
      }
      occurrences_.push_back(static_cast<std::uint32_t>(items_.size()));
      Item& fresh = items_.emplace_back();
      std::ranges::copy(bytes, fresh.bytes.begin());
      fresh.hash = hash;
      fresh.count = 1;
      slots_[at] = (hash & kUpperHalf) | items_.size();
      if (items_.size() * 2 > slots_.size()) grow();
    }
  }
}

void TagNumbers::assign(const NumberOf& number_of, const Add& add) {
  std::vector<std::uint32_t> ascending(items_.size());
  std::iota(ascending.begin(), ascending.end(), 0U);
  std::ranges::sort(ascending, std::less<>(), [this](std::uint32_t i) { return items_[i].hash; });
  numbers_.resize(items_.size());
  for (const std::uint32_t i : ascending) {
    numbers_[i] = number_of(entry_key(items_[i].hash), items_[i].bytes).value_or(kNoEntry);
  }
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (numbers_[i] != kNoEntry || items_[i].count < kWorthAnEntry) continue;
    numbers_[i] = add(entry_key(items_[i].hash), items_[i].bytes).value_or(kNoEntry);
  }
}

std::optional<EntryNumber> TagNumbers::next() {
  PHAROS_DEBUG_CHECK(next_ < occurrences_.size());
  const EntryNumber number = numbers_[occurrences_[next_++]];
  return number == kNoEntry ? std::nullopt : std::optional(number);
}

}  // namespace pharos::storage
