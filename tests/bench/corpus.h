// The corpus of the macro-benchmark: signed events in about the mix that relays see, the same in every run with the
// same seed. It is made once, on all cores, and kept in files; a larger corpus is a prolongation of a smaller one, so
// event number i is the same in both. Kinds, sizes and references:
//
//   notes and replies (1) with e, p and t tags, reactions (7), reposts (6) with the note inside, zap receipts (9735)
//   with the request inside, profiles (0), contact lists (3) of 50 to 600 p tags, relay lists (10002), articles
//   (30023), gift wraps (1059), deletions of an author's own events (5), and a few others; 1.5 KB of JSON on average.
//   Authors write about as often as 1 / (rank + 20); references go to recent events far more often than to old ones.
//   Author 0 is the busiest. created_at goes up by about a second an event from a fixed day on.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "nostr/event.h"
#include "util/result.h"

namespace pharos::bench {

// What is known of an event without parsing it; the file of rows holds them as they are.
struct CorpusRow {
  std::uint64_t offset = 0;  // of its line in the file of events
  std::uint32_t length = 0;  // without the line feed
  std::uint32_t author = 0;
  EventId id;
  UnixSeconds created_at = 0;
  std::uint32_t root = 0;  // number of the event that opens its thread; its own where it opens one
  Kind kind = 0;
  std::uint16_t unused = 0;
};
static_assert(sizeof(CorpusRow) == 64);

// A file mapped for reading.
class MappedFile {
 public:
  MappedFile() = default;
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept { swap(other); }
  MappedFile& operator=(MappedFile&& other) noexcept {
    swap(other);
    return *this;
  }
  std::string_view bytes() const { return {data_, size_}; }

 private:
  void swap(MappedFile& other) {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }

  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

// Key pairs of the authors, by rank. Not for several threads while it grows.
class Authors {
 public:
  explicit Authors(std::uint64_t seed) : seed_(seed) {}
  void grow_to(std::size_t count);
  std::size_t size() const { return hex_.size(); }
  const std::string& hex(std::size_t rank) const { return hex_[rank]; }
  const PublicKey& key(std::size_t rank) const { return keys_[rank]; }
  SecretKey secret(std::size_t rank) const;

 private:
  std::uint64_t seed_;
  std::vector<PublicKey> keys_;
  std::vector<std::string> hex_;
};

// So many authors have appeared, or may have, before event number i.
std::size_t authors_at(std::size_t i);

// Read by any number of threads.
class Corpus {
 public:
  // Opens the corpus of that seed in the directory, prolonging it first to at least `events`. The error is for people.
  static Result<Corpus, std::string> open(const std::filesystem::path& directory, std::uint64_t seed,
                                          std::size_t events, bool show_progress = false);

  std::size_t size() const { return rows_.bytes().size() / sizeof(CorpusRow); }
  const CorpusRow& row(std::size_t i) const { return reinterpret_cast<const CorpusRow*>(rows_.bytes().data())[i]; }
  std::string_view json(std::size_t i) const { return events_.bytes().substr(row(i).offset, row(i).length); }
  // The lines of the first n events.
  std::string_view lines(std::size_t n) const;
  const Authors& authors() const { return authors_; }

 private:
  explicit Corpus(std::uint64_t seed) : authors_(seed) {}

  MappedFile rows_;
  MappedFile events_;
  Authors authors_;
};

}  // namespace pharos::bench
