#include "util/arena.h"

#include <algorithm>
#include <new>

#include <sys/mman.h>

namespace pharos {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20U;
constexpr std::size_t kChunk = 4 * kHugePage;

// As mapped: with room to begin at a multiple of a huge page.
constexpr std::size_t kMappedChunk = kChunk + kHugePage;

std::size_t round_up(std::size_t size, std::size_t to) { return (size + to - 1) / to * to; }

}  // namespace

ArenaChunks::ArenaChunks(std::size_t bytes) : most_(round_up(bytes, kChunk) / kChunk + 1) {}

ArenaChunks::~ArenaChunks() {
  for (const Chunk& chunk : kept_) ::munmap(chunk.data(), chunk.size());
}

std::size_t ArenaChunks::kept_bytes() const {
  Lock lock(mutex_);
  return kept_.size() * kChunk;
}

ArenaChunks::Chunk ArenaChunks::take() {
  Lock lock(mutex_);
  if (kept_.empty()) return {};
  const Chunk chunk = kept_.back();
  kept_.pop_back();
  return chunk;
}

void ArenaChunks::give(Chunk chunk) {
  {
    Lock lock(mutex_);
    if (chunk.size() == kMappedChunk && kept_.size() < most_) {
      kept_.push_back(chunk);
      return;
    }
  }
  ::munmap(chunk.data(), chunk.size());
}

Arena::~Arena() {
  for (const auto& chunk : chunks_) {
    if (shared_) {
      shared_->give(chunk);
    } else {
      ::munmap(chunk.data(), chunk.size());
    }
  }
}

void Arena::add_chunk(std::size_t size) {
  chunks_.reserve(chunks_.size() + 1);
  std::span<std::uint8_t> chunk;
  if (shared_ && size <= kChunk) chunk = shared_->take();
  if (chunk.empty()) {
    const std::size_t mapped = round_up(size, kHugePage) + kHugePage;
    void* start = ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED) throw std::bad_alloc();
    chunk = {static_cast<std::uint8_t*>(start), mapped};
  }
  chunks_.push_back(chunk);
  const auto address = reinterpret_cast<std::uintptr_t>(chunk.data());
  next_ = chunk.data() + (round_up(address, kHugePage) - address);
  left_ = chunk.size() - kHugePage;
  // Advice: small pages do as well.
  static_cast<void>(::madvise(next_, left_, MADV_HUGEPAGE));
}

void* Arena::do_allocate(std::size_t size, std::size_t alignment) {
  const auto gap = [&] {
    const auto address = reinterpret_cast<std::uintptr_t>(next_);
    return round_up(address, alignment) - address;
  };
  if (gap() + size > left_) add_chunk(std::max(size + alignment, kChunk));
  const std::size_t skipped = gap();
  void* taken = next_ + skipped;
  next_ += skipped + size;
  left_ -= skipped + size;
  used_ += size;
  return taken;
}

}  // namespace pharos
