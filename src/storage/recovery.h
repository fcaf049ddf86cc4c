// What the logs hold that LMDB does not: the start of a store, after a crash or beside a running writer.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "storage/env.h"
#include "storage/files.h"
#include "storage/memtable.h"
#include "storage/tombstones.h"
#include "util/result.h"

namespace pharos::storage {

struct Recovered {
  std::vector<std::shared_ptr<Memtable>> memtables;  // oldest first
  Seq last_seq = 0;
  std::uint64_t next_generation = 1;
};

// Of every key that vanished (NIP-62), until when. While nothing is written to the memtables.
Result<std::vector<Vanished>, StorageFailure> list_vanished(const Env& env, const Recovered& recovered);

// Reads the logs that are not merged; removes those that are when env is open for writing. One that is damaged is read
// up to there, and told as an error; when env is open for writing it gets a second name as well, <log>.damaged or
// <log>.damaged.<n>, by which it stays for the operator when it is merged. corrupt where what is whole of a log breaks
// its grammar, otherwise what Files fails with; the detail names the log.
Result<Recovered, StorageFailure> recover(const Env& env, Files& files);

}  // namespace pharos::storage
