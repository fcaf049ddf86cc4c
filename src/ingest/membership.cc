#include "ingest/membership.h"

#include <algorithm>

#include "nostr/kind.h"

namespace pharos::ingest {
namespace {

// NIP-43: now, plus or minus a few minutes.
constexpr UnixSeconds kMaxSkew = 300;
constexpr std::string_view kUsed = "that invite code was used already";

Verdict refused(std::string why) { return {Fate::rejected, Reason::membership, std::move(why)}; }
// Taken and answered, not stored.
Verdict answered(std::string what) { return {Fate::ephemeral, Reason::none, std::move(what)}; }
Verdict unchanged(std::string why) { return {Fate::duplicate, Reason::none, std::move(why)}; }

std::optional<PublicKey> inviter_of(const Invite& invite, const AccessRules& rules) {
  const auto is_inviter = [&](const PublicKey& key) { return invite.is_from(key) && rules.may_invite(key); };
  for (const auto& [key, reason] : rules.lists().allowed_pubkeys) {
    if (is_inviter(key)) return key;
  }
  for (const auto* keys : {&rules.fixed().allowed_pubkeys, &rules.fixed().exempt}) {
    const auto found = std::ranges::find_if(*keys, is_inviter);
    if (found != keys->end()) return *found;
  }
  return std::nullopt;
}

}  // namespace

Membership::Membership(Moderation& moderation, const Clock& clock, Random& random, const SecretKey& secret,
                       MembershipOptions options)
    : moderation_(moderation),
      clock_(clock),
      random_(random),
      key_(derive_invite_key(secret)),
      options_(std::make_shared<const MembershipOptions>(std::move(options))) {}

void Membership::configure(MembershipOptions options) {
  options_.set(std::make_shared<const MembershipOptions>(std::move(options)));
}

TagList Membership::invite(const PublicKey& inviter) {
  const UnixSeconds expires = clock_.unix_now() + options_.get()->invite_lifetime.count();
  TagList tags;
  tags.add({"-"});
  tags.add({"claim", make_invite_code(key_, inviter, expires, random_)});
  return tags;
}

void Membership::take(const storage::EventPtr& request, Done done) {
  const UnixSeconds now = clock_.unix_now();
  if (request->created_at < now - kMaxSkew)
    return done({Fate::rejected, Reason::created_at_old, "the request is not of this moment"});
  if (request->created_at > now + kMaxSkew)
    return done({Fate::rejected, Reason::created_at_future, "the request is not of this moment"});
  const auto rules = moderation_.rules()->get();
  if (request->kind == kind::kJoinRequest) return join(*request, *rules, std::move(done));
  leave(*request, *rules, std::move(done));
}

void Membership::join(const Event& request, const AccessRules& rules, Done done) {
  if (rules.is_member(request.pubkey)) return done(unchanged("you are already a member of this relay"));
  const auto code = request.tags.first("claim");
  if (!code) return done(refused("a request to join has a claim tag with an invite code"));
  auto judged = judge(*code, rules);
  if (!judged) return done(refused(std::move(judged).error()));
  const auto [note, once] = std::move(judged).value();
  if (once && !begin_use(note)) return done(refused(std::string(kUsed)));
  Done settled = [this, note = note, once = once, done = std::move(done)](const Verdict& verdict) mutable {
    if (once) end_use(note);
    done(verdict);
  };
  // A use ends when its change is in force, so what is in force now shows it.
  const auto now = moderation_.rules()->get();
  const auto& members = now->lists().allowed_pubkeys;
  if (once && std::ranges::any_of(members, [&note = note](const auto& member) { return member.second == note; }))
    return settled(refused(std::string(kUsed)));
  change(AccessAction::allow_pubkey, request.pubkey, note, answered(options_.get()->welcome), std::move(settled));
}

bool Membership::begin_use(const std::string& note) {
  Lock lock(mutex_);
  return in_use_.insert(note).second;
}

void Membership::end_use(const std::string& note) {
  Lock lock(mutex_);
  in_use_.erase(note);
}

Result<Membership::Entry, std::string> Membership::judge(std::string_view code, const AccessRules& rules) const {
  if (std::ranges::find(options_.get()->codes, code) != options_.get()->codes.end())
    return Entry{"joined with a code of the settings", false};
  const auto invite = open_invite_code(key_, code);
  if (!invite) return failure(std::string("that is an invalid invite code"));
  if (invite->expires < clock_.unix_now()) return failure(std::string("that invite code is expired"));
  const auto inviter = inviter_of(*invite, rules);
  if (!inviter) return failure(std::string("whoever got that invite code may not invite any more"));
  return Entry{"joined with invite " + invite->number + " of " + inviter->hex(), true};
}

void Membership::leave(const Event& request, const AccessRules& rules, Done done) {
  // NIP-70 has let through its author alone.
  if (!is_protected(request))
    return done({Fate::rejected, Reason::invalid_event, "a request to leave has a \"-\" tag"});
  if (!rules.is_member(request.pubkey)) return done(unchanged("you are no member of this relay"));
  if (!rules.lists().allowed_pubkeys.contains(request.pubkey))
    return done(refused("the settings of this relay name you, its operator can take you off"));
  if (const auto member = rules.lists().members.find(request.pubkey); member != rules.lists().members.end()) {
    for (const std::string& role : member->second)
      moderation_.submit({AccessAction::unassign_role, request.pubkey.hex(), "left", role, {}}, request.pubkey.hex(),
                         [](const auto&) {});
  }
  change(AccessAction::unallow_pubkey, request.pubkey, "left",
         answered("info: you are no member of this relay any more"), std::move(done));
}

void Membership::change(AccessAction action, const PublicKey& key, std::string reason, Verdict kept, Done done) {
  const auto shared = std::make_shared<Done>(std::move(done));
  moderation_.submit({action, key.hex(), std::move(reason), {}, {}}, key.hex(),
                     [shared, kept = std::move(kept)](const Result<std::string, Moderation::Failure>& result) {
                       if (result) return (*shared)(kept);
                       const Moderation::Failure& failure = result.error();
                       switch (failure.fault) {
                         case Moderation::Fault::invalid:
                           return (*shared)(refused(failure.detail));
                         case Moderation::Fault::busy:
                           return (*shared)({Fate::rejected, Reason::overloaded, failure.detail});
                         case Moderation::Fault::not_written:
                           return (*shared)({Fate::rejected, Reason::storage, failure.detail});
                       }
                     });
}

}  // namespace pharos::ingest
