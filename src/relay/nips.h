// The NIPs this relay keeps: one table, from which the NIP-11 document and the README take theirs.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relay/options.h"

namespace pharos::relay {

struct Nip {
  unsigned number;
  std::string_view title;
  std::string_view condition;  // when it is advertised, for people; "always"
  bool (*enabled)(const Options&);
};

// By number, ascending.
std::span<const Nip> nips();

// What a NIP is called in its repository: its number, of two digits at least.
std::string nip_page(unsigned number);

// The table as README.md shows it: a Markdown table with a row for each, lines ended by \n.
std::string nip_table();

// The numbers that hold under these options, ascending.
std::vector<unsigned> supported_nips(const Options& options);

}  // namespace pharos::relay
