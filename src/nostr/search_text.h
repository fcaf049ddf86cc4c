// What of an event is searched (NIP-50), as words:
//
//   kind 0      of the profile: name, display_name and nip05 as titles, about; content that is no JSON has none
//   any other   the content; tags title, subject and name as titles; summary and description
//
// Pure; any thread.
#pragma once

#include <array>

#include "nostr/event.h"
#include "nostr/search_words.h"

namespace pharos {

// Replaces out by them.
void read_search_text(const Event& event, WordList& out);

// The kinds that are searched where nobody names others: profiles, notes, articles.
inline constexpr std::array<Kind, 3> kSearchedByDefault{0, 1, 30023};

}  // namespace pharos
