// What the macro-benchmark measured: a table for people, a file for comparing. Measures are named numbers of a
// scenario; the medians over all runs count, and how far the runs lie apart is the noise.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "util/result.h"

namespace pharos::bench {

// The names that have a column; any other goes to the notes.
namespace measure {
inline constexpr std::string_view kCount = "count";
inline constexpr std::string_view kPerSecond = "per_second";
inline constexpr std::string_view kCpu = "cpu_us";
inline constexpr std::string_view kFloors = "x_floor";
inline constexpr std::string_view kP50 = "p50_ms";
inline constexpr std::string_view kP99 = "p99_ms";
inline constexpr std::string_view kWritten = "kb_written";
inline constexpr std::string_view kSwitches = "switches";
inline constexpr std::string_view kResident = "rss_mb";
inline constexpr std::string_view kAnonymous = "anon_mb";
}  // namespace measure

struct Measure {
  std::vector<double> runs;
  double median() const;
  double spread() const;  // (greatest - least) / median
};

struct ReportRow {
  std::string scenario;
  std::vector<std::pair<std::string, Measure>> measures;  // in the order they were added
  std::string remark;                                     // of the last run

  const Measure* find(std::string_view name) const;
};

class RelayReport {
 public:
  // Of this run.
  void add(const std::string& scenario, const std::vector<std::pair<std::string_view, double>>& measures,
           const std::string& remark = {});
  const std::vector<ReportRow>& rows() const { return rows_; }

  static std::string heading();
  static std::string line(const ReportRow& row);
  std::string table() const;

  std::string json(const std::string& machine) const;
  static Result<RelayReport, std::string> read(const std::string& json);
  // Each measure beside that of `before`, and a mark where it changed by more than the noise.
  std::string comparison(const RelayReport& before) const;

 private:
  ReportRow& row_of(const std::string& scenario);
  std::vector<ReportRow> rows_;
};

}  // namespace pharos::bench
