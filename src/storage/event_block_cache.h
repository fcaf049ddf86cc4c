// Unpacked bodies of compressed blocks, those that were used last. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "storage/event_block.h"
#include "util/sync.h"

namespace pharos::storage {

class EventBlockCache {
 public:
  // Keeps at most this many bytes of bodies; a larger body is not kept.
  explicit EventBlockCache(std::size_t capacity_bytes) : capacity_(capacity_bytes) {}

  // The body of a compressed block, from here or unpacked now (by each of the threads that ask at once). nullptr when
  // the value is no such block.
  std::shared_ptr<const BlockBody> body(std::string_view value);

  struct Usage {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::size_t bytes = 0;
  };
  Usage usage() const;

 private:
  struct Held {
    std::uint64_t stamp;
    std::shared_ptr<const BlockBody> body;
  };

  void keep(std::uint64_t stamp, const std::shared_ptr<const BlockBody>& body);

  const std::size_t capacity_;
  mutable Mutex mutex_;
  std::list<Held> used_ PHAROS_GUARDED_BY(mutex_);  // the last used first
  // By the stamp, which peers do not choose.
  std::unordered_map<std::uint64_t, std::list<Held>::iterator> by_stamp_ PHAROS_GUARDED_BY(mutex_);
  Usage usage_ PHAROS_GUARDED_BY(mutex_);
};

}  // namespace pharos::storage
