// Crashes on purpose once the input starts with FUZZ. A harness that does not find that within seconds has lost its
// coverage feedback, and the silence of the other targets means nothing.

#include <cstddef>
#include <cstdint>

#include "util/bytes.h"
#include "util/check.h"

namespace {

// Nested, so that each letter found is new coverage.
bool is_found(std::string_view text) {
  if (text.size() < 4 || text[0] != 'F') return false;
  if (text[1] != 'U') return false;
  if (text[2] != 'Z') return false;
  return text[3] == 'Z';
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  PHAROS_FATAL_CHECK(!is_found(pharos::as_text({data, size})));
  return 0;
}
