// Any text: a relay URL has a normal form that is its own normal form, or it is refused.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "nostr/relay_url.h"
#include "util/bytes.h"
#include "util/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto url = pharos::RelayUrl::parse(pharos::as_text({data, size}));
  if (!url) {
    PHAROS_FATAL_CHECK(!pharos::describe(url.error()).empty());
    return 0;
  }
  const std::string& text = url.value().text();
  const auto again = pharos::RelayUrl::parse(text);
  PHAROS_FATAL_CHECK(again.has_value());
  PHAROS_FATAL_CHECK(again.value().text() == text);
  PHAROS_FATAL_CHECK(again.value().host() == url.value().host() && again.value().port() == url.value().port());
  PHAROS_FATAL_CHECK(text.size() <= pharos::RelayUrl::kMaxSize);
  PHAROS_FATAL_CHECK(std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; }));
  PHAROS_FATAL_CHECK(url.value().port() != 0);
  PHAROS_FATAL_CHECK(url.value().target().starts_with('/'));
  PHAROS_FATAL_CHECK(text ==
                     (url.value().secure() ? "wss://" : "ws://") + url.value().authority() + url.value().target());
  return 0;
}
