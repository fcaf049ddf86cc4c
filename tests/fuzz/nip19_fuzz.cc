// The first byte picks a prefix, the rest is the payload under a right checksum, which no fuzzer would find: what is
// read is written back to the same entity. The input is also tried as the text itself.

#include <cstddef>
#include <cstdint>

#include "nostr/bech32.h"
#include "nostr/nip19.h"
#include "util/check.h"

namespace {

constexpr const char* kPrefixes[] = {"npub", "nsec", "note", "nprofile", "nevent", "naddr", "nrelay", "x"};

std::optional<std::string> encode(const pharos::PublicKey& key) { return pharos::encode_npub(key); }
std::optional<std::string> encode(const pharos::SecretKey& secret) { return pharos::encode_nsec(secret); }
std::optional<std::string> encode(const pharos::EventId& id) { return pharos::encode_note(id); }
std::optional<std::string> encode(const pharos::ProfilePointer& profile) { return pharos::encode_nprofile(profile); }
std::optional<std::string> encode(const pharos::EventPointer& event) { return pharos::encode_nevent(event); }
std::optional<std::string> encode(const pharos::AddressPointer& address) { return pharos::encode_naddr(address); }

void check(std::string_view text) {
  const auto entity = pharos::parse_nip19(text);
  if (!entity) return;
  const std::optional<std::string> written =
      std::visit([](const auto& value) { return encode(value); }, entity.value());
  PHAROS_FATAL_CHECK(written.has_value());
  const auto again = pharos::parse_nip19(*written);
  PHAROS_FATAL_CHECK(again.has_value());
  PHAROS_FATAL_CHECK(again.value() == entity.value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check(pharos::as_text({data, size}));
  if (size == 0) return 0;
  const std::span<const std::uint8_t> payload(data + 1, size - 1);
  const std::string_view prefix = kPrefixes[data[0] % std::size(kPrefixes)];
  const std::optional<std::string> text = pharos::encode_bech32(prefix, payload);
  if (!text) return 0;
  const std::optional<pharos::Bech32> decoded = pharos::decode_bech32(*text);
  PHAROS_FATAL_CHECK(decoded && decoded->prefix == prefix);
  PHAROS_FATAL_CHECK(std::equal(payload.begin(), payload.end(), decoded->bytes.begin(), decoded->bytes.end()));
  check(*text);
  return 0;
}
