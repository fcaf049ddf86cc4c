// The tags of an event: an array of arrays of strings (NIP-01), kept in one buffer so that parsing an event of many
// tags allocates next to nothing and a reused TagList allocates nothing at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pharos {

// One tag; a view into a TagList, valid until that list changes. A tag may be empty (size() == 0).
class TagView {
 public:
  TagView(const char* bytes, const std::uint32_t* ends, std::uint32_t begin, std::size_t size)
      : bytes_(bytes), ends_(ends), begin_(begin), size_(size) {}

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // i < size().
  std::string_view operator[](std::size_t i) const {
    const std::uint32_t from = i == 0 ? begin_ : ends_[i - 1];
    return {bytes_ + from, ends_[i] - from};
  }
  // The item, or "" when the tag is shorter: the usual reading of a missing value.
  std::string_view item_or_empty(std::size_t i) const { return i < size_ ? (*this)[i] : std::string_view(); }
  std::string_view name() const { return item_or_empty(0); }
  std::string_view value() const { return item_or_empty(1); }

 private:
  const char* bytes_;
  const std::uint32_t* ends_;
  std::uint32_t begin_;
  std::size_t size_;
};

class TagList {
 public:
  TagList() = default;
  TagList(std::initializer_list<std::initializer_list<std::string_view>> tags) {
    for (const auto& tag : tags) add(tag);
  }

  std::size_t size() const { return tag_ends_.size(); }
  bool empty() const { return tag_ends_.empty(); }
  // i < size().
  TagView operator[](std::size_t i) const {
    const std::uint32_t from = i == 0 ? 0 : tag_ends_[i - 1];
    const std::uint32_t begin = from == 0 ? 0 : item_ends_[from - 1];
    return {bytes_.data(), item_ends_.data() + from, begin, tag_ends_[i] - from};
  }

  class Iterator {
   public:
    Iterator(const TagList* list, std::size_t at) : list_(list), at_(at) {}
    TagView operator*() const { return (*list_)[at_]; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }

   private:
    const TagList* list_;
    std::size_t at_;
  };
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size()}; }

  // What the items take in memory.
  std::size_t byte_size() const {
    return bytes_.size() + (item_ends_.size() + tag_ends_.size()) * sizeof(std::uint32_t);
  }

  // The same with what is set aside for more.
  std::size_t reserved_bytes() const {
    return bytes_.capacity() + (item_ends_.capacity() + tag_ends_.capacity()) * sizeof(std::uint32_t);
  }

  // Building: add_item() any number of times, then end_tag(); or add() for a whole tag.
  void add_item(std::string_view item) {
    bytes_.append(item);
    item_ends_.push_back(static_cast<std::uint32_t>(bytes_.size()));
  }
  void end_tag() { tag_ends_.push_back(static_cast<std::uint32_t>(item_ends_.size())); }
  void add(std::initializer_list<std::string_view> items) {
    for (const std::string_view item : items) add_item(item);
    end_tag();
  }
  // Keeps the capacity.
  void clear() {
    bytes_.clear();
    item_ends_.clear();
    tag_ends_.clear();
  }

  // Value (item 1, "" when the tag has none) of the first tag with that name; nullopt when there is no such tag.
  std::optional<std::string_view> first(std::string_view name) const {
    for (const TagView tag : *this) {
      if (!tag.empty() && tag[0] == name) return tag.value();
    }
    return std::nullopt;
  }

  friend bool operator==(const TagList& a, const TagList& b) {
    return a.bytes_ == b.bytes_ && a.item_ends_ == b.item_ends_ && a.tag_ends_ == b.tag_ends_;
  }

 private:
  std::string bytes_;
  std::vector<std::uint32_t> item_ends_;  // end offset of each item in bytes_
  std::vector<std::uint32_t> tag_ends_;   // end index of each tag in item_ends_
};

}  // namespace pharos
