#include "nostr/nip86.h"

#include <charconv>

#include "nostr/json_reader.h"

namespace pharos {
namespace {

class Reader {
 public:
  void null() { value(ManagementRequest::Absent{}, true); }
  void boolean(bool) { value(ManagementRequest::Other{}); }
  void number(std::string_view raw) {
    std::int64_t whole = 0;
    const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), whole);
    if (error == std::errc() && end == raw.data() + raw.size())
      value(whole);
    else
      value(ManagementRequest::Other{});
  }
  void string(std::string_view text) {
    if (depth_ == 1 && field_ == "method") out_.method = text;
    value(std::string(text));
  }
  void key(std::string_view text) {
    if (depth_ == 1) field_ = text.substr(0, kLongestField);
  }
  void begin_object() {
    is_object_ = is_object_ || depth_ == 0;
    value(ManagementRequest::Other{});
    ++depth_;
  }
  void end_object() { --depth_; }
  void begin_array() {
    if (depth_ == 1 && field_ == "params") {
      out_.params.clear();
      out_.has_bad_params = false;
      in_params_ = true;
    } else {
      value(ManagementRequest::Other{});
    }
    ++depth_;
  }
  void end_array() {
    if (--depth_ == 1) in_params_ = false;
  }

  std::optional<ManagementRequest> take() {
    if (!is_object_) return std::nullopt;
    return std::move(out_);
  }

 private:
  static constexpr std::size_t kLongestField = 16;

  // A value of whatever kind, where it stands.
  void value(ManagementRequest::Parameter parameter, bool is_null = false) {
    if (in_params_ && depth_ == 2 && out_.params.size() < kMaxManagementParams)
      out_.params.push_back(std::move(parameter));
    if (depth_ != 1) return;
    if (field_ == "params") {
      out_.params.clear();
      out_.has_bad_params = !is_null;
    }
    if (field_ == "method" && !std::holds_alternative<std::string>(parameter)) out_.method.reset();
  }

  ManagementRequest out_;
  std::string field_;
  int depth_ = 0;
  bool is_object_ = false;
  bool in_params_ = false;
};

}  // namespace

std::optional<ManagementRequest> parse_management_request(std::string_view json) {
  Reader reader;
  if (read_json(json, reader) != JsonFault::none) return std::nullopt;
  return reader.take();
}

}  // namespace pharos
