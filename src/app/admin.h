// The operators' listener: /metrics, /healthz, /readyz, the status of the instance, of router and monitor and the
// access lists as JSON; POST /compact. What else is ordered by POST: admin_orders.h.
// Owned by the application; handlers run on the background shard.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "metrics/registry.h"
#include "net/server.h"
#include "storage/error.h"
#include "util/result.h"

namespace pharos::app {

struct AdminServices {
  metrics::Registry& registry;
  // Empty when fine, else why not.
  std::function<std::string()> unhealthy;
  std::function<std::string()> unready;
  std::function<std::string()> router_status;   // JSON
  std::function<std::string()> monitor_status;  // JSON
  // Begins it; locked while one is under way, disk_full where there is no room.
  std::function<Result<void, storage::StorageFailure>()> compact;
  std::function<std::string()> status;  // JSON
  std::function<std::string()> access;  // JSON
};

// The header by which those who ask know this listener from any other HTTP server.
inline constexpr std::pair<std::string_view, std::string_view> kAdminHeader{"Pharos-Listener", "admin"};

// What every answer of the listener has in common.
net::HttpResponse admin_text(unsigned status, std::string body, const char* type = "text/plain; charset=utf-8");

// GET, and POST for /compact alone: 202 once it has begun, 409 while one is under way, 507 where there is no room, 403
// for a page of the web that asks through a browser. Other methods 405, unknown paths 404. Pure but for the services.
net::HttpResponse answer_admin(const AdminServices& services, const net::HttpRequest& request);

}  // namespace pharos::app
