#include "metrics/plugin_metrics.h"

#include "metrics/registry.h"

namespace pharos::metrics {

PluginMetrics make_plugin_metrics(Registry& registry) {
  PluginMetrics m;
  m.asked = registry.counter(MetricId::plugin_asked_total);
  for (std::size_t i = 0; i < m.answers.size(); ++i)
    m.answers[i] = registry.counter(MetricId::plugin_answers_total, {PluginMetrics::kAnswerLabels[i]});
  for (std::size_t i = 0; i < m.unanswered.size(); ++i)
    m.unanswered[i] = registry.counter(MetricId::plugin_unanswered_total, {PluginMetrics::kUnansweredLabels[i]});
  for (std::size_t i = 0; i < m.ended.size(); ++i)
    m.ended[i] = registry.counter(MetricId::plugin_ended_total, {PluginMetrics::kEndedLabels[i]});
  m.bad_lines = registry.counter(MetricId::plugin_bad_lines_total);
  m.late_answers = registry.counter(MetricId::plugin_late_answers_total);
  m.up = registry.gauge(MetricId::plugin_up);
  m.in_flight = registry.gauge(MetricId::plugin_in_flight);
  m.waiting = registry.gauge(MetricId::queue_depth, {"plugin"});
  m.waiting_capacity = registry.gauge(MetricId::queue_capacity, {"plugin"});
  m.seconds = registry.histogram(MetricId::plugin_seconds);
  return m;
}

}  // namespace pharos::metrics
