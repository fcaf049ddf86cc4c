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
    } else if (counted) {
      const auto found = per_address_.find(address);
      if (found != per_address_.end() && found->second >= max_per_address_) refused = Rejected::per_address;
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

void Admission::leave(const Ticket& ticket) {
  Lock lock(mutex_);
  if (ticket.refused_) {
    --refusals_;
    return;
  }
  --connections_;
  if (const auto found = per_address_.find(ticket.address_); found != per_address_.end() && --found->second == 0)
    per_address_.erase(found);
}

std::size_t Admission::connections() const {
  Lock lock(mutex_);
  return connections_;
}

}  // namespace pharos::net
