// Inside of an IoShard, for the files of net that need Asio or the shard's shared workspaces.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <unordered_set>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "net/deflate.h"
#include "net/io_shards.h"
#include "net/tls_client.h"
#include "util/callback.h"
#include "util/sync.h"

namespace pharos::net {

// Bytes are read into a buffer of the shard, not of the connection: an idle connection has no read buffer at all.
inline constexpr std::size_t kScratchBytes = 64 * 1024;
using Scratch = std::array<std::uint8_t, kScratchBytes>;

// Something whose handlers may own it in a circle; told to let go of them when the loops have stopped for good.
class Abandonable {
 public:
  virtual void abandon() = 0;

 protected:
  ~Abandonable() = default;
};

struct IoShard::Impl {
  // shutdown() destroys pending handlers while all contexts are still alive, so that handlers of one shard may own
  // objects of another.
  struct Context : boost::asio::io_context {
    Context() : boost::asio::io_context(1) {}
    using boost::asio::execution_context::shutdown;
  };

  explicit Impl(IoShard& shard_in) : shard(shard_in), work(boost::asio::make_work_guard(context)) {}

  void run();         // until stopped; on the shard's thread
  void drop_tasks();  // refuses and destroys posted tasks
  void abandon_connections();

  IoShard& shard;
  Context context;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work;
  std::atomic<std::thread::id> thread_id{};

  // Of the shard's thread alone.
  std::unique_ptr<Scratch> wire_scratch = std::make_unique<Scratch>();   // what a socket gave
  std::unique_ptr<Scratch> plain_scratch = std::make_unique<Scratch>();  // what TLS made of it
  DeflateWorkspace deflate;
  TlsClientContexts tls_client_contexts;
  std::unordered_set<Abandonable*> open_connections;

 private:
  friend class IoShard;
  void post(Task task);
  void run_tasks();

  Mutex mutex_;
  std::vector<Task> tasks_ PHAROS_GUARDED_BY(mutex_);
  std::vector<Task> running_;  // of the shard's thread; reused
  bool wake_pending_ PHAROS_GUARDED_BY(mutex_) = false;
  bool stopped_ PHAROS_GUARDED_BY(mutex_) = false;
};

}  // namespace pharos::net
