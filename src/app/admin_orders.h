// What operators order through the admin listener: changes of the access lists, and deletions. POST with JSON, for
// programs alone: a page of the web is answered by 403.
//
//   /api/v1/access   {"action": as name(ingest::AccessAction), "subject", "reason", "only": false}
//                                                           200 with a line for people
//   /api/v1/delete   {"filter": NIP-01, "dry_run": false}   200 {"events","bytes","whole"}
//
// only: a first key or kind may be put on its allow list, as ingest::FirstAllowed::listed; it is refused otherwise.
// 400 with a line for people where the order is none, 503 where it cannot be carried out now.
#pragma once

#include <functional>
#include <string>

#include "app/deletion.h"
#include "ingest/moderation.h"
#include "net/server.h"

namespace pharos::app {

struct AdminOrders {
  std::function<void(ingest::AccessChange, ingest::Moderation::Done)> change;
  // As delete_matching().
  std::function<bool(Filter, bool dry_run, std::function<void(const Deletion&)>)> erase;
};

// True when the request is for one of the paths; then it is answered, now or later. Any thread.
bool take_order(const AdminOrders& orders, const net::HttpRequest& request, const net::HttpAnswer& answer);

}  // namespace pharos::app
