#include "app/admin.h"

namespace pharos::app {
namespace {

net::HttpResponse verdict(const std::string& problem) {
  return problem.empty() ? admin_text(200, "ok\n") : admin_text(503, problem + "\n");
}

net::HttpResponse refuse_method(const char* allowed) {
  auto response = admin_text(405, std::string("answered here: ") + allowed + "\n");
  response.headers.emplace_back("Allow", allowed);
  return response;
}

net::HttpResponse compact(const AdminServices& services, const net::HttpRequest& request) {
  if (request.method != "POST") return refuse_method("POST");
  // A browser names the page that makes it ask.
  if (!request.header("Origin").empty()) return admin_text(403, "not for pages\n");
  const auto begun = services.compact();
  if (begun) return admin_text(202, "the compaction has begun; the log tells its end\n");
  switch (begun.error().error) {
    case storage::StorageError::locked:
      return admin_text(409, begun.error().detail + "\n");
    case storage::StorageError::disk_full:
      return admin_text(507, begun.error().detail + "\n");
    default:
      return admin_text(500, begun.error().detail + "\n");
  }
}

}  // namespace

net::HttpResponse admin_text(unsigned status, std::string body, const char* type) {
  net::HttpResponse response;
  response.status = status;
  response.headers.emplace_back("Content-Type", type);
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back(kAdminHeader);
  response.body = std::move(body);
  return response;
}

net::HttpResponse answer_admin(const AdminServices& services, const net::HttpRequest& request) {
  const std::string path = request.target.substr(0, request.target.find('?'));
  if (path == "/compact") return compact(services, request);
  if (request.method != "GET" && request.method != "HEAD") return refuse_method("GET, HEAD");
  if (path == "/metrics")
    return admin_text(200, services.registry.render(), "text/plain; version=0.0.4; charset=utf-8");
  if (path == "/healthz") return verdict(services.unhealthy());
  if (path == "/readyz") return verdict(services.unready());
  if (path == "/api/v1/router") return admin_text(200, services.router_status(), "application/json");
  if (path == "/api/v1/monitor") return admin_text(200, services.monitor_status(), "application/json");
  if (path == "/api/v1/status") return admin_text(200, services.status(), "application/json");
  if (path == "/api/v1/access") return admin_text(200, services.access(), "application/json");
  return admin_text(404,
                    "known paths: /metrics /healthz /readyz /api/v1/status /api/v1/router /api/v1/monitor "
                    "/api/v1/access, POST /compact /api/v1/access /api/v1/delete\n");
}

}  // namespace pharos::app
