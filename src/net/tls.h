// TLS server contexts from PEM files, replaced whole on reload. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "net/error.h"
#include "util/result.h"

namespace pharos::net {

class TlsContext {
 public:
  struct Impl;
  // Reads the chain and the key, and checks that they belong together. The failure names the file.
  static Result<std::shared_ptr<const TlsContext>, NetFailure> load(const std::string& certificate_file,
                                                                    const std::string& key_file);
  explicit TlsContext(std::unique_ptr<Impl> impl);
  ~TlsContext();
  Impl& impl() const { return *impl_; }
  // When the first certificate of the chain, the server's own, expires.
  std::int64_t not_after_unix_seconds() const;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace pharos::net
