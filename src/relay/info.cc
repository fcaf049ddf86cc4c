#include "relay/info.h"

#include "relay/accept.h"

namespace pharos::relay {
namespace {

constexpr std::string_view kDocumentType = "application/nostr+json";

net::HttpResponse plain(const Options& options, unsigned status, std::string body) {
  net::HttpResponse response;
  response.status = status;
  response.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
  response.body = std::move(body);
  add_cors(response, options);
  return response;
}

// Whoever names the document's type gets it unless the page is wanted more; wildcards alone are a browser or a curious
// person.
bool wants_document(std::string_view accept) {
  if (!accept_names(accept, kDocumentType)) return false;
  const double document = accept_quality(accept, kDocumentType);
  return document > 0.0 && (!accept_names(accept, "text/html") || document >= accept_quality(accept, "text/html"));
}

}  // namespace

// NIP-11 asks for these three on the document, and browsers want them on the preflight.
void add_cors(net::HttpResponse& response, const Options& options) {
  response.headers.emplace_back("Access-Control-Allow-Origin", "*");
  response.headers.emplace_back("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type");
  response.headers.emplace_back("Access-Control-Allow-Methods",
                                options.admins.empty() ? "GET, HEAD, OPTIONS" : "GET, HEAD, POST, OPTIONS");
}

bool is_relay_target(const Options& options, std::string_view target) {
  return target.substr(0, target.find('?')) == options.path;
}

net::HttpResponse answer_http(const Options& options, const net::HttpRequest& request,
                              const std::function<PageFigures()>& figures) {
  if (!is_relay_target(options, request.target)) return plain(options, 404, "not found\n");
  if (request.method == "OPTIONS") {
    net::HttpResponse response;
    response.status = 204;
    add_cors(response, options);
    response.headers.emplace_back("Access-Control-Max-Age", "86400");
    return response;
  }
  if (request.method != "GET" && request.method != "HEAD") {
    net::HttpResponse response = plain(options, 405, "method not allowed\n");
    response.headers.emplace_back("Allow", "GET, HEAD, OPTIONS");
    return response;
  }
  net::HttpResponse response;
  add_cors(response, options);
  response.headers.emplace_back("Vary", "Accept");
  if (wants_document(request.header("Accept"))) {
    response.headers.emplace_back("Content-Type", kDocumentType);
    response.body = relay_document(options);
  } else {
    response.headers.emplace_back("Content-Type", "text/html; charset=utf-8");
    response.headers.emplace_back("Content-Security-Policy", page_security_policy());
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    response.body = relay_page(options, figures());
  }
  return response;
}

}  // namespace pharos::relay
