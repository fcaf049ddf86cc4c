// How the write-policy plugin is run and asked.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>

#include "ingest/sink.h"
#include "util/backoff.h"

namespace pharos::ingest {

struct PluginOptions {
  std::string command;  // for /bin/sh -c; "" for no plugin
  // From giving it an event to the answer.
  std::chrono::milliseconds timeout{5'000};
  // How long an event waits to be given; nullopt for as long as it takes, where nobody waits for the answer.
  std::optional<std::chrono::milliseconds> patience = timeout;
  std::size_t max_in_flight = 64;     // given and not yet answered
  std::size_t queue_capacity = 2048;  // waiting to be given
  bool accept_on_failure = false;
  std::array<bool, 4> sources{true, true, false, false};  // by Source
  Backoff::Options backoff{std::chrono::seconds(1), std::chrono::minutes(1)};

  bool asks_about(Source source) const { return !command.empty() && sources[static_cast<std::size_t>(source)]; }
};

// For a command that brings events of one source and waits for them all: none where it is not asked about those, else
// one for which an event waits as long as it takes.
inline PluginOptions for_one_source(PluginOptions options, Source source) {
  if (!options.asks_about(source)) options.command.clear();
  options.patience.reset();
  options.queue_capacity = std::numeric_limits<std::size_t>::max();
  return options;
}

}  // namespace pharos::ingest
