// Two grades of assertion, none of them for input: peers and files cause errors, never assertions.
//   PHAROS_FATAL_CHECK  a broken invariant that would corrupt data if we went on: abort in every build
//   PHAROS_DEBUG_CHECK  a broken invariant that debug and sanitizer builds abort on; release builds go on
#pragma once

namespace pharos::detail {
[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;
}  // namespace pharos::detail

#define PHAROS_FATAL_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::pharos::detail::check_failed(#condition, __FILE__, __LINE__))

#ifdef NDEBUG
#define PHAROS_DEBUG_CHECK(condition) static_cast<void>(sizeof(!(condition)))  // never evaluated, yet used
#else
#define PHAROS_DEBUG_CHECK(condition) PHAROS_FATAL_CHECK(condition)
#endif
