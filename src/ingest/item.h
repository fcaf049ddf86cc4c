// A submission on its way through the pipeline. Shared by whichever stage holds it; one stage at a time touches it.
#pragma once

#include <cstddef>
#include <memory>

#include "ingest/sink.h"

namespace pharos::ingest {

struct Item {
  Submission submission;
  std::size_t bytes = 0;   // measured_bytes() of the event
  bool is_leader = false;  // its id is held in InFlightIds under its name

  const Event& event() const { return *submission.event; }
};
using ItemPtr = std::shared_ptr<Item>;

}  // namespace pharos::ingest
