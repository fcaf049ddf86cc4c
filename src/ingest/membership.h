// Requests to join and to leave (NIP-43), and the invite codes that let people in. Members are the keys of the allow
// list: joining puts a key there and leaving takes it off, by Moderation, with its audit and on disk before the OK.
//
//   join    a code of the settings, or one that was made for somebody who may invite still, has not expired, and let in
//           nobody else who is a member
//   leave   a member that the settings do not name
//
// Owned by app; outlived by Moderation, outlives the pipeline. Any thread.
#pragma once

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ingest/invites.h"
#include "ingest/moderation.h"
#include "ingest/sink.h"
#include "util/callback.h"
#include "util/clock.h"
#include "util/random.h"
#include "util/snapshot.h"
#include "util/sync.h"

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
  Membership(Moderation& moderation, const Clock& clock, Random& random, const SecretKey& secret,
             MembershipOptions options);

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
    std::string note;  // for the audit and the list
    bool once = false;
  };
  Result<Entry, std::string> judge(std::string_view code, const AccessRules& rules) const;
  // A code that lets one in is not used twice while the first is on its way to the disk.
  bool begin_use(const std::string& note);
  void end_use(const std::string& note);
  void change(AccessAction action, const PublicKey& key, std::string reason, Verdict kept, Done done);

  Moderation& moderation_;
  const Clock& clock_;
  Random& random_;
  const InviteKey key_;
  Snapshot<MembershipOptions> options_;
  Mutex mutex_;
  std::set<std::string> in_use_ PHAROS_GUARDED_BY(mutex_);
};

}  // namespace pharos::ingest
