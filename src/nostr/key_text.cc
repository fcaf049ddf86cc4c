#include "nostr/key_text.h"

#include "util/printable.h"

namespace pharos {

std::string why_no_public_key(std::string_view text) {
  if (text.find("nsec1") != std::string_view::npos) return "that is a secret key, where the public one (npub) is meant";
  return "\"" + printable(text) + "\" is neither 64 lower-case hex digits nor an npub";
}

}  // namespace pharos
