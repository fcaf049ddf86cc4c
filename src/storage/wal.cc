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

struct Frame {
  std::string_view operations;
  std::uint64_t expected = 0;  // their hash
};

// As its head tells; nullopt where none begins.
std::optional<Frame> frame_at(std::string_view text, std::uint64_t at) {
  Taker bytes(text.substr(at));
  const auto size = bytes.number<std::uint32_t>();
  const auto reserved = bytes.number<std::uint32_t>();
  const auto expected = bytes.number<std::uint64_t>();
  const std::string_view operations = bytes.take(size);
  if (bytes.bad() || size == 0 || reserved != 0) return std::nullopt;
  return Frame{operations, expected};
}

bool is_whole(const Frame& frame, std::uint64_t generation, std::uint64_t at) {
  return hash(frame.operations, generation ^ at) == frame.expected;
}

// What a search for frames may still look at; below 0 it is over.
using Allowance = std::int64_t;

// Whether one operation ends where the next begins and the last one at the end, whatever they say.
bool are_operations(std::string_view operations, Allowance& allowance) {
  constexpr Allowance kStep = 32;
  Taker bytes(operations);
  while (!bytes.empty() && !bytes.bad() && allowance >= 0) {
    allowance -= kStep;
    switch (static_cast<Operation>(bytes.number<std::uint8_t>())) {
      case Operation::store:
        bytes.take(sizeof(Seq));
        bytes.take(bytes.number<std::uint32_t>());
        break;
      case Operation::erase:
        bytes.take(2 * sizeof(Seq));
        break;
      case Operation::tombstone:
        bytes.take(bytes.number<std::uint8_t>());
        bytes.take(bytes.number<std::uint8_t>());
        break;
      default:
        return false;
    }
  }
  return bytes.empty() && !bytes.bad();
}

// Without the zeros at the end, which is room that was taken ahead.
std::uint64_t used_bytes(std::string_view text) { return text.find_last_not_of('\0') + 1; }

// Whether a whole frame begins at `from` or behind it. The work is bounded by the text's size, since events can be made
// of what looks like frames; true when it was not enough to tell.
bool has_frame_from(std::string_view text, std::uint64_t generation, std::uint64_t from) {
  constexpr Allowance kTimes = 16;
  Allowance allowance = kTimes * static_cast<Allowance>(text.size());
  const std::uint64_t end = used_bytes(text);
  for (std::uint64_t at = from; at < end && allowance >= 0; ++at) {
    const auto frame = frame_at(text, at);
    if (!frame || !are_operations(frame->operations, allowance)) continue;
    allowance -= static_cast<Allowance>(frame->operations.size());
    if (is_whole(*frame, generation, at)) return true;
  }
  return allowance < 0;
}

WalRest rest_of(std::string_view text, std::uint64_t offset, bool damaged) {
  return {damaged ? WalRest::Kind::damaged : WalRest::Kind::unfinished, offset, used_bytes(text) - offset};
}

bool is_zeros(std::string_view text) { return text.find_first_not_of('\0') == std::string_view::npos; }

// No whole frame begins at `at`.
WalRest rest_from(std::string_view text, std::uint64_t generation, std::uint64_t at) {
  if (is_zeros(text.substr(at))) return {};
  return rest_of(text, at, has_frame_from(text, generation, at + 1));
}

// A header that did not reach the disk is zeros, and then nothing was acknowledged.
WalRest rest_without_header(std::string_view text, std::uint64_t generation) {
  if (text.size() <= kHeaderBytes || is_zeros(text.substr(kHeaderBytes))) return {};
  const bool written = !is_zeros(text.substr(0, kHeaderBytes));
  return rest_of(text, 0, written || has_frame_from(text, generation, kHeaderBytes));
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

Result<WalContent, StorageFailure> read_wal(Files& files, const std::filesystem::path& directory,
                                            std::uint64_t generation, const IndexRules& rules) {
  const std::filesystem::path path = wal_path(directory, generation);
  const auto read = files.read(path);
  if (!read) return read.error();
  const std::string_view text = read.value();

  Taker header(text);
  const std::string_view magic = header.take(kMagic.size());
  const auto named = header.number<std::uint64_t>();
  const auto before = header.number<Seq>();
  if (header.bad() || magic != kMagic || named != generation ||
      text.substr(0, kHeaderBytes) != header_of(named, before)) {
    return WalContent{nullptr, rest_without_header(text, generation)};
  }
  auto memtable = std::make_unique<Memtable>(generation, before, rules, text.size() / 1024);
  std::vector<std::uint64_t> aligned;
  std::uint64_t at = kHeaderBytes;
  for (auto frame = frame_at(text, at); frame && is_whole(*frame, generation, at); frame = frame_at(text, at)) {
    if (!apply(frame->operations, *memtable, aligned)) {
      return StorageFailure{StorageError::corrupt,
                            path.string() + ": the frame at byte " + std::to_string(at) + " is malformed"};
    }
    at += kFrameHeadBytes + frame->operations.size();
  }
  if (memtable->empty()) memtable.reset();
  return WalContent{std::move(memtable), rest_from(text, generation, at)};
}

}  // namespace pharos::storage
