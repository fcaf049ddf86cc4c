#include "app/member_list.h"

#include <charconv>
#include <utility>
#include <vector>

#include "nostr/kind.h"
#include "nostr/schnorr.h"
#include "storage/query.h"
#include "util/log.h"
#include "util/sync.h"

namespace pharos::app {
namespace {

constexpr std::size_t kEmptyEventBytes = 500;
constexpr int kMaxHue = 360;
constexpr Backoff::Options kPauses{std::chrono::seconds(10), std::chrono::minutes(10), std::chrono::seconds(1)};

// NIP-43 wants a hue, NIP-86 leaves it open.
bool is_hue(const std::string& color) {
  int hue = -1;
  const auto [end, error] = std::from_chars(color.data(), color.data() + color.size(), hue);
  return error == std::errc() && end == color.data() + color.size() && hue >= 0 && hue <= kMaxHue;
}

Event about(Kind kind, const PublicKey& key) {
  Event event;
  event.kind = kind;
  event.tags.add({"-"});
  event.tags.add({"p", key.hex()});
  return event;
}

bool is_change(const Event& event) { return event.kind == kind::kMemberAdded || event.kind == kind::kMemberRemoved; }

// Of what about() made.
std::optional<PublicKey> changed_key(const Event& event) {
  const auto key = event.tags.first("p");
  return key ? PublicKey::from_hex(*key) : std::nullopt;
}

Event deletion_of(const Event& role) {
  Event event;
  event.kind = kind::kDeletion;
  event.tags.add({"a", std::to_string(role.kind) + ":" + role.pubkey.hex() + ":" + std::string(identifier(role))});
  return event;
}

// What rests together once it is refused.
std::string role_topic(std::string_view id) { return "role " + std::string(id); }
std::string change_topic(std::string_view key) { return "change " + std::string(key); }

// Of what role_event(), deletion_of(), about() and member_list_event() made.
std::string topic_of(const Event& event) {
  if (event.kind == kind::kMemberRole) return role_topic(identifier(event));
  if (is_change(event)) return change_topic(event.tags.first("p").value_or(""));
  if (event.kind != kind::kDeletion) return "list";
  const std::string_view address = event.tags.first("a").value_or("");
  return role_topic(address.substr(address.find(':', address.find(':') + 1) + 1));
}

}  // namespace

Members members_of(const ingest::AccessRules& rules, const PublicKey& self) {
  Members members;
  const auto add = [&](const PublicKey& key) {
    if (key == self || rules.bans(key)) return;
    const auto roles = rules.lists().members.find(key);
    members.emplace(key, roles == rules.lists().members.end() ? std::set<std::string>() : roles->second);
  };
  for (const auto& [key, reason] : rules.lists().allowed_pubkeys) add(key);
  for (const PublicKey& key : rules.fixed().allowed_pubkeys) add(key);
  for (const PublicKey& key : rules.fixed().exempt) add(key);
  return members;
}

Event member_list_event(const Members& members, const MemberListLimits& limits) {
  Event event;
  event.kind = kind::kMemberList;
  event.tags.add({"-"});
  std::size_t bytes = kEmptyEventBytes;
  for (const auto& [key, roles] : members) {
    const std::string hex = key.hex();
    bytes += hex.size() + 20;
    for (const std::string& role : roles) bytes += role.size() + 3;
    if (event.tags.size() >= limits.max_tags || bytes > limits.max_bytes) break;
    event.tags.add_item("member");
    event.tags.add_item(hex);
    for (const std::string& role : roles) event.tags.add_item(role);
    event.tags.end_tag();
  }
  return event;
}

Event role_event(const std::string& id, const ingest::Role& role) {
  Event event;
  event.kind = kind::kMemberRole;
  event.tags.add({"-"});
  event.tags.add({"d", id});
  if (!role.label.empty()) event.tags.add({"label", role.label});
  if (!role.description.empty()) event.tags.add({"description", role.description});
  if (is_hue(role.color)) event.tags.add({"color", role.color});
  event.tags.add({"order", std::to_string(role.order)});
  return event;
}

Members read_member_list(const Event& list) {
  Members members;
  for (const TagView tag : list.tags) {
    if (tag.size() < 2 || tag[0] != "member") continue;
    const auto key = PublicKey::from_hex(tag[1]);
    if (!key) continue;
    std::set<std::string>& roles = members[*key];
    for (std::size_t i = 2; i < tag.size(); ++i) roles.emplace(tag[i]);
  }
  return members;
}

// Outlives the list: whoever decides holds it.
struct MemberList::Outcomes {
  explicit Outcomes(storage::Store& kept_in) : store(kept_in) {}

