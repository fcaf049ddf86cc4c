// One accepted connection until it is a WebSocket or gone: TLS, requests and their answers, the upgrade.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "net/admission.h"
#include "net/byte_stream.h"
#include "net/server.h"

namespace pharos::net {

// What the sessions of a server share; kept alive by them.
struct ServerShared {
  ServerShared(ServerOptions the_options, ServerHandlers the_handlers, std::shared_ptr<Snapshot<TlsContext>> the_tls)
      : options(std::move(the_options)), handlers(std::move(the_handlers)), tls(std::move(the_tls)) {}

  ServerOptions options;
  ServerHandlers handlers;
  std::shared_ptr<Snapshot<TlsContext>> tls;
  mutable std::atomic<bool> warned_of_hidden_clients{false};

  bool blocks(const std::string& peer_address) const {
    return handlers.is_blocked && handlers.is_blocked(peer_address);
  }
};

// On the stream's shard. Keeps itself alive until the connection is handed on or closed.
void serve_connection(std::shared_ptr<const ServerShared> shared, std::unique_ptr<ByteStream> stream,
                      std::shared_ptr<Admission::Ticket> ticket);

}  // namespace pharos::net
