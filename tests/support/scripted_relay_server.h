// A ScriptedRelay behind a real listening socket of loopback, one client at a time. Thread-safe through with().
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "net/io_shards.h"
#include "net/server.h"
#include "support/scripted_relay.h"

namespace pharos::test {

class ScriptedRelayServer {
 public:
  // listen: "127.0.0.1:port", port 0 picks one. shards outlive it and run.
  explicit ScriptedRelayServer(net::IoShards& shards, const std::string& listen = "127.0.0.1:0");
  ~ScriptedRelayServer();

  const std::string& address() const { return address_; }
  std::string url() const { return "ws://" + address_; }

  // Runs f with the relay on the server's shard and waits for it. What it has to say afterwards is sent.
  void with(const std::function<void(ScriptedRelay&)>& f);
  // The client's connection, if there is one, is cut off.
  void drop_client();

 private:
  struct State;
  net::IoShards& shards_;
  std::shared_ptr<State> state_;
  std::unique_ptr<net::Server> server_;
  std::string address_;
};

}  // namespace pharos::test
