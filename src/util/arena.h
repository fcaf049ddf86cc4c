// Memory that is taken bit by bit and given back at once, from huge pages where the system has them: what is read all
// over needs few entries of the address translation then, and few page faults to come about. One thread takes.
//
// Arenas that follow each other may hand their chunks on: clearing the pages of fresh ones costs about as much as
// filling them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <span>
#include <vector>

#include "util/sync.h"

namespace pharos {

// Chunks that an arena is done with, for the next one. Any thread.
class ArenaChunks {
 public:
  // Keeps the chunks of an arena of that many bytes, the last of which is hardly ever full; what comes beyond goes back
  // to the system.
  explicit ArenaChunks(std::size_t bytes);
  ~ArenaChunks();
  ArenaChunks(const ArenaChunks&) = delete;
  ArenaChunks& operator=(const ArenaChunks&) = delete;

  std::size_t kept_bytes() const;

 private:
  friend class Arena;
  using Chunk = std::span<std::uint8_t>;
  // Empty when there is none.
  Chunk take();
  void give(Chunk chunk);

  const std::size_t most_;  // chunks
  mutable Mutex mutex_;
  std::vector<Chunk> kept_ PHAROS_GUARDED_BY(mutex_);
};

class Arena final : public std::pmr::memory_resource {
 public:
  // Without chunks to take over all of its memory comes from the system and goes back there.
  explicit Arena(std::shared_ptr<ArenaChunks> chunks = nullptr) : shared_(std::move(chunks)) {}
  ~Arena() override;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Bytes taken, without what alignment leaves between them.
  std::size_t used() const { return used_; }

 private:
  // std::bad_alloc where the system has no more.
  void* do_allocate(std::size_t size, std::size_t alignment) override;
  void do_deallocate(void*, std::size_t, std::size_t) override {}
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
  void add_chunk(std::size_t size);

  const std::shared_ptr<ArenaChunks> shared_;
  std::vector<std::span<std::uint8_t>> chunks_;
  std::uint8_t* next_ = nullptr;
  std::size_t left_ = 0;
  std::size_t used_ = 0;
};

}  // namespace pharos
