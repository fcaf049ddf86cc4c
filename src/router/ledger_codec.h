// The ledger and the publish cursor as bytes of KvTable::router_ledger and KvTable::router_outbox. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "router/ledger.h"
#include "router/options.h"

namespace pharos::router {

std::string encode_ledger(const Ledger& ledger);
// nullopt when the bytes are not a ledger of a known version.
std::optional<Ledger> decode_ledger(std::string_view bytes, std::size_t max_entries);

std::string encode_cursor(std::uint64_t seq);
std::optional<std::uint64_t> decode_cursor(std::string_view bytes);

// The key follows the relay, not its name in the settings: claims are about what stands behind a URL. The window of the
// filter is left out, so that moving `since` keeps what is known.
std::string ledger_key(const RelayUrl& url, const Filter& filter);
std::string cursor_key(const RelayUrl& url);

}  // namespace pharos::router
