// The bytes of a record, as a damaged file may hold them: what verifies is read inside its bounds, renders as its
// decoded event does, and survives being encoded again. The dictionary has four entries.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "nostr/event_json.h"
#include "storage/abridge.h"
#include "storage/index_entries.h"
#include "storage/record.h"
#include "unit/storage/memory_dictionary.h"
#include "util/bytes.h"
#include "util/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pharos::storage;
  // Aligned, and of the exact size, so that a read beyond the end is seen.
  const std::vector<std::uint8_t> bytes(data, data + size);
  pharos::test::MemoryDictionary dictionary;
  for (const std::uint8_t first : {std::uint8_t{1}, std::uint8_t{2}, std::uint8_t{3}, std::uint8_t{4}}) {
    dictionary.add(pharos::EventId{{first}}.span());
  }
  if (!verify_record(bytes, &dictionary)) return 0;
  const RecordView record(1, bytes, &dictionary);

  pharos::Event event;
  record.decode(event);
  std::string rendered;
  record.append_json(rendered);
  std::string expected;
  append_event_json(expected, event);
  PHAROS_FATAL_CHECK(rendered == expected);

  std::vector<IndexEntry> entries;
  const pharos::Kind searched[] = {record.kind()};
  list_index_entries(record, {{}, searched}, entries);
  PHAROS_FATAL_CHECK(entries.size() >= 5);
  const auto words = std::ranges::count(entries, Table::by_word, &IndexEntry::table);
  PHAROS_FATAL_CHECK(static_cast<std::size_t>(words) <= pharos::WordList::kMaxDistinct);

  pharos::Filter filter;
  filter.ids = {event.id};
  filter.tags = {{'e', {"x"}}};
  PHAROS_FATAL_CHECK(record.matches(filter) == matches(filter, event));

  std::string again;
  encode_record(event, again);
  PHAROS_FATAL_CHECK(verify_record(pharos::as_bytes(again)));
  const RecordView plain(1, pharos::as_bytes(again));
  PHAROS_FATAL_CHECK(is_canonical(plain));
  std::string abridged;
  abridge(
      plain, [&](EntryBytes item) { return dictionary.number_of(item); }, abridged);
  PHAROS_FATAL_CHECK(verify_record(pharos::as_bytes(abridged), &dictionary));
  PHAROS_FATAL_CHECK(is_canonical(RecordView(1, pharos::as_bytes(abridged), &dictionary)));
  pharos::Event back;
  plain.decode(back);
  PHAROS_FATAL_CHECK(back == event);
  return 0;
}
