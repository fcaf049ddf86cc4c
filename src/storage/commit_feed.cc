#include "storage/commit_feed.h"

#include <utility>

namespace pharos::storage {

CommitFeed::Subscription::Subscription(Subscription&& other) noexcept
    : feed_(std::exchange(other.feed_, nullptr)), id_(other.id_) {}

CommitFeed::Subscription& CommitFeed::Subscription::operator=(Subscription&& other) noexcept {
  std::swap(feed_, other.feed_);
  std::swap(id_, other.id_);
  return *this;
}

CommitFeed::Subscription::~Subscription() {
  if (feed_ != nullptr) feed_->unsubscribe(id_);
}

CommitFeed::Subscription CommitFeed::subscribe(Subscriber subscriber) {
  Lock lock(mutex_);
  const std::uint64_t id = next_id_++;
  subscribers_.emplace_back(id, std::move(subscriber));
  return {this, id};
}

void CommitFeed::unsubscribe(std::uint64_t id) {
  Lock lock(mutex_);
  std::erase_if(subscribers_, [&](const auto& entry) { return entry.first == id; });
}

void CommitFeed::publish(const CommitBatchPtr& batch) {
  // The lock is held over the calls: it keeps them one at a time, and lets an unsubscription wait for the last one.
  Lock lock(mutex_);
  for (const auto& [id, subscriber] : subscribers_) subscriber(batch);
}

}  // namespace pharos::storage
