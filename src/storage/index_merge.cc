#include "storage/index_merge.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "util/bytes.h"

namespace pharos::storage {
namespace {

// Some room is left for what comes next.
constexpr std::size_t kFill = kMaxBlockBytes * 15 / 16;

// Cuts the groups of one run into blocks and puts them in the place of the blocks that held them.
class RunWriter {
 public:
  RunWriter(WriteTxn& txn, Table level) : txn_(txn), table_(txn.tables()[level]), shape_(posting_shape(level)) {}

  // The block that ended with this posting is part of the run.
  void replaces(const Posting& last) { old_.push_back(last); }

  void add_group(std::string_view group) {
    groups_ += group;
    sizes_.push_back(static_cast<std::uint16_t>(group.size()));
    // What is left suffices for two blocks of which none is nearly empty.
    if (bytes() > 2 * kMaxBlockBytes) write_front(kFill);
  }
  void add(std::span<const Posting> postings) {
    while (!postings.empty()) {
      const std::size_t count = postings.size() <= kMaxGroupPostings ? postings.size() : kGroupPostings;
      add_postings(postings.first(count));
      postings = postings.subspan(count);
    }
  }

  // Those of which more are to come: as many as fill groups however that ends.
  void add_some(std::vector<Posting>& postings) {
    if (postings.size() <= kMaxGroupPostings) return;
    const std::size_t count = (postings.size() - kMaxGroupPostings) / kGroupPostings * kGroupPostings;
    for (std::size_t at = 0; at < count; at += kGroupPostings) add_postings({postings.data() + at, kGroupPostings});
    postings.erase(postings.begin(), postings.begin() + static_cast<std::ptrdiff_t>(count));
  }

  // Returns how many blocks it wrote.
  std::size_t finish() {
    while (!sizes_.empty()) {
      const std::size_t blocks = (bytes() + kMaxBlockBytes - 1) / kMaxBlockBytes;
      write_front(blocks == 1 ? kMaxBlockBytes : bytes() / blocks + kLongestGroup / 2);
    }
    std::size_t at = 0;
    for (const Posting& last : old_) {
      while (at < written_.size() && written_[at] < last) ++at;
      if (at < written_.size() && written_[at] == last) continue;
      txn_.erase(table_, BlockKey(shape_, last).view());
    }
    return written_.size();
  }

 private:
  static constexpr std::size_t kLongestGroup = 1 + kMaxGroupPostings * 33;
  static_assert(2 * kLongestGroup < kMaxBlockBytes);

  std::size_t bytes() const { return block_bytes(sizes_.size(), groups_.size()); }

  void add_postings(std::span<const Posting> group) {
    group_.clear();
    append_group(shape_, group, group_);
    add_group(group_);
  }

  // As many groups as fit into a block of that many bytes.
  void write_front(std::size_t most) {
    std::size_t count = 1;
    std::size_t size = sizes_.front();
    while (count < sizes_.size() && block_bytes(count + 1, size + sizes_[count]) <= std::min(most, kMaxBlockBytes)) {
      size += sizes_[count++];
    }
    make_block({sizes_.data(), count}, std::string_view(groups_).substr(0, size), block_);
    IndexBlockReader block(shape_, as_bytes(block_));
    if (!block.read_group(count - 1, last_group_)) {
      txn_.fail_corrupt();
    } else {
      written_.push_back(last_group_.back());
      txn_.put(table_, BlockKey(shape_, written_.back()).view(), block_);
    }
    groups_.erase(0, size);
    sizes_.erase(sizes_.begin(), sizes_.begin() + static_cast<std::ptrdiff_t>(count));
  }

  WriteTxn& txn_;
  const Dbi table_;
  const PostingShape shape_;
  std::string groups_;  // not written yet, back to back
  std::vector<std::uint16_t> sizes_;
  std::vector<Posting> old_;
  std::vector<Posting> written_;
  // Reused.
  std::string group_;
  std::string block_;
  std::vector<Posting> last_group_;
};

class Merge {
 public:
  // The table of a level; a young one keeps marks.
  Merge(WriteTxn& txn, Table level, bool is_young, std::span<const PostingChange> changes)
      : txn_(txn),
        level_(level),
        is_young_(is_young),
        shape_(posting_shape(level)),
        blocks_(txn, txn.tables()[level]),
        changes_(changes) {}

