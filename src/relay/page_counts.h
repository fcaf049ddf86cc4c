// The figures of the page for browsers, counted anew once in a while however often the page is asked for. Any thread.
#pragma once

#include <optional>

#include "metrics/relay_metrics.h"
#include "relay/page.h"
#include "storage/store.h"
#include "util/clock.h"
#include "util/sync.h"

namespace pharos::relay {

class PageCounts {
 public:
  static constexpr std::chrono::seconds kLifetime{2};

  // What is given outlives it. The time that the page tells is since this was made.
  PageCounts(storage::Store& store, const Clock& clock, const metrics::RelayMetrics& metrics)
      : store_(store), clock_(clock), metrics_(metrics), since_(clock.now()) {}

  // At most kLifetime old. Where the store cannot be read the events are those of before.
  PageFigures get();

 private:
  storage::Store& store_;
  const Clock& clock_;
  const metrics::RelayMetrics& metrics_;
  const SteadyTime since_;
  Mutex mutex_;
  PageFigures counted_ PHAROS_GUARDED_BY(mutex_);
  std::optional<SteadyTime> counted_at_ PHAROS_GUARDED_BY(mutex_);
};

}  // namespace pharos::relay
