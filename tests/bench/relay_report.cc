#include "bench/relay_report.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>
#include <rapidjson/document.h>

#include "nostr/json_write.h"

namespace pharos::bench {
namespace {

// One run tells nothing of the noise; on machines that others use as well a tenth is common.
constexpr double kNoiseOfOneRun = 0.10;
constexpr double kLeastNoise = 0.05;

struct Column {
  std::string_view measure;
  std::string_view title;
  int width;
};
constexpr std::array<Column, 10> kColumns = {{{measure::kCount, "count", 9},
                                              {measure::kPerSecond, "per second", 11},
                                              {measure::kCpu, "CPU-us", 9},
                                              {measure::kFloors, "x floor", 8},
                                              {measure::kP50, "p50 ms", 8},
                                              {measure::kP99, "p99 ms", 8},
                                              {measure::kWritten, "KB written", 11},
                                              {measure::kSwitches, "switches", 9},
                                              {measure::kResident, "RSS MB", 8},
                                              {measure::kAnonymous, "anon MB", 8}}};

bool has_column(std::string_view name) {
  return std::ranges::any_of(kColumns, [&](const Column& column) { return column.measure == name; });
}

// Three digits that tell something.
std::string figure(double value) {
  const double size = std::abs(value);
  return fmt::format("{:.{}f}", value, size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 || size == 0 ? 2 : 3);
}

bool more_is_better(std::string_view name) { return name.ends_with("per_second"); }

}  // namespace

double Measure::median() const {
  if (runs.empty()) return 0;
  std::vector<double> sorted = runs;
  std::ranges::sort(sorted);
  const std::size_t middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

double Measure::spread() const {
  const double middle = median();
  if (runs.size() < 2 || middle == 0) return 0;
  const auto [least, greatest] = std::ranges::minmax(runs);
  return (greatest - least) / std::abs(middle);
}

const Measure* ReportRow::find(std::string_view name) const {
  for (const auto& [key, value] : measures) {
    if (key == name) return &value;
  }
  return nullptr;
}

ReportRow& RelayReport::row_of(const std::string& scenario) {
  const auto found = std::ranges::find(rows_, scenario, &ReportRow::scenario);
  return found != rows_.end() ? *found : rows_.emplace_back(ReportRow{scenario, {}, {}});
}

void RelayReport::add(const std::string& scenario, const std::vector<std::pair<std::string_view, double>>& measures,
                      const std::string& remark) {
  ReportRow& row = row_of(scenario);
  row.remark = remark;
  for (const auto& [name, value] : measures) {
    const auto found = std::ranges::find_if(row.measures, [&](const auto& known) { return known.first == name; });
    Measure& measure = found != row.measures.end() ? found->second : row.measures.emplace_back(name, Measure{}).second;
    measure.runs.push_back(value);
  }
}

std::string RelayReport::heading() {
  std::string out = fmt::format("{:<36}", "scenario");
  for (const Column& column : kColumns) out += fmt::format("{:>{}}", column.title, column.width);
  return out + "  notes\n";
}

std::string RelayReport::line(const ReportRow& row) {
  std::string out = fmt::format("{:<36}", row.scenario);
  for (const Column& column : kColumns) {
    const Measure* measure = row.find(column.measure);
    out += fmt::format("{:>{}}", measure ? figure(measure->median()) : "-", column.width);
  }
  std::string notes;
  for (const auto& [name, measure] : row.measures) {
    if (!has_column(name)) notes += fmt::format("{}{} {}", notes.empty() ? "" : ", ", name, figure(measure.median()));
  }
  if (!row.remark.empty()) notes += (notes.empty() ? "" : "; ") + row.remark;
  return out + "  " + notes + "\n";
}

std::string RelayReport::table() const {
  std::string out = heading();
  for (const ReportRow& row : rows_) out += line(row);
  return out;
}

std::string RelayReport::json(const std::string& machine) const {
  std::string out = "{\"machine\":";
  append_json_string(out, machine);
  out += ",\"scenarios\":{";
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    out += i > 0 ? ",\n" : "\n";
    append_json_string(out, rows_[i].scenario);
    out += ":{";
    for (std::size_t m = 0; m < rows_[i].measures.size(); ++m) {
      const auto& [name, measure] = rows_[i].measures[m];
      if (m > 0) out += ',';
      append_json_string(out, name);
      out += fmt::format(":[{}]", fmt::join(measure.runs, ","));
    }
    out += '}';
  }
  return out + "}}\n";
}

Result<RelayReport, std::string> RelayReport::read(const std::string& json) {
  rapidjson::Document document;
  document.Parse(json.data(), json.size());
  if (document.HasParseError() || !document.IsObject() || !document.HasMember("scenarios") ||
      !document["scenarios"].IsObject()) {
    return failure(std::string("not a saved run"));
  }
  RelayReport report;
  for (const auto& scenario : document["scenarios"].GetObject()) {
    if (!scenario.value.IsObject()) return failure(std::string("not a saved run"));
    ReportRow& row = report.row_of(scenario.name.GetString());
    for (const auto& measure : scenario.value.GetObject()) {
      Measure& read = row.measures.emplace_back(measure.name.GetString(), Measure{}).second;
      if (!measure.value.IsArray()) return failure(std::string("not a saved run"));
      for (const auto& run : measure.value.GetArray()) {
        if (run.IsNumber()) read.runs.push_back(run.GetDouble());
      }
    }
  }
  return report;
}

std::string RelayReport::comparison(const RelayReport& before) const {
  std::string out =
      fmt::format("{:<36}{:<24}{:>12}{:>12}{:>9}{:>9}\n", "scenario", "measure", "before", "now", "ratio", "noise");
  for (const ReportRow& row : rows_) {
    const auto old_row = std::ranges::find(before.rows_, row.scenario, &ReportRow::scenario);
    if (old_row == before.rows_.end()) continue;
    for (const auto& [name, now] : row.measures) {
      const Measure* old = old_row->find(name);
      if (!old || old->median() == 0 || name == measure::kCount) continue;
      const double ratio = now.median() / old->median();
      const bool single = now.runs.size() < 2 || old->runs.size() < 2;
      const double noise = std::max({single ? kNoiseOfOneRun : kLeastNoise, now.spread(), old->spread()});
      std::string_view mark;
      if (std::abs(ratio - 1) > noise) mark = (ratio > 1) == more_is_better(name) ? "  better" : "  WORSE";
      out += fmt::format("{:<36}{:<24}{:>12}{:>12}{:>9.2f}{:>8.0f}%{}\n", row.scenario, name, figure(old->median()),
                         figure(now.median()), ratio, noise * 100, mark);
    }
  }
  return out;
}

}  // namespace pharos::bench
