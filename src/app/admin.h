// The operators' listener: /metrics, /healthz, /readyz and the status of router and monitor as JSON.
// Owned by the application; handlers run on the background shard.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "metrics/registry.h"
#include "net/server.h"

namespace pharos::app {

struct AdminServices {
  metrics::Registry& registry;
  // Empty when fine, else why not.
  std::function<std::string()> unhealthy;
  std::function<std::string()> unready;
  std::function<std::string()> router_status;   // JSON
  std::function<std::string()> monitor_status;  // JSON
};

// GET only; others 405, unknown paths 404. Pure but for the services.
net::HttpResponse answer_admin(const AdminServices& services, const net::HttpRequest& request);

}  // namespace pharos::app
