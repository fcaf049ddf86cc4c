// TLS contexts for dialing out: the system's trust anchors plus a file of our own, verification always on.
// Reading the system's anchors takes tens of milliseconds, so contexts are kept. Shard-local.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "net/error.h"
#include "util/result.h"

struct ssl_ctx_st;

namespace pharos::net {

class TlsClientContexts {
 public:
  TlsClientContexts();
  ~TlsClientContexts();

  // ca_file "" for the system's anchors alone. Read anew after an hour.
  Result<std::shared_ptr<ssl_ctx_st>, NetFailure> get(const std::string& ca_file);

 private:
  struct Entry {
    std::string ca_file;
    std::shared_ptr<ssl_ctx_st> context;
    std::chrono::steady_clock::time_point loaded;
  };
  std::vector<Entry> entries_;  // few: the files come from the settings
};

}  // namespace pharos::net
