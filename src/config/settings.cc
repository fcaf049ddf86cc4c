#include "config/settings.h"

#include "util/check.h"

namespace pharos::config {
namespace {

template <class T>
const T& get(const Values& values, std::string_view key) {
  const Value* value = values.find(key);
  PHAROS_FATAL_CHECK(value != nullptr && std::holds_alternative<T>(*value));
  return std::get<T>(*value);
}

}  // namespace

bool Values::boolean(std::string_view key) const { return get<bool>(*this, key); }
std::int64_t Values::integer(std::string_view key) const { return get<std::int64_t>(*this, key); }
double Values::real(std::string_view key) const { return get<double>(*this, key); }
const std::string& Values::text(std::string_view key) const { return get<std::string>(*this, key); }
const std::vector<std::string>& Values::list(std::string_view key) const {
  return get<std::vector<std::string>>(*this, key);
}
const Rate& Values::rate(std::string_view key) const { return get<Rate>(*this, key); }

const Value* Values::find(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : &found->second.value;
}

Origin Values::origin(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? Origin{} : found->second.origin;
}

std::vector<const TableValues*> Settings::tables_of(std::string_view section) const {
  std::vector<const TableValues*> found;
  for (const TableValues& table : tables) {
    if (table.section == section) found.push_back(&table);
  }
  return found;
}

std::vector<std::string> keys_from_environment(const Settings& settings) {
  std::vector<std::string> keys;
  for (const Setting& setting : settings_table()) {
    const std::string key = std::string(setting.section) + "." + std::string(setting.key);
    const Origin origin = settings.values.origin(key);
    if (!origin.file.empty() && origin.line == 0) keys.push_back(key);
  }
  return keys;
}

std::vector<std::string> changes_that_need_a_restart(const Settings& before, const Settings& after) {
  std::vector<std::string> keys;
  for (const Setting& setting : settings_table()) {
    const std::string key = std::string(setting.section) + "." + std::string(setting.key);
    if (setting.reload == Reload::restart && *before.values.find(key) != *after.values.find(key)) keys.push_back(key);
  }
  return keys;
}

}  // namespace pharos::config
