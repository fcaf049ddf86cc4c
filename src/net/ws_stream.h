// Makes a WebSocket out of a stream whose handshake is done.
#pragma once

#include <memory>
#include <string>

#include "net/byte_stream.h"
#include "net/ws_connection.h"
#include "net/ws_extension.h"
#include "net/ws_frame.h"

namespace pharos::net {

struct WsSetup {
  WsRole role = WsRole::server;
  WsOptions options;
  DeflateParams deflate;
  std::string received;        // bytes that came behind the handshake
  std::string peer_address;    // "" for the stream's
  std::shared_ptr<void> slot;  // let go when the connection ended
};

WsConnectionPtr make_ws_connection(std::unique_ptr<ByteStream> stream, WsSetup setup);

}  // namespace pharos::net
