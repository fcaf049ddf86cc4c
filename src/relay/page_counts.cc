#include "relay/page_counts.h"

#include "storage/info.h"
#include "storage/meta.h"

namespace pharos::relay {

PageFigures PageCounts::get() {
  Lock lock(mutex_);
  const SteadyTime now = clock_.now();
  if (counted_at_ && now - *counted_at_ < kLifetime) return counted_;
  counted_at_ = now;
  counted_.uptime = std::chrono::duration_cast<std::chrono::seconds>(now - since_);
  counted_.connections = static_cast<std::uint64_t>(metrics_.sessions.value());
  counted_.subscriptions = static_cast<std::uint64_t>(metrics_.subscriptions.value());
  if (const auto snapshot = store_.snapshot()) {
    counted_.events =
        storage::read_event_count(snapshot.value().txn(), store_.tables()) + storage::logged_events(snapshot.value());
  }
  return counted_;
}

}  // namespace pharos::relay
