// A function object that is called later, once or often: like std::function, but moved and never copied, and kept in
// place, without an allocation, up to Room bytes of captures. Larger ones are allocated. As thread-safe as what it
// holds.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace pharos {

template <class Signature, std::size_t Room = 32>
class Callback;

template <class R, class... Args, std::size_t Room>
class Callback<R(Args...), Room> {
 public:
  Callback() = default;
  Callback(std::nullptr_t) {}
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, Callback> &&
           std::is_invocable_r_v<R, std::remove_cvref_t<F>&, Args...>) Callback(F&& function) {
    using Held = std::remove_cvref_t<F>;
    if constexpr (sizeof(Held) <= Room && alignof(Held) <= kAlignment && std::is_nothrow_move_constructible_v<Held>) {
      hold(std::forward<F>(function));
    } else {
      hold([held = std::make_unique<Held>(std::forward<F>(function))](Args... args) -> R {
        return (*held)(std::forward<Args>(args)...);
      });
    }
  }
  Callback(Callback&& other) noexcept { take(other); }
  Callback& operator=(Callback&& other) noexcept {
    if (this != &other) {
      clear();
      take(other);
    }
    return *this;
  }
  ~Callback() { clear(); }

  explicit operator bool() const { return operations_ != nullptr; }
  // Not empty.
  R operator()(Args... args) const { return operations_->call(room_, std::forward<Args>(args)...); }

 private:
  static constexpr std::size_t kAlignment = alignof(void*);

  struct Operations {
    R (*call)(void* held, Args&&... args);
    void (*move)(void* to, void* from);  // and destroys what it moved from
    void (*destroy)(void* held);
  };
  template <class F>
  static constexpr Operations kOperations{
      [](void* held, Args&&... args) -> R { return (*static_cast<F*>(held))(std::forward<Args>(args)...); },
      [](void* to, void* from) {
        new (to) F(std::move(*static_cast<F*>(from)));
        static_cast<F*>(from)->~F();
      },
      [](void* held) { static_cast<F*>(held)->~F(); }};

  template <class F>
  void hold(F&& function) {
    using Held = std::remove_cvref_t<F>;
    new (room_) Held(std::forward<F>(function));
    operations_ = &kOperations<Held>;
  }
  void take(Callback& other) {
    if (other.operations_ == nullptr) return;
    other.operations_->move(room_, other.room_);
    operations_ = std::exchange(other.operations_, nullptr);
  }
  void clear() {
    if (operations_ != nullptr) std::exchange(operations_, nullptr)->destroy(room_);
  }

  const Operations* operations_ = nullptr;
  alignas(kAlignment) mutable std::byte room_[Room];
};

// What a loop or a pool runs later.
using Task = Callback<void(), 48>;

}  // namespace pharos
