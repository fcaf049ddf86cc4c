// The base framing of RFC 6455 section 5.2, both directions. Pure.
//
//   frame   = flags_opcode length [mask_key] payload
//   flags_opcode = FIN(1 bit) RSV1 RSV2 RSV3 opcode(4)
//   length  = MASK(1) n(7)           ; n <= 125
//           | MASK(1) 126(7) u16     ; 126 .. 65535, big endian
//           | MASK(1) 127(7) u64     ; above, big endian, top bit clear
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pharos::net {

enum class WsRole { server, client };

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

using MaskKey = std::array<std::uint8_t, 4>;

// Close codes we send (RFC 6455 section 7.4.1).
inline constexpr std::uint16_t kCloseNormal = 1000;
inline constexpr std::uint16_t kCloseGoingAway = 1001;
inline constexpr std::uint16_t kCloseProtocol = 1002;
inline constexpr std::uint16_t kCloseUnsupported = 1003;
inline constexpr std::uint16_t kCloseNone = 1005;      // never on the wire
inline constexpr std::uint16_t kCloseAbnormal = 1006;  // never on the wire
inline constexpr std::uint16_t kCloseInvalidText = 1007;
inline constexpr std::uint16_t kClosePolicy = 1008;
inline constexpr std::uint16_t kCloseTooLarge = 1009;
inline constexpr std::uint16_t kCloseInternal = 1011;

inline constexpr std::size_t kMaxHeaderBytes = 14;
inline constexpr std::size_t kMaxControlBytes = 125;

// XORs data with the key; offset is the position of data within the payload.
void apply_mask(std::span<std::uint8_t> data, const MaskKey& key, std::size_t offset);

// Appends one unfragmented frame whose payload is the parts in order; a key masks it (clients must).
void append_frame(std::string& out, Opcode opcode, bool rsv1, std::span<const std::string_view> parts,
                  const std::optional<MaskKey>& mask);

// A close frame's payload; kCloseNone makes an empty one. The reason is cut to fit, at a code point.
std::string close_payload(std::uint16_t code, std::string_view reason);

// True for codes that an endpoint may send (section 7.4.2).
bool is_sendable_close_code(std::uint16_t code);

}  // namespace pharos::net
