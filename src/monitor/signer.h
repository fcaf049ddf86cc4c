// Signs events with the monitor's identity. The secret stays behind this interface.
#pragma once

#include "nostr/event.h"

namespace pharos::monitor {

class Signer {
 public:
  virtual ~Signer() = default;
  // Fills pubkey, id and sig from the other fields.
  virtual void sign(Event& event) = 0;
  virtual const PublicKey& public_key() const = 0;
};

}  // namespace pharos::monitor
