// One thread of load: many WebSocket connections over epoll. It holds tens of thousands of them: sources are spread
// over 127.0.0.0/8, so ports do not run short. Everything happens within run(); one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load_frames.h"
#include "util/clock.h"

namespace pharos::bench {

class LoadLoop;

class LoadConnection {
 public:
  // What came; where nobody asks for compressed messages as such, an empty text stands for each.
  using OnMessage = std::function<void(LoadConnection&, std::string_view)>;

  ~LoadConnection();
  LoadConnection(const LoadConnection&) = delete;
  LoadConnection& operator=(const LoadConnection&) = delete;

  // Queues one text message; it goes out with everything else queued in this turn of the loop.
  void send(std::initializer_list<std::string_view> parts);
  void send_stored(std::string_view text);  // as a compressed one: deflate was offered
  void set_on_message(OnMessage on_message) { on_message_ = std::move(on_message); }
  void set_on_compressed(OnMessage on_compressed) { on_compressed_ = std::move(on_compressed); }
  bool is_open() const { return state_ == State::open; }
  bool is_closed() const { return state_ == State::closed; }
  bool deflates() const { return deflates_; }
  // Each compressed message can be inflated without those before it.
  bool deflates_alone() const { return deflates_alone_; }
  std::size_t unsent() const { return out_.size() - out_at_; }

 private:
  friend class LoadLoop;
  enum class State { connecting, upgrading, open, closed };
  LoadConnection(LoadLoop& loop, int socket) : loop_(loop), socket_(socket) {}

  void on_event(std::uint32_t events);
  void read_all();
  void take(std::string_view bytes);
  std::size_t take_frames(std::string_view bytes);
  std::size_t take_response(std::string_view bytes);
  void deliver(const FrameView& frame);
  void hand_up(std::string_view payload);
  void flush();
  void watch_writes(bool on);
  void mark_dirty();
  void close();

  LoadLoop& loop_;
  int socket_;
  State state_ = State::connecting;
  bool deflates_ = false;
  bool deflates_alone_ = false;
  bool writes_watched_ = false;
  bool dirty_ = false;
  bool message_compressed_ = false;
  std::string in_;       // the start of what has not come whole
  std::string message_;  // the fragments so far
  std::string out_;
  std::size_t out_at_ = 0;
  OnMessage on_message_;
  OnMessage on_compressed_;
};

class LoadLoop {
 public:
  // "host:port", the host a numeric IPv4 address.
  explicit LoadLoop(std::string address);
  ~LoadLoop();
  LoadLoop(const LoadLoop&) = delete;
  LoadLoop& operator=(const LoadLoop&) = delete;

  // Opens so many connections, a few hundred at a time, and waits for them; false when one fails or time runs out.
  bool open(std::size_t count, std::vector<LoadConnection*>& out, bool deflate = false);
  void close_all();

  // Turns until done() holds; false when the time ran out or every connection is gone. done is asked between turns.
  bool run(const std::function<bool()>& done, std::chrono::milliseconds limit);

  SteadyTime now() const { return clock_.now(); }
  std::size_t lost() const { return lost_; }  // connections that the server closed

 private:
  friend class LoadConnection;
  LoadConnection* dial(bool deflate);
  void turn(int timeout_ms);
  void flush_dirty();

  SystemClock clock_;
  std::string host_;
  std::uint16_t port_ = 0;
  int epoll_;
  std::vector<std::unique_ptr<LoadConnection>> connections_;
  std::vector<LoadConnection*> dirty_;
  std::vector<char> buffer_;
  std::size_t dialed_ = 0;
  std::size_t lost_ = 0;
};

}  // namespace pharos::bench
