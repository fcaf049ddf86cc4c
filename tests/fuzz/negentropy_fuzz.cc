// Negentropy messages of any bytes against a set, on both sides; and two sets made of the input, whose difference both
// sides together must find, whatever the frame.
//
// Input: <how many items of the input make the sets> <frame> <items of two bytes each: who has it, second, id>
// <message>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "nostr/negentropy.h"
#include "nostr/sha256.h"
#include "util/check.h"

namespace pharos {
namespace {

constexpr std::size_t kMostRounds = 4000;

NegItems sealed(const std::set<NegItem>& items) {
  std::vector<NegItem> answers(items.begin(), items.end());
  std::ranges::stable_sort(answers, [](const NegItem& a, const NegItem& b) { return a.created_at > b.created_at; });
  NegItems set;
  for (const NegItem& item : answers) set.add(item);
  set.seal();
  return set;
}

void answer(const NegItems& set, std::string_view message, std::size_t frame) {
  const bool is_good = check_neg_message(message).has_value();
  const auto answer = NegTurn(set, message, frame).finish();
  PHAROS_FATAL_CHECK(answer.has_value() == is_good);
  NegDifference difference;
  const auto next = NegTurn(set, message, frame, &difference).finish();
  PHAROS_FATAL_CHECK(next.has_value() == is_good);
  if (!is_good) return;
  PHAROS_FATAL_CHECK(answer.value().size() <= frame && check_neg_message(answer.value()));
  PHAROS_FATAL_CHECK(next.value().size() <= frame && check_neg_message(next.value()));
  PHAROS_FATAL_CHECK(difference.need.size() <= message.size() / EventId::kSize);
}

EventId hashed_id(std::size_t number) {
  EventId id;
  id.data = sha256(as_bytes(std::to_string(number)));
  return id;
}

std::vector<EventId> ids_without(const std::set<NegItem>& items, const std::set<NegItem>& others) {
  std::vector<EventId> out;
  for (const NegItem& item : items) {
    if (!others.contains(item)) out.push_back(item.id);
  }
  std::ranges::sort(out);
  return out;
}

void reconcile(const std::set<NegItem>& ours, const std::set<NegItem>& theirs, std::size_t frame) {
  const NegItems client = sealed(ours);
  const NegItems relay = sealed(theirs);
  NegDifference difference;
  std::string message = neg_initial(client);
  for (std::size_t round = 0; !is_end(message); ++round) {
    PHAROS_FATAL_CHECK(round < kMostRounds);
    const std::string answered = NegTurn(relay, message, frame).finish().value();
    message = NegTurn(client, answered, frame, &difference).finish().value();
  }
  difference.make_unique();
  PHAROS_FATAL_CHECK(difference.have == ids_without(ours, theirs));
  PHAROS_FATAL_CHECK(difference.need == ids_without(theirs, ours));
}

}  // namespace
}  // namespace pharos

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pharos;
  if (size < 2) return 0;
  const std::size_t frame = kLeastNegFrame + std::size_t{data[1]} * 16;
  const std::size_t items = std::min<std::size_t>(std::size_t{data[0]} * 8, (size - 2) / 2);
  std::set<NegItem> ours;
  std::set<NegItem> theirs;
  for (std::size_t i = 0; i < items; ++i) {
    const std::uint8_t* at = data + 2 + 2 * i;
    NegItem item{at[0] >> 2U, {}};
    // Prefixes that many share, and ends as of hashes: a fingerprint is a sum, which patterns alone make collide.
    item.id = hashed_id(i);
    std::fill_n(item.id.data.begin(), at[1] % 16U, static_cast<std::uint8_t>(at[1] & 0xf0U));
    if ((at[0] & 1U) != 0 || (at[0] & 2U) == 0) ours.insert(item);
    if ((at[0] & 2U) != 0 || (at[0] & 1U) == 0) theirs.insert(item);
  }
  answer(sealed(ours), as_text({data + 2 + 2 * items, size - 2 - 2 * items}), frame);
  reconcile(ours, theirs, frame);
  return 0;
}
