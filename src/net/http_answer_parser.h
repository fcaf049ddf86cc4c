// Reads one HTTP/1.x response from bytes (RFC 9112), with caps on head and body. No I/O; Beast's parser inside.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "net/http_message.h"

namespace pharos::net {

class HttpAnswerParser {
 public:
  enum class State {
    head,
    body,
    complete,
    refused,  // failure() says why
  };
  struct Options {
    std::size_t max_head_bytes = 32 * 1024;
    std::size_t max_body_bytes = 256 * 1024;
    bool head_only = false;  // complete at the end of the head; what follows is not the parser's
  };

  explicit HttpAnswerParser(const Options& options);
  ~HttpAnswerParser();

  // Takes what it can from the front of bytes; what follows the response stays there.
  State feed(std::string& bytes);
  // The connection ended: the end of a body of unknown length.
  State finish();
  // Begins anew.
  void reset();

  unsigned status() const;
  const Headers& headers() const;
  std::string& body();
  const std::string& failure() const;
  bool too_large() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pharos::net
