// Settings: any text as TOML through the strict loader and the mapping to options, and any text as a rate and as a
// range of kinds. Whatever is wrong is an error with a message; the same text gives the same settings again, and a rate
// that is taken reads back from its plain form.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "app/options_map.h"
#include "config/loader.h"
#include "config/value_parser.h"
#include "util/check.h"

namespace {

using namespace pharos;
using namespace pharos::config;

void check_settings(std::string_view text) {
  const Reading reading = read_settings_text(text, "fuzz.toml", {});
  PHAROS_FATAL_CHECK(reading.complete || !reading.errors.empty());
  for (const SettingError& error : reading.errors) {
    PHAROS_FATAL_CHECK(!error.message.empty() && error.text().starts_with("fuzz.toml"));
  }
  const Reading again = read_settings_text(text, "fuzz.toml", {});
  PHAROS_FATAL_CHECK(again.errors.size() == reading.errors.size());
  PHAROS_FATAL_CHECK(changes_that_need_a_restart(reading.settings, again.settings).empty());
  PHAROS_FATAL_CHECK(keys_from_environment(reading.settings).empty());
  if (!reading.complete) return;
  // Also behind errors: the checks go on with what could be read.
  const auto options = app::map_options(reading.settings, 4);
  if (options) return;
  PHAROS_FATAL_CHECK(!options.error().empty());
  for (const SettingError& error : options.error()) PHAROS_FATAL_CHECK(!error.message.empty());
}

void check_rate(std::string_view text, bool sizes) {
  const auto rate = parse_rate(text, sizes);
  if (!rate) return;
  PHAROS_FATAL_CHECK(rate->is_bound() == (!text.empty() && text != "off"));
  if (!rate->is_bound()) return;
  PHAROS_FATAL_CHECK(rate->burst > 0 && rate->period >= std::chrono::seconds(1));
  const std::int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(rate->period).count();
  const std::string unit = seconds == 1 ? "s" : seconds == 60 ? "min" : seconds == 3'600 ? "h" : "d";
  const std::string plain = std::to_string(rate->tokens) + "/" + unit + " burst " + std::to_string(rate->burst);
  PHAROS_FATAL_CHECK(parse_rate(plain, sizes) == rate);
  // A bucket of it gives its burst and no more.
  TokenLevel level;
  const SteadyTime now = SteadyTime{} + std::chrono::hours(1);
  PHAROS_FATAL_CHECK(level.take(*rate, rate->burst, now));
  PHAROS_FATAL_CHECK(level.wait_for(*rate, 0, now) == Duration(0));
  PHAROS_FATAL_CHECK(level.full_at() >= now);
}

void check_kinds(std::string_view text) {
  const auto span = parse_kind_span(text);
  if (!span) return;
  const std::string first = std::to_string(span->first);
  PHAROS_FATAL_CHECK(span->first <= span->last);
  PHAROS_FATAL_CHECK(text == first || text == first + "-" + std::to_string(span->last));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_settings(text);
  check_rate(text, false);
  check_rate(text, true);
  check_kinds(text);
  return 0;
}
