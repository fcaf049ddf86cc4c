// Who may have a connection: the cap of a listener and of one address. Any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "metrics/net_metrics.h"
#include "util/sync.h"

namespace pharos::net {

class Admission : public std::enable_shared_from_this<Admission> {
 public:
  using Rejected = metrics::NetMetrics::Rejected;

  // Held by a connection as long as it is open.
  class Ticket {
   public:
    Ticket(std::shared_ptr<Admission> admission, std::string address, std::optional<Rejected> refused)
        : admission_(std::move(admission)), address_(std::move(address)), refused_(refused) {}
    ~Ticket() { admission_->leave(*this); }
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

    // It turned out for whom the connection is: counted for that address from now on. False, and refused() from now on,
    // when that one has no room.
    bool speak_for(std::string address);

    // Set when the connection is let in only to be told that there is no room.
    std::optional<Rejected> refused() const { return refused_; }

   private:
    friend class Admission;
    std::shared_ptr<Admission> admission_;
    std::string address_;
    std::optional<Rejected> refused_;
  };

  // max_per_address 0 for no cap.
  Admission(std::size_t max_connections, std::size_t max_per_address);

  // address is "" for a peer that speaks for many, a trusted proxy, until it is known for whom. nullptr: close at once,
  // not even the refusals have room.
  std::shared_ptr<Ticket> enter(std::string address);
  std::size_t connections() const;

 private:
  bool rename(Ticket& ticket, std::string address);
  bool has_room(const std::string& address) const PHAROS_REQUIRES(mutex_);
  void release(const Ticket& ticket) PHAROS_REQUIRES(mutex_);
  void forget(const std::string& address) PHAROS_REQUIRES(mutex_);
  void leave(const Ticket& ticket);

  const std::size_t max_connections_;
  const std::size_t max_per_address_;
  mutable Mutex mutex_;
  std::size_t connections_ PHAROS_GUARDED_BY(mutex_) = 0;
  std::size_t refusals_ PHAROS_GUARDED_BY(mutex_) = 0;
  // At most max_connections_ entries: only admitted connections are counted in it.
  std::unordered_map<std::string, std::size_t> per_address_ PHAROS_GUARDED_BY(mutex_);
};

}  // namespace pharos::net
