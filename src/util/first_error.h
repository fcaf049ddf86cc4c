// Carries work for several through although some of it throws; the first error is thrown at the end.
#pragma once

#include <exception>
#include <utility>

namespace pharos {

class FirstError {
 public:
  template <class F>
  void run(F&& f) {
    try {
      std::forward<F>(f)();
    } catch (...) {
      if (!first_) first_ = std::current_exception();
    }
  }
  // Throws the first error of what was run since the last call, if there was one.
  void rethrow() {
    if (first_) std::rethrow_exception(std::exchange(first_, nullptr));
  }

 private:
  std::exception_ptr first_;
};

}  // namespace pharos
