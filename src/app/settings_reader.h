// What the maps from settings to options have in common: values that mean more than their text, and errors that name
// file, line and key. Pure; one thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "config/loader.h"
#include "ingest/access_lists.h"
#include "nostr/types.h"
#include "util/ip_range.h"

namespace pharos::app {

class SettingsReader {
 protected:
  // Both outlive it; what is wrong is appended to errors.
  SettingsReader(const config::Settings& settings, std::vector<config::SettingError>& errors)
      : settings_(settings), values_(settings.values), errors_(errors) {}
  ~SettingsReader() = default;

  void add(const std::string& key, const std::string& message);
  // Of two that do not fit one another: where the first is a default, the other one was set.
  void add_pair(const std::string& key, const std::string& other, const std::string& message);
  // For a key of a table of a list; one that is not set stands where the table begins.
  void add(const config::TableValues& table, const std::string& key, const std::string& message);
  static int line_of(const config::TableValues& table, const std::string& key);

  void must_not_exceed(const std::string& key, const std::string& greater);
  void must_exceed(const std::string& key, const std::string& less);

  std::chrono::seconds seconds(std::string_view key) const;
  // The good ones of a list; an error for each other.
  std::vector<PublicKey> public_keys(const std::string& key);
  std::vector<IpRange> ip_ranges(const std::string& key);
  // Of an integer_list, whose items have been checked.
  std::vector<Kind> whole_kinds(const std::string& key) const;
  // "7" or "20000-29999".
  std::vector<ingest::KindRange> kinds(const std::string& key);

  const config::Settings& settings_;
  const config::Values& values_;
  std::vector<config::SettingError>& errors_;
};

}  // namespace pharos::app
