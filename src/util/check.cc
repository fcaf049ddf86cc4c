#include "util/check.h"

#include <cstdio>
#include <cstdlib>

#include "util/log.h"

namespace pharos::detail {

void check_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "pharos: broken invariant at %s:%d: %s\n", file, line, condition);
  std::abort();
}

bool expectation_failed(const char* condition, const char* file, int line) noexcept {
  log::error("check", "expectation failed", {{"at", file}, {"line", line}, {"condition", condition}});
  return false;
}

}  // namespace pharos::detail
