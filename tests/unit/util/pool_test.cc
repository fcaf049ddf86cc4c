#include "util/pool.h"

#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace pharos {
namespace {

bool recycle(std::string& text) {
  const bool keep = text.size() <= 100;
  text.clear();
  return keep;
}

TEST(Pool, AnObjectComesBackWithTheMemoryItHasGrown) {
  Pool<std::string> pool(1, recycle);
  auto text = pool.take();
  text->assign(80, 'x');
  const void* memory = text->data();
  text.reset();
  text = pool.take();
  EXPECT_TRUE(text->empty());
  EXPECT_EQ(text->assign(80, 'y').data(), memory);
}

TEST(Pool, AnObjectIsOutUntilItsLastOwnerGoes) {
  Pool<std::string> pool(2, recycle);
  auto first = pool.take();
  const std::shared_ptr<const std::string> second_owner = first;
  std::weak_ptr<std::string> observer = first;
  first->assign("held");
  first.reset();
  EXPECT_NE(pool.take().get(), second_owner.get());
  EXPECT_EQ(*second_owner, "held");
  EXPECT_FALSE(observer.expired());
}

TEST(Pool, KeepsSoManyAndNoneThatIsTooLarge) {
  Pool<std::string> pool(1, recycle);
  auto large = pool.take();
  auto a = pool.take();
  auto b = pool.take();
  const std::string* const kept = a.get();
  large->assign(101, 'x');
  large.reset();
  a.reset();
  b.reset();
  EXPECT_EQ(pool.take().get(), kept);
}

TEST(Pool, WhatWasTakenOutlivesIt) {
  std::shared_ptr<std::string> text;
  {
    Pool<std::string> pool(1, recycle);
    text = pool.take();
  }
  text->assign(80, 'x');
  EXPECT_EQ(text->size(), 80U);
}

TEST(Pool, TakenOnOneThreadAndLetGoOnAnother) {
  Pool<std::string> pool(8, recycle);
  for (int round = 0; round < 100; ++round) {
    auto text = pool.take();
    ASSERT_TRUE(text->empty());
    text->assign("something");
    std::thread([held = std::move(text)]() mutable { held.reset(); }).join();
  }
}

}  // namespace
}  // namespace pharos
