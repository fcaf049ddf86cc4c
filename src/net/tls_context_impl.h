// Inside of a TlsContext.
#pragma once

#include <cstdint>

#include "net/openssl_handles.h"
#include "net/tls.h"

namespace pharos::net {

struct TlsContext::Impl {
  SslContextPtr context;
  std::int64_t not_after = 0;
};

}  // namespace pharos::net
