#include "bench/corpus.h"

#include <fstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/corpus_maker.h"
#include "nostr/schnorr.h"
#include "nostr/sha256.h"

namespace pharos::bench {
namespace {

// Raise it when the maker makes anything else than before: kept files are of the old make then.
constexpr int kMake = 1;

// The two files while they grow. Rows are written after their events, so a row that is there tells of a whole event.
class GrowingFiles {
 public:
  GrowingFiles(const std::filesystem::path& rows, const std::filesystem::path& events)
      : rows_(::open(rows.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)),
        events_(::open(events.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {}
  ~GrowingFiles() {
    ::close(rows_);
    ::close(events_);
  }

  // Cuts off what an interrupted run left of a block.
  bool resume() {
    struct stat status {};
    if (rows_ < 0 || events_ < 0 || ::fstat(rows_, &status) != 0) return false;
    count_ = static_cast<std::size_t>(status.st_size) / sizeof(CorpusRow) / kBlockEvents * kBlockEvents;
    if (count_ > 0) {
      const CorpusRow last = row(count_ - 1);
      end_ = last.offset + last.length + 1;
    }
    return ::ftruncate(rows_, static_cast<off_t>(count_ * sizeof(CorpusRow))) == 0 &&
           ::ftruncate(events_, static_cast<off_t>(end_)) == 0;
  }

  std::size_t count() const { return count_; }

  CorpusRow row(std::size_t i) const {
    CorpusRow read;
    if (::pread(rows_, &read, sizeof read, static_cast<off_t>(i * sizeof read)) != sizeof read) std::abort();
    return read;
  }

  std::string json(std::size_t i) const {
    const CorpusRow place = row(i);
    std::string text(place.length, '\0');
    const ssize_t got = ::pread(events_, text.data(), text.size(), static_cast<off_t>(place.offset));
    if (got != static_cast<ssize_t>(text.size())) std::abort();
    return text;
  }

  bool append(std::vector<MadeEvent>& block) {
    std::string events;
    std::vector<CorpusRow> rows;
    for (MadeEvent& made : block) {
      made.row.offset = end_ + events.size();
      rows.push_back(made.row);
      events += made.json;
      events += '\n';
    }
    const std::size_t row_bytes = rows.size() * sizeof(CorpusRow);
    if (!write_at(events_, events.data(), events.size(), end_) ||
        !write_at(rows_, rows.data(), row_bytes, count_ * sizeof(CorpusRow))) {
      return false;
    }
    end_ += events.size();
    count_ += rows.size();
    return true;
  }

 private:
  static bool write_at(int file, const void* bytes, std::size_t size, std::uint64_t offset) {
    return ::pwrite(file, bytes, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
  }

  int rows_;
  int events_;
  std::size_t count_ = 0;
  std::uint64_t end_ = 0;
};

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  struct stat status {};
  if (::fstat(file, &status) == 0 && status.st_size > 0) {
    const auto size = static_cast<std::size_t>(status.st_size);
    void* mapped = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED) {
      data_ = static_cast<const char*>(mapped);
      size_ = size;
    }
  }
  ::close(file);
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(const_cast<char*>(data_), size_);
}

SecretKey Authors::secret(std::size_t rank) const {
  return SecretKey{sha256(as_bytes(fmt::format("pharos bench {} author {}", seed_, rank)))};
}

void Authors::grow_to(std::size_t count) {
  while (keys_.size() < count) {
    keys_.push_back(derive_public_key(secret(keys_.size())).value());
    hex_.push_back(keys_.back().hex());
  }
}

Result<Corpus, std::string> Corpus::open(const std::filesystem::path& directory, std::uint64_t seed, std::size_t events,
                                         bool show_progress) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  const auto base = directory / fmt::format("corpus-{}-{}", kMake, seed);
  const auto rows = base.string() + ".rows";
  const auto lines = base.string() + ".jsonl";
  Corpus corpus(seed);
  {
    GrowingFiles files(rows, lines);
    if (!files.resume()) return failure("cannot write to " + base.string());
    const EarlierEvents earlier{[&](std::size_t i) { return files.row(i); },
                                [&](std::size_t i) { return files.json(i); }};
    for (std::size_t shown = 0; files.count() < events;) {
      auto block = make_block(seed, files.count(), earlier, corpus.authors_);
      if (!files.append(block)) return failure("cannot write to " + base.string());
      if (show_progress && files.count() >= shown + 100'000) {
        shown = files.count();
        fmt::print(stderr, "corpus: {} of {} events\n", shown, events);
      }
    }
  }
  corpus.rows_ = MappedFile(rows);
  corpus.events_ = MappedFile(lines);
  if (corpus.size() < events) return failure("cannot read " + base.string());
  corpus.authors_.grow_to(authors_at(corpus.size()));
  return corpus;
}

std::string_view Corpus::lines(std::size_t n) const {
  if (n == 0) return {};
  return events_.bytes().substr(0, row(n - 1).offset + row(n - 1).length + 1);
}

}  // namespace pharos::bench
