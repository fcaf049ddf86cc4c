#include "net/ws_frame.h"

#include <cstring>

namespace pharos::net {

void apply_mask(std::span<std::uint8_t> data, const MaskKey& key, std::size_t offset) {
  std::array<std::uint8_t, 8> wide{};
  for (std::size_t i = 0; i < wide.size(); ++i) wide[i] = key[(offset + i) % 4];
  std::uint64_t key_word = 0;
  std::memcpy(&key_word, wide.data(), sizeof key_word);
  std::size_t i = 0;
  for (; i + 8 <= data.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, data.data() + i, sizeof word);
    word ^= key_word;
    std::memcpy(data.data() + i, &word, sizeof word);
  }
  for (; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(data[i] ^ wide[i % 4]);
}

void append_frame(std::string& out, Opcode opcode, bool rsv1, std::span<const std::string_view> parts,
                  const std::optional<MaskKey>& mask) {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();

  std::array<char, kMaxHeaderBytes> header{};
  std::size_t length = 0;
  header[length++] = static_cast<char>(0x80U | (rsv1 ? 0x40U : 0U) | static_cast<unsigned>(opcode));
  const unsigned mask_bit = mask ? 0x80U : 0U;
  const auto append_big_endian = [&](int bytes) {
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
      header[length++] = static_cast<char>((size >> shift) & 0xffU);
  };
  if (size <= 125) {
    header[length++] = static_cast<char>(mask_bit | size);
  } else if (size <= 0xffff) {
    header[length++] = static_cast<char>(mask_bit | 126U);
    append_big_endian(2);
  } else {
    header[length++] = static_cast<char>(mask_bit | 127U);
    append_big_endian(8);
  }
  if (mask) {
    std::memcpy(header.data() + length, mask->data(), mask->size());
    length += mask->size();
  }

  out.append(header.data(), length);
  const std::size_t start = out.size();
  for (const std::string_view part : parts) out.append(part);
  if (mask) apply_mask({reinterpret_cast<std::uint8_t*>(out.data()) + start, size}, *mask, 0);
}

std::string close_payload(std::uint16_t code, std::string_view reason) {
  if (code == kCloseNone) return {};
  std::size_t fit = std::min(reason.size(), kMaxControlBytes - 2);
  while (fit > 0 && fit < reason.size() && (static_cast<unsigned char>(reason[fit]) & 0xc0U) == 0x80U) --fit;
  std::string payload;
  payload.push_back(static_cast<char>(code >> 8U));
  payload.push_back(static_cast<char>(code & 0xffU));
  payload.append(reason.substr(0, fit));
  return payload;
}

bool is_sendable_close_code(std::uint16_t code) {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && code != 1004 && code != kCloseNone && code != kCloseAbnormal;
}

}  // namespace pharos::net
