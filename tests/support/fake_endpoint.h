// Relays of every temper on loopback, for tests of whatever dials out: each endpoint is one kind of good or bad peer.
// Made from the test's thread; they serve on one shard.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/io_shards.h"
#include "net/server.h"
#include "net/tls.h"

namespace pharos::testing {

enum class EndpointKind {
  healthy,          // one stored note, takes events, serves NIP-11
  healthy_tls,      // the same behind a certificate of the test authority
  empty,            // no notes: EOSE alone
  slow,             // every answer `delay` late
  auth_required,    // challenges at once; refuses REQ and EVENT until AUTH
  read_only,        // refuses EVENT with restricted:
  pow,              // refuses EVENT with pow:
  no_nip11,         // 404 for plain HTTP
  huge_nip11,       // a document of 1 MiB
  broken_nip11,     // no JSON
  garbage,          // answers every message with what is no NIP-01
  flood,            // answers every message with a thousand
  mute,             // opens, then says nothing
  closes,           // closes once opened
  http_503,         // refuses upgrades and documents with 503
  bad_certificate,  // TLS with a certificate of nobody
  silent,           // accepts TCP, says nothing
  dead,             // nothing listens
};

class FakeEndpoint {
 public:
  virtual ~FakeEndpoint() = default;
  virtual const std::string& url() const = 0;  // normal form
  virtual std::uint16_t port() const = 0;
  // Changes the temper of a serving endpoint; connections made from now on see it. Not for kinds of TLS, silent, dead.
  virtual void become(EndpointKind kind) = 0;
  // Any thread.
  virtual std::uint64_t upgrades() const = 0;
  virtual std::uint64_t documents() const = 0;          // answers to plain HTTP
  virtual std::vector<std::string> events() const = 0;  // EVENT messages received, newest last, the first 1,000
  virtual std::uint64_t most_at_once() const = 0;       // open WebSockets at the same time
};

class FakeEndpoints {
 public:
  explicit FakeEndpoints(net::IoShards& shards);
  // Before the shards are stopped.
  ~FakeEndpoints();

  // host: an address of 127.0.0.0/8; certificates are for 127.0.0.1 alone.
  FakeEndpoint& add(EndpointKind kind, const std::string& host = "127.0.0.1");
  // The PEM file of the authority behind healthy_tls.
  std::string ca_file() const;

  std::chrono::milliseconds delay{60};  // of slow endpoints added from now on

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pharos::testing
