#include "storage/env_copy.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <lmdb.h>
#include <unistd.h>

#include "storage/lmdb_error.h"
#include "util/worker_pool.h"

namespace pharos::storage {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 20U;

}  // namespace

Result<std::unique_ptr<EnvCopy>, StorageFailure> EnvCopy::begin(const Env& env) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return failure(StorageFailure{StorageError::io, std::string("cannot make a pipe: ") + std::strerror(errno)});
  }
  return std::unique_ptr<EnvCopy>(new EnvCopy(env, ends[0], ends[1]));
}

EnvCopy::EnvCopy(const Env& env, int from, int into) : env_(env), from_(from), buffer_(kBufferBytes, '\0') {
  thread_ = std::thread([this, into] {
    set_thread_name("copy");
    copied_ = mdb_env_copyfd2(env_.current().get(), into, MDB_CP_COMPACT);
    ::close(into);
  });
}

EnvCopy::~EnvCopy() {
  // LMDB's next write finds that nobody reads any more, and ends; it takes the signal upon itself.
  ::close(from_);
  if (thread_.joinable()) thread_.join();
}

Result<std::string_view, StorageFailure> EnvCopy::next() {
  ssize_t got = 0;
  do {
    got = ::read(from_, buffer_.data(), buffer_.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    return failure(StorageFailure{StorageError::io, std::string("cannot read the copy: ") + std::strerror(errno)});
  }
  if (got > 0) return std::string_view(buffer_.data(), static_cast<std::size_t>(got));
  if (thread_.joinable()) thread_.join();
  if (copied_ != 0) return failure(lmdb_failure(copied_, "copy of " + env_.directory().string()));
  return std::string_view();
}

}  // namespace pharos::storage
