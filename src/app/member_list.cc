#include "app/member_list.h"

#include <charconv>

#include "nostr/kind.h"
#include "nostr/schnorr.h"
#include "storage/query.h"
#include "util/log.h"

namespace pharos::app {
namespace {

constexpr std::size_t kEmptyEventBytes = 500;
constexpr int kMaxHue = 360;

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

Event deletion_of(const Event& role) {
  Event event;
  event.kind = kind::kDeletion;
  event.tags.add({"a", std::to_string(role.kind) + ":" + role.pubkey.hex() + ":" + std::string(identifier(role))});
  return event;
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

MemberList::MemberList(storage::Store& store, ingest::Sink& sink, ingest::RulesSnapshot rules, const Clock& clock,
                       Random& random, const SecretKey& secret, MemberListLimits limits)
    : store_(store),
      sink_(sink),
      rules_(std::move(rules)),
      clock_(clock),
      random_(random),
      secret_(secret),
      self_(derive_public_key(secret).value_or(PublicKey{})),
      limits_(limits) {}

void MemberList::tick() {
  const auto rules = rules_->get();
  if (told_version_ == rules->version() || (!has_read_ && !read_stored())) return;
  const Members members = members_of(*rules, self_);
  if (tell_roles(rules->lists()) && tell_changes(members) && tell_list(members)) told_version_ = rules->version();
}

bool MemberList::read_stored() {
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
        told_ = read_member_list(event);
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

bool MemberList::tell_roles(const ingest::AccessLists& lists) {
  for (const auto& [id, role] : lists.roles) {
    Event event = role_event(id, role);
    const auto stored = roles_.find(id);
    if (stored != roles_.end()) {
      if (stored->second.tags == event.tags) continue;
      event.created_at = stored->second.created_at + 1;
    }
    if (!publish(event)) return false;
    event.pubkey = self_;
    event.created_at = std::max(event.created_at, clock_.unix_now());
    roles_.insert_or_assign(id, std::move(event));
  }
  for (auto at = roles_.begin(); at != roles_.end();) {
    if (lists.roles.contains(at->first)) {
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

bool MemberList::tell_changes(const Members& members) {
  if (!told_) {
    told_ = members;
    return true;
  }
  std::size_t told = 0;
  for (const auto& [key, roles] : members) {
    if (told_->contains(key)) continue;
    if (++told > kMostToldAtOnce || !publish(about(kind::kMemberAdded, key))) return false;
    told_->emplace(key, roles);
  }
  for (auto at = told_->begin(); at != told_->end();) {
    if (members.contains(at->first)) {
      ++at;
      continue;
    }
    if (++told > kMostToldAtOnce || !publish(about(kind::kMemberRemoved, at->first))) return false;
    at = told_->erase(at);
  }
  return true;
}

bool MemberList::tell_list(const Members& members) {
  Event event = member_list_event(members, limits_);
  if (list_ && list_->tags == event.tags) return true;
  if (event.tags.size() <= members.size())
    log::warn("access", "the list of members has more than an event may hold, the rest are not in it",
              {{"members", members.size()}, {"told", event.tags.size() - 1}});
  event.created_at = list_ ? list_->created_at + 1 : 0;
  if (!publish(event)) return false;
  event.created_at = std::max(event.created_at, clock_.unix_now());
  list_ = std::move(event);
  return true;
}

bool MemberList::publish(Event event) {
  event.created_at = std::max(event.created_at, clock_.unix_now());
  sign_event(event, secret_, random_);
  ingest::Submission submission;
  submission.event = std::make_shared<const Event>(std::move(event));
  submission.source = ingest::Source::monitor;
  submission.done = [kind = submission.event->kind](const ingest::Verdict& verdict) {
    if (verdict.fate == ingest::Fate::rejected)
      log::warn("access", "what the relay tells of its members was refused",
                {{"kind", kind}, {"reason", ingest::name(verdict.reason)}, {"detail", verdict.detail}});
  };
  return sink_.submit(std::move(submission));
}

}  // namespace pharos::app
