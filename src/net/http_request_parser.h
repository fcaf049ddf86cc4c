// Reads HTTP/1.x requests from bytes (RFC 9112), with caps on head and body. No I/O; Beast's parser inside.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "net/server.h"

namespace pharos::net {

class HttpRequestParser {
 public:
  enum class State {
    head,      // waiting for the rest of the head
    body,      // the head is there, waiting for the rest of the body
    complete,  // request() is whole
    refused,   // status() says why; the connection cannot go on
  };

  HttpRequestParser(std::size_t max_header_bytes, std::size_t max_body_bytes);
  ~HttpRequestParser();

  // Takes what it can from the front of bytes; what follows a whole request stays there.
  State feed(std::string& bytes);
  State state() const;
  // Begins with the next request of the connection.
  void reset();

  // From body on. peer_address is left to the caller.
  HttpRequest& request();
  bool keep_alive() const;
  bool is_http_1_0() const;
  // The client waits for "100 Continue" before it sends the body.
  bool expects_continue() const;
  // 400, 413, 431 or 505.
  unsigned status() const;
  // Some bytes of a request are here already.
  bool begun() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pharos::net
