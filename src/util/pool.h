// Shared objects that are used again: when the last owner of one goes, the object waits with the memory that it has
// grown, and with that of its reference count, for whoever takes one next. Any thread; what was taken may outlive the
// pool.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "util/sync.h"

namespace pharos {

template <class T>
class Pool {
 public:
  // Lets go of what the object holds; false when it has grown too large to be kept.
  using Recycle = bool (*)(T&);

  // At most `most` objects wait.
  Pool(std::size_t most, Recycle recycle) : shelf_(std::make_shared<Shelf>(most, recycle)) {}

  // A new object, or one as Recycle left it.
  std::shared_ptr<T> take() {
    std::unique_ptr<Node> node = shelf_->take();
    node->home = shelf_;
    Node* const held = node.release();
    return std::shared_ptr<T>(
        &held->object, [](T*) {}, CountAllocator<T>{held});
  }

 private:
  struct Shelf;
  struct Node {
    T object;
    alignas(std::max_align_t) std::byte count[64];  // of the owners
    std::shared_ptr<Shelf> home;                    // while it is out
  };

  struct Shelf {
    Shelf(std::size_t most, Recycle how) : recycle(how), most_(most) { nodes_.reserve(most); }

    std::unique_ptr<Node> take() {
      {
        Lock lock(mutex_);
        if (!nodes_.empty()) {
          std::unique_ptr<Node> node = std::move(nodes_.back());
          nodes_.pop_back();
          return node;
        }
      }
      return std::make_unique<Node>();
    }
    void put(std::unique_ptr<Node>& node) {
      Lock lock(mutex_);
      if (nodes_.size() < most_) nodes_.push_back(std::move(node));
    }

    const Recycle recycle;

   private:
    const std::size_t most_;
    Mutex mutex_;
    std::vector<std::unique_ptr<Node>> nodes_ PHAROS_GUARDED_BY(mutex_);
  };

  // Puts the reference count into the node. Giving it back is the last that an owner does.
  template <class U>
  struct CountAllocator {
    using value_type = U;
    explicit CountAllocator(Node* in) : node(in) {}
    template <class V>
    CountAllocator(const CountAllocator<V>& other) : node(other.node) {}

    U* allocate(std::size_t) {
      static_assert(sizeof(U) <= sizeof(Node::count) && alignof(U) <= alignof(std::max_align_t));
      return reinterpret_cast<U*>(node->count);
    }
    void deallocate(U*, std::size_t) {
      std::unique_ptr<Node> back(node);
      const std::shared_ptr<Shelf> home = std::move(back->home);
      if (home->recycle(back->object)) home->put(back);
    }
    template <class V>
    bool operator==(const CountAllocator<V>& other) const {
      return node == other.node;
    }

    Node* node;
  };

  const std::shared_ptr<Shelf> shelf_;
};

}  // namespace pharos
