#include "storage/memtables.h"

#include <algorithm>

namespace pharos::storage {

std::shared_ptr<const Memtables::List> Memtables::current() const {
  Lock lock(mutex_);
  return list_;
}

void Memtables::push(std::shared_ptr<Memtable> memtable) {
  Lock lock(mutex_);
  auto list = std::make_shared<List>(*list_);
  list->insert(list->begin(), std::move(memtable));
  list_ = std::move(list);
}

void Memtables::drop(std::uint64_t generation) {
  {
    Lock lock(mutex_);
    auto list = std::make_shared<List>(*list_);
    std::erase_if(*list, [&](const auto& memtable) { return memtable->generation() == generation; });
    list_ = std::move(list);
  }
  changed_.notify_all();
}

std::shared_ptr<Memtable> Memtables::oldest_frozen(bool all) const {
  Lock lock(mutex_);
  return list_->size() > (all ? 0U : 1U) ? list_->back() : nullptr;
}

bool Memtables::wait_for_room() {
  Lock lock(mutex_);
  while (list_->size() > kMaxFrozen && !stuck_) lock.wait(changed_);
  return list_->size() <= kMaxFrozen;
}

bool Memtables::is_stuck() const {
  Lock lock(mutex_);
  return stuck_;
}

void Memtables::set_stuck(bool stuck) {
  {
    Lock lock(mutex_);
    stuck_ = stuck;
  }
  changed_.notify_all();
}

}  // namespace pharos::storage
