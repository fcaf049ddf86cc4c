#include "router/neg_client.h"

namespace pharos::router {

NegClient::NegClient(std::string name, const NegSet& set, const Limits& limits)
    : name_(std::move(name)), set_(set), limits_(limits) {}

std::string NegClient::begin(const Filter& filter) {
  std::string out;
  append_neg_open(out, name_, filter, neg_initial(set_));
  return out;
}

void NegClient::on(const NegMessageReply& reply, std::string& out) {
  if (state_ != State::open || reply.subscription != name_) return;
  ++rounds_;
  if (is_foreign(reply.message)) {
    return end(State::unable, "the relay speaks another version of negentropy", out);
  }
  const auto next = NegTurn(set_, reply.message, limits_.frame_bytes, &difference_).finish();
  if (!next) return end(State::failed, std::string(describe(next.error())), out);
  if (is_end(next.value())) {
    difference_.make_unique();
    return end(State::done, "", out);
  }
  if (difference_.have.size() + difference_.need.size() > limits_.max_ids) {
    return end(State::failed, "the sets differ by more than can be held", out);
  }
  if (rounds_ == limits_.max_rounds) return end(State::failed, "the relay comes to no end", out);
  append_neg_message(out, name_, next.value());
}

void NegClient::on(const NegErrReply& reply) {
  if (state_ != State::open || reply.subscription != name_) return;
  reason_ = reply.reason;
  const bool too_big = reason_.starts_with("blocked:") || reason_.starts_with("RESULTS_TOO_BIG");
  const bool unable = reason_.starts_with("unsupported:");
  state_ = too_big ? State::too_big : unable ? State::unable : State::failed;
}

void NegClient::end(State state, std::string reason, std::string& out) {
  state_ = state;
  reason_ = std::move(reason);
  append_neg_close(out, name_);
}

}  // namespace pharos::router
