// Memory that is taken bit by bit and given back at once, from huge pages where the system has them: what is read all
// over needs few entries of the address translation then, and few page faults to come about. One thread takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

namespace pharos {

class Arena final : public std::pmr::memory_resource {
 public:
  Arena() = default;
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

  std::vector<std::span<std::uint8_t>> chunks_;
  std::uint8_t* next_ = nullptr;
  std::size_t left_ = 0;
  std::size_t used_ = 0;
};

}  // namespace pharos
