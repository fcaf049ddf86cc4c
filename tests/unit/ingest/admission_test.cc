#include "ingest/admission.h"

#include <gmock/gmock.h>

namespace pharos::ingest {
namespace {

constexpr UnixSeconds kNow = 1'700'000'000;

Event note() {
  Event event;
  event.kind = 1;
  event.created_at = kNow;
  return event;
}

Reason reason_of(const Event& event, Source source = Source::client, const AdmissionOptions& options = {}) {
  const auto refusal = refuse_at_door(event, source, kNow, options);
  if (!refusal) return Reason::none;
  EXPECT_EQ(refusal->fate, Fate::rejected);
  EXPECT_FALSE(refusal->detail.empty());
  return refusal->reason;
}

TEST(Admission, TakesAnOrdinaryNote) { EXPECT_EQ(reason_of(note()), Reason::none); }

TEST(Admission, Nip42RefusesKind22242ByEventFromEverySource) {
  Event event = note();
  event.kind = 22242;
  for (const Source source : {Source::client, Source::router, Source::import_, Source::monitor}) {
    EXPECT_EQ(reason_of(event, source), Reason::auth_kind);
  }
}

TEST(Admission, RefusesMoreTagsThanTheLimit) {
  AdmissionOptions options;
  options.max_tags = 2;
  Event event = note();
  event.tags = {{"t", "a"}, {"t", "b"}};
  EXPECT_EQ(reason_of(event, Source::client, options), Reason::none);
  event.tags.add({"t", "c"});
  EXPECT_EQ(reason_of(event, Source::client, options), Reason::too_many_tags);
}

TEST(Admission, CountsContentInCodePoints) {
  AdmissionOptions options;
  options.max_content_length = 3;
  Event event = note();
  event.content = "äöü";
  EXPECT_EQ(reason_of(event, Source::client, options), Reason::none);
  event.content = "äöüx";
  EXPECT_EQ(reason_of(event, Source::client, options), Reason::too_large);
}

TEST(Admission, RefusesAnEventLargerThanTheLimit) {
  AdmissionOptions options;
  options.max_event_bytes = 1000;
  Event event = note();
  event.content.assign(600, 'x');
  EXPECT_EQ(reason_of(event, Source::client, options), Reason::none);
  event.tags = {{"t", std::string(100, 'y')}};
  EXPECT_EQ(reason_of(event, Source::client, options), Reason::too_large);
}

TEST(Admission, RefusesALongTagItemWhereverItStands) {
  AdmissionOptions options;
  options.max_tag_item_bytes = 8;
  Event event = note();
  event.tags = {{"t", "a", "123456789"}};
  EXPECT_EQ(reason_of(event, Source::client, options), Reason::too_large);
}

TEST(Admission, BoundsCreatedAtAheadForClientsAndMirrorsOnly) {
  Event event = note();
  event.created_at = kNow + 15 * 60;
  EXPECT_EQ(reason_of(event), Reason::none);
  event.created_at = kNow + 15 * 60 + 1;
  EXPECT_EQ(reason_of(event), Reason::created_at_future);
  EXPECT_EQ(reason_of(event, Source::router), Reason::created_at_future);
  EXPECT_EQ(reason_of(event, Source::import_), Reason::none);
  EXPECT_EQ(reason_of(event, Source::monitor), Reason::none);
}

TEST(Admission, BoundsCreatedAtInThePastForClientsOnly) {
  Event event = note();
  event.created_at = kNow - 3LL * 365 * 86400;
  EXPECT_EQ(reason_of(event), Reason::none);
  --event.created_at;
  EXPECT_EQ(reason_of(event), Reason::created_at_old);
  EXPECT_EQ(reason_of(event, Source::router), Reason::none);
  EXPECT_EQ(reason_of(event, Source::import_), Reason::none);
  event.created_at = 0;
  EXPECT_EQ(reason_of(event, Source::import_), Reason::none);
}

TEST(Admission, ZeroSwitchesATimeBoundOff) {
  AdmissionOptions options;
  options.max_age = std::chrono::seconds(0);
  options.max_ahead = std::chrono::seconds(0);
  Event event = note();
  event.created_at = 0;
  EXPECT_EQ(reason_of(event, Source::client, options), Reason::none);
  event.created_at = kMaxCreatedAt;
  EXPECT_EQ(reason_of(event, Source::client, options), Reason::none);
}

TEST(Admission, RefusesEphemeralEventsOlderThanAMinuteFromEverySource) {
  Event event = note();
  event.kind = 20001;
  event.created_at = kNow - 60;
  EXPECT_EQ(reason_of(event), Reason::none);
  --event.created_at;
  EXPECT_EQ(reason_of(event), Reason::created_at_old);
  EXPECT_EQ(reason_of(event, Source::router), Reason::created_at_old);
}

TEST(Admission, Nip40RefusesWhatHasExpired) {
  Event event = note();
  event.tags = {{"expiration", std::to_string(kNow)}};
  EXPECT_EQ(reason_of(event), Reason::expired);
  EXPECT_EQ(reason_of(event, Source::import_), Reason::expired);
  event.tags = {{"expiration", std::to_string(kNow + 1)}};
  EXPECT_EQ(reason_of(event), Reason::none);
}

TEST(Admission, Nip40SaysNothingAboutEphemeralEvents) {
  Event event = note();
  event.kind = 20001;
  event.tags = {{"expiration", std::to_string(kNow - 1)}};
  EXPECT_EQ(reason_of(event), Reason::none);
}

TEST(Admission, Nip70RefusesProtectedEventsThatOthersBring) {
  Event event = note();
  event.tags = {{"-"}};
  EXPECT_EQ(reason_of(event, Source::router), Reason::protected_event);
  EXPECT_EQ(reason_of(event, Source::import_), Reason::protected_event);
  EXPECT_EQ(reason_of(event, Source::client), Reason::none) << "the relay knows who is authenticated";
  AdmissionOptions options;
  options.refuse_protected_from_others = false;
  EXPECT_EQ(reason_of(event, Source::import_, options), Reason::none);
}

Event request_to_vanish(const char* relay) {
  Event event = note();
  event.kind = 62;
  event.tags = {{"relay", relay}};
  return event;
}

TEST(Admission, Nip62TakesRequestsToVanishThatAreForUsFromEverySource) {
  AdmissionOptions options;
  options.own_urls = {RelayUrl::parse("wss://relay.example.com/").value()};
  for (const Source source : {Source::client, Source::router, Source::import_, Source::monitor}) {
    EXPECT_EQ(reason_of(request_to_vanish("wss://relay.example.com"), source, options), Reason::none);
    EXPECT_EQ(reason_of(request_to_vanish("ALL_RELAYS"), source, options), Reason::none);
    EXPECT_EQ(reason_of(request_to_vanish("wss://other.example.com"), source, options), Reason::vanish);
  }
  options.honour_vanish = false;
  EXPECT_EQ(reason_of(request_to_vanish("ALL_RELAYS"), Source::client, options), Reason::vanish);
}

TEST(Admission, Nip62AsksForNoWork) {
  AdmissionOptions options;
  options.min_pow_bits = 20;
  EXPECT_EQ(reason_of(request_to_vanish("ALL_RELAYS"), Source::client, options), Reason::none);
}

TEST(Admission, Nip62RefusesRequestsFromTheFutureFromEverySource) {
  for (const auto bound : {std::chrono::minutes(15), std::chrono::minutes(0)}) {
    AdmissionOptions options;
    options.max_ahead = bound;
    Event event = request_to_vanish("ALL_RELAYS");
    event.created_at = kNow + 900;
    EXPECT_EQ(reason_of(event, Source::import_, options), Reason::none);
    event.created_at = kNow + 901;
    EXPECT_EQ(reason_of(event, Source::import_, options), Reason::created_at_future);
  }
}

TEST(Admission, Nip13CountsLeadingZeroBits) {
  EXPECT_EQ(leading_zero_bits(*EventId::from_hex(std::string(64, 'f'))), 0U);
  EXPECT_EQ(leading_zero_bits(*EventId::from_hex("000000000e9d97a1ab09fc381030b346cdd7a142ad57e6df0b46dc9bef6c7e2d")),
            36U);
  EXPECT_EQ(leading_zero_bits(EventId{}), 256U);
}

TEST(Admission, Nip13AsksClientsForWorkAndForTheCommitment) {
  AdmissionOptions options;
  options.min_pow_bits = 8;
  Event event = note();
  event.id = *EventId::from_hex("01" + std::string(62, 'f'));
  EXPECT_EQ(reason_of(event, Source::client, options), Reason::pow);
  event.id = *EventId::from_hex("00" + std::string(62, 'f'));
  EXPECT_EQ(reason_of(event, Source::client, options), Reason::pow) << "no nonce tag";
  event.tags = {{"nonce", "1", "7"}};
  EXPECT_EQ(reason_of(event, Source::client, options), Reason::pow) << "committed to less";
  event.tags = {{"nonce", "1", "8"}};
  EXPECT_EQ(reason_of(event, Source::client, options), Reason::none);
  event.tags.clear();
  EXPECT_EQ(reason_of(event, Source::router, options), Reason::none);
  options.require_pow_commitment = false;
  EXPECT_EQ(reason_of(event, Source::client, options), Reason::none);
}

TEST(Admission, MeasuresCloseToTheLengthOfTheJson) {
  Event event = note();
  const std::size_t bare = measured_bytes(event);
  EXPECT_GT(bare, 300U);
  EXPECT_LT(bare, 400U);
  event.content.assign(1000, 'x');
  EXPECT_EQ(measured_bytes(event), bare + 1000);
}

TEST(Admission, NamesEveryReasonOnce) {
  std::vector<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Reason::overloaded); ++i) names.push_back(name(static_cast<Reason>(i)));
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

TEST(Admission, AKindMayHaveGreaterAndSmallerLimitsThanTheOthers) {
  AdmissionOptions options;
  options.max_tags = 2;
  options.max_content_length = 10;
  KindLimits limits;
  limits.add({3, 3}, {.max_tags = 4});
  limits.add({1, 1}, {.max_content_length = 3});
  options.kind_limits = std::make_shared<const KindLimits>(limits);
  Event contacts = note();
  contacts.kind = 3;
  contacts.tags = {{"p", "a"}, {"p", "b"}, {"p", "c"}, {"p", "d"}};
  EXPECT_EQ(reason_of(contacts, Source::client, options), Reason::none);
  EXPECT_EQ(reason_of(contacts, Source::router, options), Reason::none);
  contacts.content = "longer than 10";
  EXPECT_EQ(reason_of(contacts, Source::client, options), Reason::too_large) << "what it does not say is as for others";
  contacts.content.clear();
  contacts.kind = 4;
  EXPECT_EQ(reason_of(contacts, Source::client, options), Reason::too_many_tags);
  Event short_note = note();
  short_note.content = "four";
  EXPECT_EQ(reason_of(short_note, Source::client, options), Reason::too_large);
  EXPECT_EQ(reason_of(short_note, Source::import_, options), Reason::too_large);
  short_note.kind = 7;
  EXPECT_EQ(reason_of(short_note, Source::client, options), Reason::none);
}

TEST(Admission, Nip13AKindMayAskForWorkOfClients) {
  AdmissionOptions options;
  options.require_pow_commitment = false;
  KindLimits limits;
  limits.add({1, 1}, {.min_pow_bits = 8});
  options.kind_limits = std::make_shared<const KindLimits>(limits);
  Event event = note();
  event.id.data[0] = 1;
  EXPECT_EQ(reason_of(event, Source::client, options), Reason::pow);
  EXPECT_EQ(reason_of(event, Source::router, options), Reason::none);
  event.id.data[0] = 0;
  EXPECT_EQ(reason_of(event, Source::client, options), Reason::none);
  event.id.data[0] = 1;
  event.kind = 7;
  EXPECT_EQ(reason_of(event, Source::client, options), Reason::none);
}

}  // namespace
}  // namespace pharos::ingest