  // Returns how many blocks it wrote.
  std::size_t run() {
    std::size_t written = 0;
    if (blocks_.last()) {
      end_ = decode_block_key(shape_, blocks_.key());
      if (!end_) txn_.fail_corrupt();
    }
    while (!changes_.empty() && !txn_.failed()) {
      RunWriter run(txn_, level_);
      if (!end_) {
        held_.clear();
        merge_held(run, changes_.size());
      } else {
        if (!blocks_.seek(BlockKey(shape_, place_of(changes_.front())).view())) blocks_.last();
        if (!merge_neighbours(run)) {
          txn_.fail_corrupt();
          break;
        }
      }
      written += run.finish();
    }
    return written;
  }

 private:
  // Where the posting would lie, which is where its erasure looks for it.
  Posting place_of(const PostingChange& change) const {
    return is_young_ ? as_young({change.posting, false}) : change.posting;
  }

  // From the block that the cursor stands at on, as long as the next one is changed too. False when one is damaged.
  bool merge_neighbours(RunWriter& run) {
    while (true) {
      const std::optional<Posting> last = decode_block_key(shape_, blocks_.key());
      if (!last) return false;
      run.replaces(*last);
      const bool is_end = *last == *end_;
      if (!merge_block(run, is_end ? nullptr : &*last)) return false;
      if (is_end || changes_.empty()) return true;
      std::string next(BlockKey(shape_, *last).view());
      next += '\0';
      if (!blocks_.seek(next)) return true;
      const std::optional<Posting> next_last = decode_block_key(shape_, blocks_.key());
      if (!next_last) return false;
      if (*next_last < place_of(changes_.front())) return true;
    }
  }

  // With the changes up to `bound`, all of them without one. False when the block is damaged.
  bool merge_block(RunWriter& run, const Posting* bound) {
    // The first write moves what LMDB gave.
    block_.assign(blocks_.value());
    IndexBlockReader block(shape_, as_bytes(block_));
    if (block.groups() == 0) return false;
    for (std::size_t group = 0; group < block.groups(); ++group) {
      std::size_t count = 0;
      if (group + 1 == block.groups()) {
        while (count < changes_.size() && (bound == nullptr || place_of(changes_[count]) <= *bound)) ++count;
      } else if (!changes_.empty()) {
        if (!block.enter(group + 1)) return false;
        while (count < changes_.size() && place_of(changes_[count]) < block.posting()) ++count;
      }
      if (count > 0) {
        if (!block.read_group(group, held_)) return false;
        merge_held(run, count);
      } else {
        const std::string_view bytes = block.group_bytes(group);
        if (bytes.empty()) return false;
        run.add_group(bytes);
      }
    }
    return !block.malformed();
  }

  // Postings that lie merged at a time, so that they stay in the processor's cache.
  static constexpr std::size_t kMaxMerged = 1024;

  // What is held and the next `count` changes.
  void merge_held(RunWriter& run, std::size_t count) {
    merged_.clear();
    std::size_t next = 0;
    for (const PostingChange& change : changes_.first(count)) {
      if (merged_.size() > kMaxMerged) run.add_some(merged_);
      const Posting place = place_of(change);
      while (next < held_.size() && held_[next] < place) merged_.push_back(held_[next++]);
      const bool was_held = next < held_.size() && held_[next] == place;
      if (was_held) ++next;
      if (!change.erased) {
        merged_.push_back(place);
      } else if (is_young_ && !was_held) {
        merged_.push_back(as_young(change));
      }
    }
    merged_.insert(merged_.end(), held_.begin() + static_cast<std::ptrdiff_t>(next), held_.end());
    changes_ = changes_.subspan(count);
    run.add(merged_);
  }

  WriteTxn& txn_;
  const Table level_;
  const bool is_young_;
  const PostingShape shape_;
  Cursor blocks_;
  std::span<const PostingChange> changes_;
  std::optional<Posting> end_;  // of the last block
  // Reused.
  std::string block_;
  std::vector<Posting> held_;
  std::vector<Posting> merged_;
};

}  // namespace

bool merge_postings(WriteTxn& txn, Table index, std::span<const PostingChange> changes) {
  const std::optional<Table> young = young_level(index);
  Merge(txn, young.value_or(index), young.has_value(), changes).run();
  return !txn.failed();
}

std::size_t merge_into_old_level(WriteTxn& txn, Table index, std::span<const PostingChange> changes) {
  return Merge(txn, index, false, changes).run();
}

}  // namespace pharos::storage
