#include "router/options.h"

namespace pharos::router {

Filter without_window(const Filter& filter) {
  Filter bare = filter;
  bare.since.reset();
  bare.until.reset();
  bare.limit.reset();
  return bare;
}

}  // namespace pharos::router
