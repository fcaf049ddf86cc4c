#include "ingest/membership.h"

#include <algorithm>

#include "nostr/kind.h"

namespace pharos::ingest {
namespace {

// NIP-43: now, plus or minus a few minutes.
constexpr UnixSeconds kMaxSkew = 300;

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
                       MembershipOptions options, const metrics::AccessMetrics& metrics)
    : moderation_(moderation),
      clock_(clock),
      random_(random),
      key_(derive_invite_key(secret)),
      metrics_(metrics),
      options_(std::make_shared<const MembershipOptions>(std::move(options))),
      rate_({kRequestsPerSecond, std::chrono::seconds(1), kRequestBurst}),
      people_(kMaxPeople, 1, random.next_u64()) {}

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
  if (const auto limited = refuse_at_once()) return done(*limited);
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
  auto [note, invite, inviter] = std::move(judged).value();
  change(rules, {AccessAction::join, request.pubkey.hex(), std::move(note), {}, {}, std::move(invite)}, inviter,
         answered(options_.get()->welcome), std::move(done));
}

Result<Membership::Entry, std::string> Membership::judge(std::string_view code, const AccessRules& rules) const {
  const auto options = options_.get();
  if (std::ranges::find(options->codes, code) != options->codes.end())
    return Entry{"joined with a code of the settings", std::nullopt, std::nullopt};
  auto invite = open_invite_code(key_, code);
  if (!invite) return failure(std::string("that is an invalid invite code"));
  // Before the look at all who may invite.
  if (invite->expires < clock_.unix_now()) return failure(std::string("that invite code is expired"));
  if (rules.lists().spent_invites.contains(invite->number))
    return failure(std::string("that invite code was used already"));
  const auto inviter = inviter_of(*invite, rules);
  if (!inviter) return failure(std::string("whoever got that invite code may not invite any more"));
  std::string note = "joined with invite " + invite->number + " of " + inviter->hex();
  return Entry{std::move(note), std::move(invite), inviter};
}

void Membership::leave(const Event& request, const AccessRules& rules, Done done) {
  // NIP-70 has let through its author alone.
  if (!is_protected(request))
    return done({Fate::rejected, Reason::invalid_event, "a request to leave has a \"-\" tag"});
  if (!rules.is_member(request.pubkey)) return done(unchanged("you are no member of this relay"));
  change(rules, {AccessAction::leave, request.pubkey.hex(), {}, {}, {}}, std::nullopt,
         answered("info: you are no member of this relay any more"), std::move(done));
}

Verdict Membership::limited(Duration wait) const {
  metrics_.requests_limited.add();
  return {Fate::rejected, Reason::rate_limited, "too many requests to join and to leave, " + come_again_in(wait)};
}

std::optional<Verdict> Membership::refuse_at_once() {
  const SteadyTime now = clock_.now();
  Lock lock(mutex_);
  const Duration wait = rate_.wait_for(1, now);
  return wait > Duration(0) ? std::optional(limited(wait)) : std::nullopt;
}

std::optional<Verdict> Membership::refuse_by_rate(const PublicKey& person, const std::optional<PublicKey>& inviter) {
  const SteadyTime now = clock_.now();
  if (const Duration wait = take_of(person, 0, kOfOnePerson, now); wait > Duration(0)) return limited(wait);
  if (inviter) {
    if (const Duration wait = take_of(*inviter, 1, kLetInByOnePerson, now); wait > Duration(0)) {
      // The guest did not ask too often.
      people_.give_back(person.data, 0, kOfOnePerson, 1);
      return limited(wait);
    }
  }
  Lock lock(mutex_);
  if (rate_.take(1, now)) return std::nullopt;
  return limited(rate_.wait_for(1, now));
}

Duration Membership::take_of(const PublicKey& person, std::size_t bucket, const Rate& rate, SteadyTime now) {
  const auto outcome = people_.take(person.data, bucket, rate, 1, now);
  if (outcome.grown != 0) metrics_.people.add(outcome.grown);
  if (outcome.evicted) metrics_.people_evicted.add();
  return outcome.wait;
}

void Membership::change(const AccessRules& rules, AccessChange change, const std::optional<PublicKey>& inviter,
                        Verdict kept, Done done) {
  if (const auto planned = plan(rules, change, clock_.unix_now()); !planned) return done(refused(planned.error()));
  if (const auto limited = refuse_by_rate(*PublicKey::from_hex(change.subject), inviter)) return done(*limited);
  const auto shared = std::make_shared<Done>(std::move(done));
  std::string actor = change.subject;
  moderation_.submit(std::move(change), std::move(actor),
                     [shared, kept = std::move(kept)](const Result<Moderation::Changed, Moderation::Failure>& result) {
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
