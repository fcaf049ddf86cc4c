#include "app/admin.h"

namespace pharos::app {
namespace {

net::HttpResponse text(unsigned status, std::string body, const char* type = "text/plain; charset=utf-8") {
  net::HttpResponse response;
  response.status = status;
  response.headers.emplace_back("Content-Type", type);
  response.headers.emplace_back("Cache-Control", "no-store");
  response.body = std::move(body);
  return response;
}

net::HttpResponse verdict(const std::string& problem) {
  return problem.empty() ? text(200, "ok\n") : text(503, problem + "\n");
}

}  // namespace

net::HttpResponse answer_admin(const AdminServices& services, const net::HttpRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    auto response = text(405, "only GET is answered here\n");
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  const std::string path = request.target.substr(0, request.target.find('?'));
  if (path == "/metrics") return text(200, services.registry.render(), "text/plain; version=0.0.4; charset=utf-8");
  if (path == "/healthz") return verdict(services.unhealthy());
  if (path == "/readyz") return verdict(services.unready());
  if (path == "/api/v1/router") return text(200, services.router_status(), "application/json");
  if (path == "/api/v1/monitor") return text(200, services.monitor_status(), "application/json");
  return text(404, "known paths: /metrics /healthz /readyz /api/v1/router /api/v1/monitor\n");
}

}  // namespace pharos::app
