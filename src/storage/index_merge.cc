#include "storage/index_merge.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "util/bytes.h"

namespace pharos::storage {
namespace {

// Some room is left for what comes next.
constexpr std::size_t kFill = kMaxBlockBytes * 15 / 16;

// Cuts the postings of one run into blocks and puts them in the place of the blocks that held them.
class RunWriter {
 public:
  RunWriter(WriteTxn& txn, Table index)
      : txn_(txn), table_(txn.tables()[index]), shape_(posting_shape(index)), builder_(shape_) {}

  // The block that ended with this posting is part of the run.
  void replaces(const Posting& last) { old_.push_back(last); }

  void add(const Posting& posting) {
    if (!builder_.add(posting, kFill)) {
      write(before_);
      close(before_);
      builder_.add(posting);
    }
    open_.push_back(posting);
  }

  void finish() {
    if (!before_.bytes.empty() && builder_.size() < kFill / 2) {
      share_last_two();
    } else {
      write(before_);
      close(before_);
      write(before_);
    }
    std::size_t at = 0;
    for (const Posting& last : old_) {
      while (at < written_.size() && written_[at] < last) ++at;
      if (at < written_.size() && written_[at] == last) continue;
      txn_.erase(table_, BlockKey(shape_, last).view());
    }
  }

 private:
  struct Block {
    std::vector<Posting> postings;
    std::string bytes;
  };

  // What the builder holds becomes the block.
  void close(Block& block) {
    block.postings.swap(open_);
    open_.clear();
    if (builder_.empty()) {
      block.bytes.clear();
    } else {
      builder_.finish(block.bytes);
    }
  }
  void write(const Block& block) {
    if (block.bytes.empty()) return;
    txn_.put(table_, BlockKey(shape_, block.postings.back()).view(), block.bytes);
    written_.push_back(block.postings.back());
  }
  // A nearly empty block would be left at the end of each run otherwise.
  void share_last_two() {
    constexpr std::size_t kLongestPosting = 40;
    const std::size_t both = before_.bytes.size() + builder_.size();
    const std::size_t most = both <= kMaxBlockBytes - kLongestPosting ? kMaxBlockBytes : both / 2 + kLongestPosting;
    std::vector<Posting> postings = std::move(before_.postings);
    postings.insert(postings.end(), open_.begin(), open_.end());
    close(before_);
    for (const Posting& posting : postings) {
      if (!builder_.add(posting, most)) {
        close(before_);
        write(before_);
        builder_.add(posting);
      }
      open_.push_back(posting);
    }
    close(before_);
    write(before_);
  }

  WriteTxn& txn_;
  const Dbi table_;
  const PostingShape shape_;
  IndexBlockBuilder builder_;
  std::vector<Posting> open_;  // what the builder holds
  Block before_;               // full, not written yet
  std::vector<Posting> old_;
  std::vector<Posting> written_;
};

class Merge {
 public:
  Merge(WriteTxn& txn, Table index, std::span<const PostingChange> changes)
      : txn_(txn), index_(index), shape_(posting_shape(index)), blocks_(txn, txn.tables()[index]), changes_(changes) {}

  bool run() {
    if (blocks_.last()) {
      end_ = decode_block_key(shape_, blocks_.key());
      if (!end_) return txn_.fail_corrupt();
    }
    while (!changes_.empty() && !txn_.failed()) {
      RunWriter run(txn_, index_);
      if (!end_) {
        merge_into(run, nullptr);
      } else {
        if (!blocks_.seek(BlockKey(shape_, changes_.front().posting).view())) blocks_.last();
        if (!merge_neighbours(run)) return txn_.fail_corrupt();
      }
      run.finish();
    }
    return !txn_.failed();
  }

 private:
  // From the block that the cursor stands at on, as long as the next one is changed too. False when one is damaged.
  bool merge_neighbours(RunWriter& run) {
    while (true) {
      const std::optional<Posting> last = decode_block_key(shape_, blocks_.key());
      if (!last || !read_block()) return false;
      run.replaces(*last);
      const bool is_end = *last == *end_;
      merge_into(run, is_end ? nullptr : &*last);
      if (is_end || changes_.empty()) return true;
      std::string next(BlockKey(shape_, *last).view());
      next += '\0';
      if (!blocks_.seek(next)) return true;
      const std::optional<Posting> next_last = decode_block_key(shape_, blocks_.key());
      if (!next_last) return false;
      if (*next_last < changes_.front().posting) return true;
    }
  }

  // Copies it: the first write moves what LMDB gave.
  bool read_block() {
    held_.clear();
    IndexBlockReader block(shape_, as_bytes(blocks_.value()));
    while (block.next()) held_.push_back(block.posting());
    return !block.malformed() && !held_.empty();
  }

  // What is held and the changes up to `bound`, all of them without one.
  void merge_into(RunWriter& run, const Posting* bound) {
    std::size_t next = 0;
    for (; !changes_.empty() && (bound == nullptr || changes_.front().posting <= *bound);
         changes_ = changes_.subspan(1)) {
      const PostingChange& change = changes_.front();
      while (next < held_.size() && held_[next] < change.posting) run.add(held_[next++]);
      if (next < held_.size() && held_[next] == change.posting) ++next;
      if (!change.erased) run.add(change.posting);
    }
    while (next < held_.size()) run.add(held_[next++]);
    held_.clear();
  }

  WriteTxn& txn_;
  const Table index_;
  const PostingShape shape_;
  Cursor blocks_;
  std::span<const PostingChange> changes_;
  std::optional<Posting> end_;  // of the last block
  std::vector<Posting> held_;
};

}  // namespace

bool merge_postings(WriteTxn& txn, Table index, std::span<const PostingChange> changes) {
  return Merge(txn, index, changes).run();
}

}  // namespace pharos::storage
