// HTTP content negotiation (RFC 9110 section 12.5.1), as far as NIP-11 needs it. Pure.
#pragma once

#include <string_view>

namespace pharos::relay {

// How much the Accept header wants the media type, 0 to 1: the q of the most specific range that covers it, 0 when
// none does. An absent or empty header wants everything. Malformed ranges are passed over.
double accept_quality(std::string_view accept, std::string_view media_type);

// True when the header names the type itself, not only by a wildcard.
bool accept_names(std::string_view accept, std::string_view media_type);

}  // namespace pharos::relay
