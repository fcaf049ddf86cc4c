#include "router/client_auth.h"

#include "nostr/nip42.h"

namespace pharos::router {
namespace {
constexpr std::size_t kMaxChallenge = 1024;
constexpr unsigned kMaxAnswers = 16;
}  // namespace

std::optional<Event> ClientAuth::on_challenge(std::string_view challenge, UnixSeconds now) {
  if (!signer_ || challenge.size() > kMaxChallenge || answered_ >= kMaxAnswers) return std::nullopt;
  ++answered_;
  Event event = make_auth_event(url_, challenge, now);
  signer_(event);
  waiting_for_ = event.id;
  return event;
}

ClientAuth::Outcome ClientAuth::on_ok(const EventId& id, bool accepted) {
  if (!waiting_for_ || *waiting_for_ != id) return Outcome::not_ours;
  waiting_for_.reset();
  return accepted ? Outcome::accepted : Outcome::refused;
}

void ClientAuth::reset() {
  waiting_for_.reset();
  answered_ = 0;
}

}  // namespace pharos::router
