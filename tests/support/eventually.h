// Waiting for a condition of another thread or process: polls, so that tests need no sleeps of their own.
#pragma once

#include <chrono>
#include <thread>

namespace pharos::testing {

// True as soon as the predicate holds; false when it did not within the limit.
template <class Predicate>
bool eventually(Predicate&& predicate, std::chrono::milliseconds limit = std::chrono::seconds(60)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  auto pause = std::chrono::milliseconds(1);
  while (!predicate()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(pause);
    if (pause < std::chrono::milliseconds(20)) pause *= 2;
  }
  return true;
}

// True once the value has not changed for `quiet`.
template <class Value>
bool settles(Value&& value, std::chrono::milliseconds quiet,
             std::chrono::milliseconds limit = std::chrono::seconds(60)) {
  return eventually(
      [&] {
        const auto before = value();
        return !eventually([&] { return value() != before; }, quiet);
      },
      limit);
}

}  // namespace pharos::testing
