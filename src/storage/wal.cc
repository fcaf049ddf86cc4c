#include "storage/wal.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <span>

#include <xxhash.h>

#include "util/bytes.h"

namespace pharos::storage {
namespace {

constexpr std::string_view kMagic = "PHAROSW1";
constexpr std::size_t kHeaderBytes = 32;
constexpr std::size_t kFrameHeadBytes = 16;
// Room is taken ahead in steps, so that a commit changes no metadata of the file system.
constexpr std::uint64_t kReserveStep = 4U << 20U;
constexpr std::string_view kSuffix = ".wal";

enum class Operation : std::uint8_t { store = 1, erase = 2, tombstone = 3 };

template <class Number>
void add(std::string& out, Number number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

std::uint64_t hash(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::string header_of(std::uint64_t generation, Seq before) {
  std::string header(kMagic);
  add(header, generation);
  add(header, before);
  add(header, hash(header, 0));
  return header;
}

// Takes numbers and bytes off the front; anything beyond the end makes it bad.
class Taker {
 public:
  explicit Taker(std::string_view bytes) : bytes_(bytes) {}

  std::string_view take(std::size_t size) {
    if (size > bytes_.size()) bad_ = true;
    const std::string_view taken = bytes_.substr(0, bad_ ? 0 : size);
    bytes_.remove_prefix(taken.size());
    return taken;
  }
  template <class Number>
  Number number() {
    Number number = 0;
    const std::string_view bytes = take(sizeof number);
    if (!bad_) std::memcpy(&number, bytes.data(), sizeof number);
    return number;
  }
  bool bad() const { return bad_; }
  bool empty() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
  bool bad_ = false;
};

bool apply_store(Taker& bytes, Memtable& into, std::vector<std::uint64_t>& aligned) {
  const auto seq = bytes.number<Seq>();
  const std::string_view record = bytes.take(bytes.number<std::uint32_t>());
  if (bytes.bad() || seq <= into.last_seq() || seq - into.before() > Memtable::kMaxEvents) return false;
  aligned.resize((record.size() + 7) / 8);
  std::memcpy(aligned.data(), record.data(), record.size());
  const std::string_view held(reinterpret_cast<const char*>(aligned.data()), record.size());
  if (!verify_record(as_bytes(held))) return false;
  into.insert(seq, held);
  return true;
}

bool apply_tombstone(Taker& bytes, Memtable& into) {
  const std::string_view key = bytes.take(bytes.number<std::uint8_t>());
  const std::string_view value = bytes.take(bytes.number<std::uint8_t>());
  if (bytes.bad() || key.size() > TombstoneKey::kCapacity) return false;
  TombstoneKey name;
  name.add_bytes(as_bytes(key));
  into.set_tombstone(name, value);
  return true;
}

bool apply(std::string_view operations, Memtable& into, std::vector<std::uint64_t>& aligned) {
  Taker bytes(operations);
  while (!bytes.empty()) {
    switch (static_cast<Operation>(bytes.number<std::uint8_t>())) {
      case Operation::store:
        if (!apply_store(bytes, into, aligned)) return false;
        break;
      case Operation::erase: {
        const auto seq = bytes.number<Seq>();
        const auto by = bytes.number<Seq>();
        if (bytes.bad()) return false;
        into.erase(seq, by);
        break;
      }
      case Operation::tombstone:
        if (!apply_tombstone(bytes, into)) return false;
        break;
      default:
        return false;
    }
  }
  return true;
}

}  // namespace

void WalBatch::add_bytes(std::string_view bytes) {
  size_ += bytes.size();
  if (keep_ == Keep::bytes) bytes_ += bytes;
}

template <class Number>
void WalBatch::add_number(Number number) {
  add_bytes(std::string_view(reinterpret_cast<const char*>(&number), sizeof number));
}

void WalBatch::clear() {
  size_ = 0;
  bytes_.clear();
}

void WalBatch::store(Seq seq, std::string_view record) {
  add_number(Operation::store);
  add_number(seq);
  add_number(static_cast<std::uint32_t>(record.size()));
  add_bytes(record);
}

void WalBatch::erase(Seq seq, Seq by) {
  add_number(Operation::erase);
  add_number(seq);
  add_number(by);
}

void WalBatch::tombstone(const TombstoneKey& key, std::string_view value) {
  add_number(Operation::tombstone);
  add_number(static_cast<std::uint8_t>(key.size()));
  add_bytes(key.view());
  add_number(static_cast<std::uint8_t>(value.size()));
  add_bytes(value);
}

Result<std::unique_ptr<Wal>, StorageFailure> Wal::create(Files& files, const std::filesystem::path& directory,
                                                         std::uint64_t generation, Seq before) {
  PHAROS_TRY(auto file, files.create(wal_path(directory, generation)));
  std::unique_ptr<Wal> wal(new Wal(std::move(file), generation));
  PHAROS_TRYV(wal->file_->reserve(kReserveStep));
  wal->reserved_ = kReserveStep;
  PHAROS_TRYV(wal->file_->write(0, header_of(generation, before)));
  wal->end_ = kHeaderBytes;
  return wal;
}

Result<void, StorageFailure> Wal::append(const WalBatch& batch, bool sync) {
  frame_.clear();
  add(frame_, static_cast<std::uint32_t>(batch.bytes().size()));
  add(frame_, std::uint32_t{0});
  add(frame_, hash(batch.bytes(), generation_ ^ end_));
  frame_ += batch.bytes();
  // The head of the next frame is written as zeros: what a longer frame that failed left there is not read as one.
  const std::uint64_t end = end_ + frame_.size();
  frame_.append(kFrameHeadBytes, '\0');
  if (end_ + frame_.size() > reserved_) {
    const std::uint64_t wanted = end_ + frame_.size() + kReserveStep;
    PHAROS_TRYV(file_->reserve(wanted));
    reserved_ = wanted;
  }
  PHAROS_TRYV(file_->write(end_, frame_));
  if (sync) {
    PHAROS_TRYV(file_->sync());
  }
  end_ = end;
  return success();
}

std::filesystem::path wal_path(const std::filesystem::path& directory, std::uint64_t generation) {
  std::string name(16, '0');
  for (std::size_t digit = 0; digit < name.size(); ++digit) {
    name[name.size() - 1 - digit] = "0123456789abcdef"[(generation >> (4 * digit)) & 0xfU];
  }
  return directory / (name + std::string(kSuffix));
}

Result<std::vector<std::uint64_t>, StorageFailure> list_wals(const std::filesystem::path& directory) {
  std::error_code code;
  std::vector<std::uint64_t> generations;
  for (std::filesystem::directory_iterator entry(directory, code), end; !code && entry != end; entry.increment(code)) {
    const std::string name = entry->path().filename().string();
    if (!name.ends_with(kSuffix)) continue;
    std::uint64_t generation = 0;
    const char* stop = name.data() + name.size() - kSuffix.size();
    if (std::from_chars(name.data(), stop, generation, 16).ptr == stop) generations.push_back(generation);
  }
  if (code) return StorageFailure{StorageError::io, "cannot list " + directory.string() + ": " + code.message()};
  std::ranges::sort(generations);
  return generations;
}

Result<std::unique_ptr<Memtable>, StorageFailure> read_wal(Files& files, const std::filesystem::path& directory,
                                                           std::uint64_t generation, const IndexRules& rules) {
  const std::filesystem::path path = wal_path(directory, generation);
  const auto read = files.read(path);
  if (!read) return read.error();
  const std::string& text = read.value();

  Taker header(text);
  const std::string_view magic = header.take(kMagic.size());
  const auto named = header.number<std::uint64_t>();
  const auto before = header.number<Seq>();
  if (header.bad() || magic != kMagic || named != generation ||
      text.substr(0, kHeaderBytes) != header_of(named, before)) {
    return std::unique_ptr<Memtable>();
  }
  auto memtable = std::make_unique<Memtable>(generation, before, rules, text.size() / 1024);
  std::vector<std::uint64_t> aligned;
  std::uint64_t at = kHeaderBytes;
  while (true) {
    Taker frame(std::string_view(text).substr(at));
    const auto size = frame.number<std::uint32_t>();
    const auto reserved = frame.number<std::uint32_t>();
    const auto expected = frame.number<std::uint64_t>();
    const std::string_view operations = frame.take(size);
    if (frame.bad() || size == 0 || reserved != 0 || hash(operations, generation ^ at) != expected) break;
    if (!apply(operations, *memtable, aligned)) {
      return StorageFailure{StorageError::corrupt,
                            path.string() + ": the frame at byte " + std::to_string(at) + " is malformed"};
    }
    at += kFrameHeadBytes + size;
  }
  if (memtable->empty()) return std::unique_ptr<Memtable>();
  return memtable;
}

}  // namespace pharos::storage
