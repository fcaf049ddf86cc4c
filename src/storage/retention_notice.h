// When the rules of retention, and the bound of the size, begin to erase: what is new or changed after a pause, so that
// it can be taken back before anything is lost. What a rule keeps it keeps at once, and for a pause after it is gone. A
// rule is known by what it says, whatever its name. A value, kept over restarts (retention_notice_store.h). Pure; one
// thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/retention.h"
#include "util/clock.h"

namespace pharos::storage {

// Something of the settings that is not in force yet.
struct RetentionWait {
  enum class What { rule, no_longer_kept, size };
  What what = What::rule;
  std::string name;  // of the rule
  UnixSeconds until = 0;
  std::optional<std::uint64_t> would_erase{};  // of a rule, where it was counted
};

class RetentionNotice {
 public:
  // What has to wait since this call and was not there before.
  struct News {
    RetentionRules rules;
    RetentionRules no_longer_kept;
    bool size = false;
  };
  // The settings say this from now on; a bound of zero is none. What waits already does not wait longer for being said
  // again; a shorter pause holds for it too. A clock that is set back prolongs the wait, and never shortens it.
  News take(const RetentionRules& rules, std::uint64_t max_size_bytes, UnixSeconds now, std::chrono::seconds pause);

  // Those that erase and those that keep.
  RetentionRules rules_in_force(UnixSeconds now) const;
  std::uint64_t max_size_in_force(UnixSeconds now) const { return now >= size_from_ ? wanted_size_ : size_before_; }

  // The rules in the order of the settings, then what is no longer kept, where anything erases, then the size.
  std::vector<RetentionWait> waiting(UnixSeconds now) const;

  // All but the rules of the settings, which take() brings.
  std::string encode() const;
  static std::optional<RetentionNotice> decode(std::string_view bytes);

 private:
  struct Kept {
    RetentionRule rule;
    std::optional<UnixSeconds> until;  // nullopt while the settings say so
  };

  // Moves what waits to where a shorter pause ends it.
  void shorten(std::chrono::seconds by, UnixSeconds now);
  void take_kept(const RetentionRules& rules, UnixSeconds now, UnixSeconds later, News& news);
  void take_rules(const RetentionRules& rules, UnixSeconds now, UnixSeconds later, News& news);
  void take_size(std::uint64_t max_size_bytes, UnixSeconds now, UnixSeconds later, News& news);

  RetentionRules rules_;                     // that erase, of the settings
  std::map<std::string, UnixSeconds> from_;  // of these, by what they say
  std::map<std::string, Kept> kept_;         // likewise
  std::uint64_t size_before_ = 0;
  std::uint64_t wanted_size_ = 0;
  UnixSeconds size_from_ = 0;
  std::chrono::seconds pause_{0};  // as the settings said last
};

}  // namespace pharos::storage
