#include "util/check.h"

#include <cstdio>
#include <cstdlib>

namespace pharos::detail {

void check_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "pharos: broken invariant at %s:%d: %s\n", file, line, condition);
  std::abort();
}

}  // namespace pharos::detail
