#include "net/proxied_stream.h"

#include <string>
#include <utility>

#include "net/io_shards.h"
#include "net/proxy_protocol.h"

namespace pharos::net {
namespace {

class ProxiedStream final : public ByteStream {
 public:
  // rest: what came behind the header.
  ProxiedStream(std::unique_ptr<ByteStream> lower, std::string rest, std::string peer)
      : lower_(std::move(lower)), rest_(std::move(rest)), peer_(std::move(peer)) {}

  void read(ReadHandler handler) override {
    if (rest_.empty()) return lower_->read(std::move(handler));
    waiting_ = std::make_shared<ReadHandler>(std::move(handler));
    shard().post([this, weak = std::weak_ptr<ReadHandler>(waiting_)] {
      const auto waiting = weak.lock();
      if (!waiting) return;
      waiting_.reset();
      std::string rest = std::exchange(rest_, {});
      (*waiting)(ReadStatus::data, {reinterpret_cast<std::uint8_t*>(rest.data()), rest.size()});
    });
  }
  void write(std::string_view bytes, WriteHandler handler) override { lower_->write(bytes, std::move(handler)); }
  void shutdown_write() override { lower_->shutdown_write(); }
  void close() override {
    waiting_.reset();
    lower_->close();
  }
  const std::string& peer_address() const override { return peer_; }
  const std::string& error_text() const override { return lower_->error_text(); }
  IoShard& shard() override { return lower_->shard(); }

 private:
  std::unique_ptr<ByteStream> lower_;
  std::string rest_;
  const std::string peer_;
  std::shared_ptr<ReadHandler> waiting_;  // for the rest
};

}  // namespace

void ProxyHeaderReader::start(Done done) {
  done_ = std::move(done);
  read_on();
}

void ProxyHeaderReader::close() {
  done_ = nullptr;
  if (lower_) lower_->close();
}

void ProxyHeaderReader::read_on() {
  lower_->read([self = shared_from_this()](ReadStatus status, std::span<std::uint8_t> bytes) {
    if (!self->done_) return;
    if (status != ReadStatus::data) return std::exchange(self->done_, nullptr)(nullptr);
    self->received_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    self->parse();
  });
}

void ProxyHeaderReader::parse() {
  const ProxyHeader header = parse_proxy_header(received_);
  switch (header.state) {
    case ProxyHeader::State::incomplete:
      return read_on();
    case ProxyHeader::State::invalid:
      return std::exchange(done_, nullptr)(nullptr);
    case ProxyHeader::State::complete:
      break;
  }
  std::string peer = header.source.empty() ? lower_->peer_address() : header.source;
  auto stream = std::make_unique<ProxiedStream>(std::move(lower_), received_.substr(header.size), std::move(peer));
  std::exchange(done_, nullptr)(std::move(stream));
}

}  // namespace pharos::net
