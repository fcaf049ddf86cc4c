#include "net/resolver.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include <ares.h>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <netinet/in.h>

#include "net/shard_impl.h"

namespace pharos::net {
namespace asio = boost::asio;
using asio::ip::address;
using asio::posix::stream_descriptor;
using boost::system::error_code;

namespace {

constexpr std::size_t kMaxAddresses = 16;
constexpr int kTryMilliseconds = 2'000;
constexpr int kTries = 3;

// One c-ares channel for one lookup: nothing is shared, and cancelling is destroying the channel. Reading
// /etc/resolv.conf anew each time follows its changes.
struct Query : std::enable_shared_from_this<Query> {
  Query(IoShard& shard_in, LookupHandler handler_in)
      : shard(shard_in), handler(std::move(handler_in)), timer(shard_in) {}

  void start(const std::string& host);
  void cancel();
  void on_socket_state(ares_socket_t fd, bool readable, bool writable);
  void watch(ares_socket_t fd, bool for_write);
  void process(ares_socket_t readable, ares_socket_t writable);
  void arm_timer();
  void on_answer(int status, ares_addrinfo* answer);

  struct Watched {
    explicit Watched(asio::io_context& context) : descriptor(context) {}
    stream_descriptor descriptor;
    bool want_read = false;
    bool want_write = false;
    bool reading = false;
    bool writing = false;
  };

  IoShard& shard;
  LookupHandler handler;
  Timer timer;
  ares_channel channel = nullptr;
  std::map<ares_socket_t, std::shared_ptr<Watched>> sockets;
  bool done = false;
};

void Query::start(const std::string& host) {
  static std::once_flag once;
  std::call_once(once, [] { ares_library_init(ARES_LIB_INIT_ALL); });

  ares_options options{};
  options.timeout = kTryMilliseconds;
  options.tries = kTries;
  options.sock_state_cb_data = this;
  options.sock_state_cb = [](void* data, ares_socket_t fd, int readable, int writable) {
    static_cast<Query*>(data)->on_socket_state(fd, readable != 0, writable != 0);
  };
  std::string lookups = "fb";  // the hosts file, then DNS
  options.lookups = lookups.data();
  const int status = ares_init_options(&channel, &options,
                                       ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS);
  if (status != ARES_SUCCESS) {
    channel = nullptr;
    return on_answer(status, nullptr);
  }
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  ares_getaddrinfo(
      channel, host.c_str(), nullptr, &hints,
      [](void* data, int answer_status, int, ares_addrinfo* answer) {
        static_cast<Query*>(data)->on_answer(answer_status, answer);
      },
      this);
  if (!done) arm_timer();
}

void Query::cancel() {
  done = true;
  handler = nullptr;
  timer.cancel();
  if (channel != nullptr) ares_destroy(std::exchange(channel, nullptr));
  for (const auto& [fd, watched] : sockets) watched->descriptor.release();
  sockets.clear();
}

void Query::on_socket_state(ares_socket_t fd, bool readable, bool writable) {
  auto found = sockets.find(fd);
  if (!readable && !writable) {
    // c-ares is about to close it.
    if (found == sockets.end()) return;
    found->second->descriptor.release();
    sockets.erase(found);
    return;
  }
  if (found == sockets.end()) {
    auto watched = std::make_shared<Watched>(shard.impl().context);
    error_code ec;
    watched->descriptor.assign(fd, ec);
    if (ec) return;
    found = sockets.emplace(fd, std::move(watched)).first;
  }
  found->second->want_read = readable;
  found->second->want_write = writable;
  if (readable) watch(fd, false);
  if (writable) watch(fd, true);
}

void Query::watch(ares_socket_t fd, bool for_write) {
  const auto found = sockets.find(fd);
  if (found == sockets.end()) return;
  const std::shared_ptr<Watched> watched = found->second;
  bool& waiting = for_write ? watched->writing : watched->reading;
  if (waiting || !(for_write ? watched->want_write : watched->want_read)) return;
  waiting = true;
  watched->descriptor.async_wait(for_write ? stream_descriptor::wait_write : stream_descriptor::wait_read,
                                 [self = shared_from_this(), watched, fd, for_write](const error_code& ec) {
                                   (for_write ? watched->writing : watched->reading) = false;
                                   if (self->done || ec || !watched->descriptor.is_open()) return;
                                   self->process(for_write ? ARES_SOCKET_BAD : fd, for_write ? fd : ARES_SOCKET_BAD);
                                   if (!self->done) self->watch(fd, for_write);
                                 });
}

void Query::process(ares_socket_t readable, ares_socket_t writable) {
  const std::shared_ptr<Query> keep = shared_from_this();
  ares_process_fd(channel, readable, writable);
  if (!done) arm_timer();
}

void Query::arm_timer() {
  timeval longest{1, 0};
  timeval next{};
  const timeval* wait = ares_timeout(channel, &longest, &next);
  const std::chrono::milliseconds delay(wait->tv_sec * 1000 + wait->tv_usec / 1000 + 1);
  timer.arm(delay, [self = shared_from_this()] {
    if (!self->done) self->process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  });
}

void Query::on_answer(int status, ares_addrinfo* answer) {
  std::vector<address> addresses;
  for (const ares_addrinfo_node* node = answer != nullptr ? answer->nodes : nullptr; node != nullptr;
       node = node->ai_next) {
    if (addresses.size() >= kMaxAddresses) break;
    if (node->ai_family == AF_INET) {
      const auto* in = reinterpret_cast<const sockaddr_in*>(node->ai_addr);
      addresses.emplace_back(asio::ip::address_v4(ntohl(in->sin_addr.s_addr)));
    } else if (node->ai_family == AF_INET6) {
      const auto* in = reinterpret_cast<const sockaddr_in6*>(node->ai_addr);
      asio::ip::address_v6::bytes_type bytes;
      std::copy_n(reinterpret_cast<const unsigned char*>(&in->sin6_addr), bytes.size(), bytes.begin());
      addresses.emplace_back(asio::ip::address_v6(bytes, in->sin6_scope_id));
    }
  }
  if (answer != nullptr) ares_freeaddrinfo(answer);
  if (done) return;
  done = true;
  // The channel is not destroyed from inside its own callback.
  shard.post([self = shared_from_this(), status, addresses = std::move(addresses)]() mutable {
    if (!self->handler) return;
    const LookupHandler answered = std::move(self->handler);
    self->cancel();
    if (addresses.empty())
      answered(std::string(status == ARES_SUCCESS ? "no address" : ares_strerror(status)));
    else
      answered(std::move(addresses));
  });
}

class PendingLookup final : public Lookup {
 public:
  explicit PendingLookup(std::shared_ptr<Query> query) : query_(std::move(query)) {}
  ~PendingLookup() override { query_->cancel(); }

 private:
  std::shared_ptr<Query> query_;
};

}  // namespace

std::unique_ptr<Lookup> resolve(IoShard& shard, const std::string& host, LookupHandler handler) {
  auto query = std::make_shared<Query>(shard, std::move(handler));
  error_code ec;
  const address literal = asio::ip::make_address(host, ec);
  if (!ec) {
    query->done = true;
    shard.post([query, literal] {
      if (query->handler) std::exchange(query->handler, nullptr)(std::vector<address>{literal});
    });
  } else {
    query->start(host);
  }
  return std::make_unique<PendingLookup>(std::move(query));
}

}  // namespace pharos::net
