#include "net/http_body.h"

#include <algorithm>
#include <charconv>

#include "net/http_message.h"

namespace pharos::net {
namespace {
constexpr std::size_t kMaxLineBytes = 4 * 1024;
constexpr std::size_t kMaxTrailerBytes = 16 * 1024;
}  // namespace

HttpBodyReader::HttpBodyReader(Framing framing, std::uint64_t length, std::size_t max_bytes)
    : framing_(framing), max_bytes_(max_bytes), state_(State::reading), left_(length) {
  if (framing == Framing::none || (framing == Framing::length && length == 0)) state_ = State::complete;
  if (framing == Framing::length && length > max_bytes) state_ = State::too_large;
  if (framing == Framing::until_end) left_ = UINT64_MAX;
}

HttpBodyReader::State HttpBodyReader::feed(std::string_view& in, std::string& body) {
  while (state_ == State::reading && !in.empty()) {
    if (framing_ == Framing::chunked) {
      feed_chunked(in, body);
    } else {
      take_data(in, body);
      if (left_ == 0 && state_ == State::reading) state_ = State::complete;
    }
  }
  return state_;
}

HttpBodyReader::State HttpBodyReader::finish() {
  if (state_ == State::reading) state_ = framing_ == Framing::until_end ? State::complete : State::malformed;
  return state_;
}

void HttpBodyReader::take_data(std::string_view& in, std::string& body) {
  const std::string_view piece = in.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(in.size(), left_)));
  if (piece.size() > max_bytes_ - taken_) {
    state_ = State::too_large;
    return;
  }
  body.append(piece);
  taken_ += piece.size();
  left_ -= piece.size();
  in.remove_prefix(piece.size());
}

bool HttpBodyReader::take_line(std::string_view& in) {
  const std::size_t end = in.find('\n');
  const std::string_view piece = in.substr(0, end == std::string_view::npos ? in.size() : end + 1);
  in.remove_prefix(piece.size());
  line_.append(piece);
  if (line_.size() > kMaxLineBytes) state_ = State::malformed;
  if (end == std::string_view::npos || state_ != State::reading) return false;
  if (!line_.ends_with("\r\n")) {
    state_ = State::malformed;
    return false;
  }
  line_.resize(line_.size() - 2);
  return true;
}

void HttpBodyReader::begin_chunk() {
  const std::string_view size = trimmed(std::string_view(line_).substr(0, line_.find(';')));
  const auto parsed = std::from_chars(size.data(), size.data() + size.size(), left_, 16);
  if (size.empty() || parsed.ec != std::errc() || parsed.ptr != size.data() + size.size())
    state_ = State::malformed;
  else if (left_ > max_bytes_ - taken_)
    state_ = State::too_large;
  else
    step_ = left_ == 0 ? Step::trailer : Step::data;
}

void HttpBodyReader::feed_chunked(std::string_view& in, std::string& body) {
  switch (step_) {
    case Step::size_line:
      if (!take_line(in)) return;
      begin_chunk();
      break;
    case Step::data:
      take_data(in, body);
      if (left_ != 0 || state_ != State::reading) return;
      step_ = Step::data_end;
      break;
    case Step::data_end:
      if (!take_line(in)) return;
      if (!line_.empty()) state_ = State::malformed;
      step_ = Step::size_line;
      break;
    case Step::trailer:
      if (!take_line(in)) return;
      trailer_bytes_ += line_.size() + 2;
      if (trailer_bytes_ > kMaxTrailerBytes) state_ = State::malformed;
      if (line_.empty()) state_ = State::complete;
      break;
  }
  line_.clear();
}

}  // namespace pharos::net
