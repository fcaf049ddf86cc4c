#include "support/scripted_relay_server.h"

#include <future>
#include <stdexcept>
#include <utility>

namespace pharos::test {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

std::string render(const RelayMessage& message) {
  std::string out;
  std::visit(Overloaded{
                 [&](const EventReply& reply) {
                   append_event_prefix(out, reply.subscription);
                   append_event_json(out, reply.event);
                   out += ']';
                 },
                 [&](const OkReply& reply) { append_ok(out, reply.id.hex(), reply.accepted, reply.message); },
                 [&](const EoseReply& reply) {
                   append_eose(out, reply.subscription);
                   if (reply.finish) out.insert(out.size() - 1, ",[\"finish\"]");
                 },
                 [&](const ClosedReply& reply) { append_closed(out, reply.subscription, reply.message); },
                 [&](const NoticeReply& reply) { append_notice(out, reply.message); },
                 [&](const AuthReply& reply) { append_auth_challenge(out, reply.challenge); },
                 [&](const NegMessageReply& reply) { append_neg_message(out, reply.subscription, reply.message); },
                 [&](const NegErrReply& reply) { append_neg_err(out, reply.subscription, reply.reason); },
                 [](const UnknownReply&) {},
             },
             message);
  return out;
}

}  // namespace

// Of the serving shard alone.
struct ScriptedRelayServer::State {
  ScriptedRelay relay;
  net::WsConnectionPtr client;

  void on_text(std::string_view text) {
    auto message = parse_client_message(text, MessageLimits{});
    if (!message) return;
    std::visit(Overloaded{
                   [&](const EventCommand& command) { relay.on_event(command.event); },
                   [&](const ReqCommand& command) { relay.on_req(command.subscription, command.filters); },
                   [&](const CloseCommand& command) { relay.on_close(command.subscription); },
                   [&](const AuthCommand& command) { relay.on_auth(command.event); },
                   [](const auto&) {},
               },
               message.value());
    flush();
  }
  void flush() {
    while (client) {
      const auto message = relay.next();
      if (relay.dropped()) return drop();
      if (!message) return;
      client->send(render(*message));
    }
  }
  void drop() {
    relay.disconnect();
    if (client) std::exchange(client, nullptr)->close(net::CloseCause::policy, 1011, "dropped by the script");
  }
};

ScriptedRelayServer::ScriptedRelayServer(net::IoShards& shards, const std::string& listen)
    : shards_(shards), state_(std::make_shared<State>()) {
  net::ServerOptions options;
  options.listen = listen;
  options.ws.max_outbound_bytes = 256U << 20U;
  net::ServerHandlers handlers;
  handlers.on_connection = [state = state_](net::WsConnectionPtr connection, const net::HttpRequest&) {
    state->client = connection;
    state->relay.connect();
    net::WsConnection* raw = connection.get();
    connection->start({[state](std::string_view text) { state->on_text(text); },
                       {},
                       [state, raw](net::CloseCause, std::uint16_t, std::string_view) {
                         if (state->client.get() != raw) return;
                         state->client.reset();
                         state->relay.disconnect();
                       }});
    state->flush();
  };
  auto listening = net::Server::listen(options, shards_, {&shards_.serving(0)}, std::move(handlers), nullptr);
  if (!listening) throw std::runtime_error(listening.error().detail);
  server_ = std::move(listening).value();
  address_ = server_->address();
}

ScriptedRelayServer::~ScriptedRelayServer() {
  server_->stop_accepting();
  drop_client();
}

void ScriptedRelayServer::with(const std::function<void(ScriptedRelay&)>& f) {
  std::promise<void> done;
  shards_.serving(0).post([&] {
    f(state_->relay);
    state_->flush();
    done.set_value();
  });
  done.get_future().wait();
}

void ScriptedRelayServer::drop_client() {
  std::promise<void> done;
  shards_.serving(0).post([&] {
    state_->drop();
    done.set_value();
  });
  done.get_future().wait();
}

}  // namespace pharos::test