  // Any thread.
  static void decided(const std::shared_ptr<Outcomes>& self, const Event& event, const ingest::Verdict& verdict) {
    const bool is_kept = verdict.fate == ingest::Fate::stored || verdict.fate == ingest::Fate::duplicate;
    if (is_kept && is_change(event)) keep(self, *changed_key(event), event.kind == kind::kMemberAdded);
    Lock lock(self->mutex);
    --self->open;
    if (is_kept) return;
    self->refused.push_back(event);
    self->why = std::string(ingest::name(verdict.reason)) + ": " + verdict.detail;
  }
  static void keep(const std::shared_ptr<Outcomes>& self, const PublicKey& key, bool is_member) {
    const auto apply = [key, is_member](storage::WriteTxn& txn) { return write_told_member(txn, key, is_member); };
    const auto not_kept = [self, key] {
      Lock lock(self->mutex);
      self->not_kept.insert(key);
    };
    const bool taken = self->store.submit_update(apply, [not_kept](bool written) {
      if (!written) not_kept();
    });
    if (!taken) not_kept();
  }

  storage::Store& store;
  Mutex mutex;
  std::size_t open PHAROS_GUARDED_BY(mutex) = 0;  // submitted and undecided; at most one tick's
  std::vector<Event> refused PHAROS_GUARDED_BY(mutex);
  std::string why PHAROS_GUARDED_BY(mutex);               // the last of them was
  bool has_not_begun PHAROS_GUARDED_BY(mutex) = false;    // the first members could not be kept
  std::set<PublicKey> not_kept PHAROS_GUARDED_BY(mutex);  // of whom is told what the ToldMembers do not know
};

MemberList::MemberList(storage::Store& store, ingest::Sink& sink, ingest::RulesSnapshot rules, const Clock& clock,
                       Random& random, const SecretKey& secret, MemberListLimits limits)
    : store_(store),
      sink_(sink),
      rules_(std::move(rules)),
      clock_(clock),
      random_(random),
      secret_(secret),
      self_(derive_public_key(secret).value_or(PublicKey{})),
      limits_(limits),
      outcomes_(std::make_shared<Outcomes>(store)),
      backoff_(kPauses),
      pauses_(kPauses) {}

void MemberList::tick() {
  if (!settle()) return;
  const auto rules = rules_->get();
  const bool is_told = told_version_ == rules->version() && !(look_again_ && clock_.now() >= *look_again_);
  if (is_told || (!has_read_ && !read_stored())) return;
  const Members members = members_of(*rules, self_);
  if (!told_) return begin(members);
  look_again_.reset();
  // The list before the changes: however many these are, it is not late.
  if (!tell_roles(rules->lists()) || !tell_list(members) || !tell_changes(members)) return;
  told_version_ = rules->version();
  if (submitted_.empty() && !look_again_) pauses_.forget_all();
}

bool MemberList::settle() {
  std::vector<Event> refused;
  std::set<PublicKey> not_kept;
  std::string why;
  bool has_not_begun = false;
  {
    Lock lock(outcomes_->mutex);
    if (outcomes_->open > 0) return false;
    refused.swap(outcomes_->refused);
    not_kept.swap(outcomes_->not_kept);
    why.swap(outcomes_->why);
    has_not_begun = std::exchange(outcomes_->has_not_begun, false);
  }
  if (has_not_begun) {
    told_.reset();
    next_try_ = clock_.now() + backoff_.next(random_);
  } else if (told_) {
    backoff_.reset();
  }
  if (!refused.empty()) {
    log::warn("access", "what the relay tells of its members was refused, it will be told again",
              {{"events", refused.size()}, {"kind", refused.back().kind}, {"why", why}});
    told_version_.reset();
  }
  std::set<std::string> resting;
  for (const Event& event : refused) {
    take_back(event);
    const std::string topic = topic_of(event);
    if (resting.insert(topic).second) pauses_.failed(topic, clock_.now(), random_);
  }
  for (const std::string& topic : std::exchange(submitted_, {})) {
    if (!resting.contains(topic)) pauses_.succeeded(topic);
  }
  for (const PublicKey& key : not_kept) Outcomes::keep(outcomes_, key, told_->contains(key));
  return clock_.now() >= next_try_;
}

bool MemberList::rests(const std::string& topic) {
  const SteadyTime until = pauses_.rests_until(topic);
  if (clock_.now() >= until) return false;
  look_again_ = std::min(look_again_.value_or(until), until);
  return true;
}

void MemberList::take_back(const Event& refused) {
  if (!is_change(refused)) {
    // Another list, or another role, may be stored than was thought.
    has_read_ = false;
  } else if (refused.kind == kind::kMemberAdded) {
    told_->erase(*changed_key(refused));
  } else {
    told_->insert(*changed_key(refused));
  }
}

bool MemberList::read_stored() {
  if (!told_) {
    auto told = read_told_members(store_);
    if (!told) return false;
    told_ = std::move(told).value();
  }
  list_.reset();
  roles_.clear();
  Filter mine;
  mine.authors = {self_};
  mine.kinds = {kind::kMemberList, kind::kMemberRole};
  storage::QueryOptions options;
  options.max_limit = options.default_limit = 10 * ingest::max_entries(ingest::AccessList::role);
  storage::Query query({mine}, options);
  storage::SliceEnd end = storage::SliceEnd::more;
  while (end == storage::SliceEnd::more) {
    TimeBudget budget(clock_, std::chrono::milliseconds(100), 1'000);
    end = query.run_slice(store_, clock_.unix_now(), budget, [&](const storage::RecordView& record) {
      Event event;
      record.decode(event);
      if (event.kind == kind::kMemberList) {
        list_ = std::move(event);
      } else {
        std::string id(identifier(event));
        roles_.insert_or_assign(std::move(id), std::move(event));
      }
      return true;
    });
  }
  has_read_ = end == storage::SliceEnd::finished;
  return has_read_;
}

void MemberList::begin(const Members& members) {
  const bool fit = member_list_event(members, limits_).tags.size() > members.size();
  told_.emplace();
  for (const auto& [key, roles] : list_&& fit ? read_member_list(*list_) : members) told_->insert(key);
  {
    Lock lock(outcomes_->mutex);
    ++outcomes_->open;
  }
  const auto decided = [outcomes = outcomes_](bool written) {
    Lock lock(outcomes->mutex);
    --outcomes->open;
    outcomes->has_not_begun = !written;
  };
  const bool taken =
      store_.submit_update([told = *told_](storage::WriteTxn& txn) { return begin_told_members(txn, told); }, decided);
  if (!taken) decided(false);
}

bool MemberList::tell_roles(const ingest::AccessLists& lists) {
  for (const auto& [id, role] : lists.roles) {
    Event event = role_event(id, role);
    const auto stored = roles_.find(id);
    if (stored != roles_.end()) {
      if (stored->second.tags == event.tags) continue;
      event.created_at = stored->second.created_at + 1;
    }
    if (rests(role_topic(id))) continue;
    if (!publish(event)) return false;
    event.pubkey = self_;
    event.created_at = std::max(event.created_at, clock_.unix_now());
    roles_.insert_or_assign(id, std::move(event));
  }
  for (auto at = roles_.begin(); at != roles_.end();) {
    if (lists.roles.contains(at->first) || rests(role_topic(at->first))) {
      ++at;
      continue;
    }
    Event deletion = deletion_of(at->second);
    deletion.created_at = at->second.created_at;
    if (!publish(std::move(deletion))) return false;
    at = roles_.erase(at);
  }
  return true;
}

bool MemberList::tell_list(const Members& members) {
  Event event = member_list_event(members, limits_);
  if ((list_ && list_->tags == event.tags) || rests(topic_of(event))) return true;
  if (event.tags.size() <= members.size())
    log::warn("access", "the list of members has more than an event may hold, the rest are not in it",
              {{"members", members.size()}, {"told", event.tags.size() - 1}});
  event.created_at = list_ ? list_->created_at + 1 : 0;
  if (!publish(event)) return false;
  event.created_at = std::max(event.created_at, clock_.unix_now());
  list_ = std::move(event);
  return true;
}

bool MemberList::tell_changes(const Members& members) {
  std::size_t told = 0;
  for (const auto& [key, roles] : members) {
    if (told_->contains(key) || rests(change_topic(key.hex()))) continue;
    if (++told > kMostToldAtOnce || !publish(about(kind::kMemberAdded, key))) return false;
    told_->insert(key);
  }
  for (auto at = told_->begin(); at != told_->end();) {
    if (members.contains(*at) || rests(change_topic(at->hex()))) {
      ++at;
      continue;
    }
    if (++told > kMostToldAtOnce || !publish(about(kind::kMemberRemoved, *at))) return false;
    at = told_->erase(at);
  }
  return true;
}

bool MemberList::publish(Event event) {
  event.created_at = std::max(event.created_at, clock_.unix_now());
  sign_event(event, secret_, random_);
  ingest::Submission submission;
  submission.event = std::make_shared<const Event>(std::move(event));
  submission.source = ingest::Source::monitor;
  submission.done = [outcomes = outcomes_, event = submission.event](const ingest::Verdict& verdict) {
    Outcomes::decided(outcomes, *event, verdict);
  };
  std::string topic = topic_of(*submission.event);
  {
    Lock lock(outcomes_->mutex);
    ++outcomes_->open;
  }
  if (sink_.submit(std::move(submission))) {
    submitted_.push_back(std::move(topic));
    return true;
  }
  Lock lock(outcomes_->mutex);
  --outcomes_->open;
  return false;
}

}  // namespace pharos::app
