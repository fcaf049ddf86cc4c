// The body of an HTTP/1.1 message (RFC 9112 sections 6 and 7), as a state machine with a cap on everything that a peer
// can make it keep. Ours, because Beast asserts on a final chunk cut short and does not bound chunk lines and trailers.
//
//   chunked   = *chunk last-chunk *trailer CRLF
//   chunk     = 1*HEXDIG [";" extensions] CRLF data CRLF
//   last-chunk = 1*"0" [";" extensions] CRLF
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pharos::net {

class HttpBodyReader {
 public:
  enum class Framing {
    none,
    length,     // Content-Length
    chunked,    // Transfer-Encoding: chunked
    until_end,  // to the end of the connection; responses only
  };
  enum class State { reading, complete, malformed, too_large };

  HttpBodyReader() = default;
  HttpBodyReader(Framing framing, std::uint64_t length, std::size_t max_bytes);

  // Takes bytes from the front of in and appends what is body to `body`.
  State feed(std::string_view& in, std::string& body);
  // The connection ended.
  State finish();
  State state() const { return state_; }

 private:
  enum class Step { size_line, data, data_end, trailer };

  void feed_chunked(std::string_view& in, std::string& body);
  void take_data(std::string_view& in, std::string& body);
  // True once line_ is a whole line, without its CRLF.
  bool take_line(std::string_view& in);
  void begin_chunk();

  Framing framing_ = Framing::none;
  std::size_t max_bytes_ = 0;
  State state_ = State::complete;
  std::uint64_t left_ = 0;  // of the body or of the chunk
  std::size_t taken_ = 0;
  Step step_ = Step::size_line;
  std::string line_;
  std::size_t trailer_bytes_ = 0;
};

}  // namespace pharos::net
