#include "net/admission.h"

namespace pharos::net {
namespace {
// Connections beyond the cap that are told so at one time.
constexpr std::size_t kMaxRefusals = 64;
}  // namespace

Admission::Admission(std::size_t max_connections, std::size_t max_per_address)
    : max_connections_(max_connections), max_per_address_(max_per_address) {}

std::shared_ptr<Admission::Ticket> Admission::enter(std::string address) {
  std::optional<Rejected> refused;
  {
    Lock lock(mutex_);
    const bool counted = max_per_address_ != 0 && !address.empty();
    if (connections_ >= max_connections_) {
      refused = Rejected::max;
    } else if (counted && !has_room(address)) {
      refused = Rejected::per_address;
    }
    if (refused) {
      if (refusals_ >= kMaxRefusals) return nullptr;
      ++refusals_;
    } else {
      ++connections_;
      if (counted) ++per_address_[address];
    }
  }
  return std::make_shared<Ticket>(shared_from_this(), std::move(address), refused);
}

bool Admission::has_room(const std::string& address) const {
  const auto found = per_address_.find(address);
  return found == per_address_.end() || found->second < max_per_address_;
}

bool Admission::Ticket::speak_for(std::string address) { return admission_->rename(*this, std::move(address)); }

bool Admission::rename(Ticket& ticket, std::string address) {
  Lock lock(mutex_);
  if (ticket.refused_ || max_per_address_ == 0 || ticket.address_ == address) return !ticket.refused_;
  if (!has_room(address)) {
    release(ticket);
    ++refusals_;
    ticket.refused_ = Rejected::per_address;
    return false;
  }
  forget(ticket.address_);
  ++per_address_[address];
  ticket.address_ = std::move(address);
  return true;
}

void Admission::leave(const Ticket& ticket) {
  Lock lock(mutex_);
  if (ticket.refused_) {
    --refusals_;
    return;
  }
  release(ticket);
}

void Admission::release(const Ticket& ticket) {
  --connections_;
  forget(ticket.address_);
}

void Admission::forget(const std::string& address) {
  if (const auto found = per_address_.find(address); found != per_address_.end() && --found->second == 0)
    per_address_.erase(found);
}

std::size_t Admission::connections() const {
  Lock lock(mutex_);
  return connections_;
}

}  // namespace pharos::net
