// The ledger and the outbox mark as bytes of KvTable::router_ledger and KvTable::router_outbox. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "router/ledger.h"
#include "router/options.h"
#include "router/outbox_mark.h"

namespace pharos::router {

std::string encode_ledger(const Ledger& ledger);
// nullopt when the bytes are not a ledger of a known version.
std::optional<Ledger> decode_ledger(std::string_view bytes, std::size_t max_entries);

std::string encode_mark(const OutboxMark& mark);
// nullopt when the bytes are not a mark of a known version.
std::optional<OutboxMark> decode_mark(std::string_view bytes);

// True when a later program has written the bytes: they mean something, and must not be written over.
bool is_of_newer_version(std::string_view bytes);

// The key follows the relay, not its name in the settings: claims are about what stands behind a URL. The window of the
// filter is left out, so that moving `since` keeps what is known.
std::string ledger_key(const RelayUrl& url, const Filter& filter);
std::string mark_key(const RelayUrl& url);

}  // namespace pharos::router
