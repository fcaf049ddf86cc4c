#include "util/arena.h"

#include <algorithm>
#include <new>

#include <sys/mman.h>

namespace pharos {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20U;
constexpr std::size_t kChunk = 4 * kHugePage;

std::size_t round_up(std::size_t size, std::size_t to) { return (size + to - 1) / to * to; }

}  // namespace

Arena::~Arena() {
  for (const auto& chunk : chunks_) ::munmap(chunk.data(), chunk.size());
}

void Arena::add_chunk(std::size_t size) {
  chunks_.reserve(chunks_.size() + 1);
  // Room to begin at a multiple of a huge page.
  const std::size_t mapped = round_up(size, kHugePage) + kHugePage;
  void* start = ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) throw std::bad_alloc();
  chunks_.emplace_back(static_cast<std::uint8_t*>(start), mapped);
  const auto address = reinterpret_cast<std::uintptr_t>(start);
  const std::size_t skipped = round_up(address, kHugePage) - address;
  next_ = static_cast<std::uint8_t*>(start) + skipped;
  left_ = mapped - kHugePage;
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
