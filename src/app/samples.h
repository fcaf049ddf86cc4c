// Figures that are read when somebody scrapes: the process, the database, the queues.
#pragma once

#include <filesystem>
#include <string>

#include "metrics/registry.h"
#include "relay/options.h"
#include "storage/store.h"
#include "util/worker_pool.h"

namespace pharos::app {

// The arguments outlive the registry's last scrape.
void sample_process(metrics::Registry& registry);
void sample_store(metrics::Registry& registry, const storage::Store& store, const std::filesystem::path& directory);
void sample_pool(metrics::Registry& registry, const WorkerPool& pool);
void sample_relay_queues(metrics::Registry& registry, const relay::Options& options, std::size_t shards);

}  // namespace pharos::app
