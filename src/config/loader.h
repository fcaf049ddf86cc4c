// Reads the settings file and the environment, strictly, and reports everything that is wrong at once.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "util/result.h"

namespace pharos::config {

struct SettingError {
  std::string file;  // or the name of an environment variable
  int line = 0;      // 0 when there is none
  std::string key;   // "relay.listen"; "" for the file as a whole
  std::string message;

  // "pharos.toml:12: relay.lisen: unknown key, did you mean listen?"
  std::string text() const;
};

using Environment = std::map<std::string, std::string>;

// As much as could be read, for checks that go on behind the first error.
struct Reading {
  Settings settings;
  std::vector<SettingError> errors;
  bool complete = true;  // false: there was no file, or it is no TOML; nothing of it is in the settings
};

// file "" reads no file. Only variables that begin with PHAROS_ are looked at.
Reading read_settings(const std::string& file, const Environment& environment);

// From a text, `file` is what errors name.
Reading read_settings_text(std::string_view toml, const std::string& file, const Environment& environment);

// The same, all or nothing.
Result<Settings, std::vector<SettingError>> parse_settings(std::string_view toml, const std::string& file,
                                                           const Environment& environment);

// An error about a key, at the place where it was set.
SettingError error_at(const Settings& settings, std::string_view key, std::string message);

// A line for each PHAROS_ variable that is none, with the nearest one that is. Those with a double underscore are
// errors besides; the others may be meant for something else.
std::vector<std::string> unknown_variables(const Environment& environment);

// The PHAROS_ variables of this process.
Environment process_environment();

}  // namespace pharos::config
