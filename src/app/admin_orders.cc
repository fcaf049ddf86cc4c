#include "app/admin_orders.h"

#include <algorithm>

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "app/access_words.h"
#include "app/admin.h"
#include "app/filter_text.h"
#include "util/log.h"

namespace pharos::app {
namespace {

using Json = rapidjson::Value;
using Fault = ingest::Moderation::Fault;

std::string text_of(const Json& object, const char* key) {
  const auto found = object.FindMember(key);
  if (found == object.MemberEnd() || !found->value.IsString()) return {};
  return {found->value.GetString(), found->value.GetStringLength()};
}

bool is_true(const Json& object, const char* key) {
  const auto found = object.FindMember(key);
  return found != object.MemberEnd() && found->value.IsTrue();
}

std::string words_of(ingest::AccessAction action, const ingest::Moderation::Changed& done) {
  return told(action, done.subject, *done.before, *done.after);
}

void change(const AdminOrders& orders, const Json& order, const net::HttpAnswer& answer) {
  const std::string name = text_of(order, "action");
  const auto action = ingest::access_action(name);
  if (!action) return answer(admin_text(400, "unknown action \"" + name + "\"\n"));
  ingest::AccessChange asked;
  asked.action = *action;
  asked.subject = text_of(order, "subject");
  asked.reason = text_of(order, "reason");
  asked.first_allowed = is_true(order, "only") ? ingest::FirstAllowed::listed : ingest::FirstAllowed::refused;
  orders.change(std::move(asked), [answer, action = *action](const auto& done) {
    if (done) return answer(admin_text(200, words_of(action, done.value()) + "\n"));
    answer(admin_text(done.error().fault == Fault::invalid ? 400 : 503, done.error().detail + "\n"));
  });
}

// As filters are: members that are scalars or arrays of scalars. What is nested deeper would cost stack to write.
bool is_flat(const Json& object) {
  const auto is_scalar = [](const Json& value) { return !value.IsArray() && !value.IsObject(); };
  for (const auto& field : object.GetObject()) {
    if (is_scalar(field.value)) continue;
    if (field.value.IsObject()) return false;
    const auto array = field.value.GetArray();
    if (!std::all_of(array.begin(), array.end(), is_scalar)) return false;
  }
  return true;
}

// As the filter's own parser wants it.
std::string serialized(const Json& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

void erase(const AdminOrders& orders, const Json& order, const net::HttpAnswer& answer) {
  const auto found = order.FindMember("filter");
  if (found == order.MemberEnd() || !found->value.IsObject()) return answer(admin_text(400, "the filter is missing\n"));
  if (!is_flat(found->value)) return answer(admin_text(400, "--filter: nested too deep\n"));
  auto filter = read_filter(serialized(found->value));
  if (!filter) return answer(admin_text(400, "--filter: " + filter.error() + "\n"));
  if (filter.value().limit) return answer(admin_text(400, "--filter: limit has no meaning here\n"));
  if (filter.value().search) return answer(admin_text(400, "--filter: search has no meaning here\n"));
  if (found->value.ObjectEmpty())
    return answer(
        admin_text(400, "--filter: {} matches every event; where all of them are to go, write {\"since\":0}\n"));
  const bool dry_run = is_true(order, "dry_run");
  const auto told = [dry_run, text = serialized(found->value)](const Deletion& deletion) {
    if (!dry_run)
      log::info("access", "the operator erased by filter",
                {{"filter", text}, {"events", deletion.events}, {"bytes", deletion.bytes}, {"all", deletion.whole}});
  };
  const bool taken = orders.erase(std::move(filter).value(), dry_run, [answer, told](const Deletion& deletion) {
    told(deletion);
    answer(admin_text(200,
                      "{\"events\":" + std::to_string(deletion.events) + ",\"bytes\":" +
                          std::to_string(deletion.bytes) + ",\"whole\":" + (deletion.whole ? "true" : "false") + "}",
                      "application/json"));
  });
  if (!taken) answer(admin_text(503, "too many deletions wait, try again later\n"));
}

}  // namespace

bool take_order(const AdminOrders& orders, const net::HttpRequest& request, const net::HttpAnswer& answer) {
  const bool is_change = request.target == "/api/v1/access";
  if (request.method != "POST" || (!is_change && request.target != "/api/v1/delete")) return false;
  // A browser names the page that makes it ask.
  if (!request.header("Origin").empty()) {
    answer(admin_text(403, "not for pages\n"));
    return true;
  }
  // Iterative: nesting costs no stack.
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
  rapidjson::Document order;
  order.Parse<kFlags>(request.body.data(), request.body.size());
  if (order.HasParseError() || !order.IsObject())
    answer(admin_text(400, "the order is no JSON object\n"));
  else if (is_change)
    change(orders, order, answer);
  else
    erase(orders, order, answer);
  return true;
}

}  // namespace pharos::app
