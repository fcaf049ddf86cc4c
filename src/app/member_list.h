// What the relay tells of its members (NIP-43), signed by its own key and kept like any other event: their list (kind
// 13534), the roles (33534), and who came (8000) or went (8001). After a start only what differs is told, from the list
// and the roles as they are stored and from the ToldMembers, which more people may be than the list has room for. A
// change that a stop came behind may be told once more.
//
//   tick -> what differs, submitted -> all of it decided -> what was refused differs again, each after a pause of its
//   own
//
// Made after the pipeline, destroyed before it. One thread; requests and orders reach it by the rules of the moment.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/told_members.h"
#include "app/topic_pauses.h"
#include "ingest/moderation.h"
#include "ingest/sink.h"
#include "storage/store.h"
#include "util/backoff.h"
#include "util/clock.h"
#include "util/random.h"

namespace pharos::app {

// The members besides the relay itself, each with the ids of its roles.
using Members = std::map<PublicKey, std::set<std::string>>;
Members members_of(const ingest::AccessRules& rules, const PublicKey& self);

// Not signed, and without a time. The list has as many as fit, in the order of their keys.
struct MemberListLimits {
  std::size_t max_tags = 0;
  std::size_t max_bytes = 0;
};
Event member_list_event(const Members& members, const MemberListLimits& limits);
Event role_event(const std::string& id, const ingest::Role& role);
Members read_member_list(const Event& list);

class MemberList {
 public:
  static constexpr std::size_t kMostToldAtOnce = 200;  // comings and goings; the rest follow with the next tick

  MemberList(storage::Store& store, ingest::Sink& sink, ingest::RulesSnapshot rules, const Clock& clock, Random& random,
             const SecretKey& secret, MemberListLimits limits);

  // About once a second: tells what has changed since.
  void tick();

 private:
  // What is decided on other threads.
  struct Outcomes;

  // False while something is undecided, or where the members could not be noted just now.
  bool settle();
  // Notes when it ends.
  bool rests(const std::string& topic);
  void take_back(const Event& refused);
  bool read_stored();
  // Of the first members nothing but the list is told.
  void begin(const Members& members);
  bool tell_roles(const ingest::AccessLists& lists);
  bool tell_list(const Members& members);
  bool tell_changes(const Members& members);
  // False when there is no room for it now.
  bool publish(Event event);

  storage::Store& store_;
  ingest::Sink& sink_;
  const ingest::RulesSnapshot rules_;
  const Clock& clock_;
  Random& random_;
  const SecretKey secret_;
  const PublicKey self_;
  const MemberListLimits limits_;
  const std::shared_ptr<Outcomes> outcomes_;
  Backoff backoff_;  // of begin()
  SteadyTime next_try_ = SteadyTime::min();
  TopicPauses pauses_;  // of what was refused

  bool has_read_ = false;
  std::vector<std::string> submitted_;         // topics, since the last time that nothing was undecided
  std::optional<std::uint64_t> told_version_;  // of the rules; what rests aside
  std::optional<SteadyTime> look_again_;       // when the first of what rests may be told again
  std::optional<ToldMembers> told_;            // nullopt: not read, or never yet
  // As they are stored, or will be when nothing is refused.
  std::optional<Event> list_;
  std::map<std::string, Event> roles_;  // by id
};

}  // namespace pharos::app
