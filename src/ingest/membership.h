// Requests to join and to leave (NIP-43), and the invite codes that let people in. Members are the keys of the allow
// list: joining puts a key there and leaving takes it off, by Moderation, with its audit and on disk before the OK.
//
//   join    a code of the settings, or one that was made for somebody who may invite still, has not expired and never
//           let anybody in; it is spent in the change that lets its member in, and stays so whatever becomes of them
//   leave   a member that the settings do not name; with their roles
//
// Requests that would change something share one rate, whoever sends them; beyond it they are refused. What comes to
// nothing costs no token, so that nobody without a code can keep others out. Each person has a rate besides, for what
// they ask for and for whom their codes let in, so that one of them cannot use up that of all or the list of spent
// codes.
//
// Owned by app; outlived by Moderation, outlives the pipeline. Any thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ingest/invites.h"
#include "ingest/moderation.h"
#include "ingest/sink.h"
#include "metrics/access_metrics.h"
#include "util/bucket_table.h"
#include "util/callback.h"
#include "util/clock.h"
#include "util/random.h"
#include "util/snapshot.h"
#include "util/sync.h"
#include "util/token_bucket.h"

namespace pharos::ingest {

// What the pipeline does with a request whose signature is good. Any thread; never blocks; done is called once, perhaps
// inside.
class MembershipRequests {
 public:
  using Done = Callback<void(const Verdict&)>;
  virtual ~MembershipRequests() = default;
  virtual void take(const storage::EventPtr& request, Done done) = 0;
};

struct MembershipOptions {
  std::vector<std::string> codes;  // for anybody, as often as they like
  std::chrono::seconds invite_lifetime{std::chrono::hours(24 * 7)};
  std::string welcome;  // what the one who joined is told
};

class Membership final : public MembershipRequests {
 public:
  static constexpr std::uint64_t kRequestsPerSecond = 2;
  static constexpr std::uint64_t kRequestBurst = 50;
  static constexpr Rate kOfOnePerson{10, std::chrono::hours(1), 10};
  static constexpr Rate kLetInByOnePerson{200, std::chrono::hours(24), 200};
  static constexpr std::size_t kMaxPeople = 8'192;  // remembered for their rates

  Membership(Moderation& moderation, const Clock& clock, Random& random, const SecretKey& secret,
             MembershipOptions options, const metrics::AccessMetrics& metrics = {});

  // For codes and requests from now on.
  void configure(MembershipOptions options);

  void take(const storage::EventPtr& request, Done done) override;
  // The tags of a new invite (kind 28935) of this key, which may invite.
  TagList invite(const PublicKey& inviter);

 private:
  void join(const Event& request, const AccessRules& rules, Done done);
  void leave(const Event& request, const AccessRules& rules, Done done);
  // How a code lets a key in, or why it does not.
  struct Entry {
    std::string note;              // for the audit and the list
    std::optional<Invite> invite;  // a code that lets one in
    std::optional<PublicKey> inviter;
  };
  Result<Entry, std::string> judge(std::string_view code, const AccessRules& rules) const;
  // Nothing is left of the rate of all. Takes nothing.
  std::optional<Verdict> refuse_at_once();
  // nullopt: go on.
  std::optional<Verdict> refuse_by_rate(const PublicKey& person, const std::optional<PublicKey>& inviter);
  Duration take_of(const PublicKey& person, std::size_t bucket, const Rate& rate, SteadyTime now);
  Verdict limited(Duration wait) const;
  void change(const AccessRules& rules, AccessChange change, const std::optional<PublicKey>& inviter, Verdict kept,
              Done done);

  Moderation& moderation_;
  const Clock& clock_;
  Random& random_;
  const InviteKey key_;
  const metrics::AccessMetrics metrics_;
  Snapshot<MembershipOptions> options_;
  Mutex mutex_;
  TokenBucket rate_ PHAROS_GUARDED_BY(mutex_);
  BucketTable<PublicKey::kSize, 2> people_;  // by what they ask for, and by whom they let in
};

}  // namespace pharos::ingest
