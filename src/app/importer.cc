#include "app/importer.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "app/progress.h"
#include "nostr/event_json.h"
#include "nostr/message.h"
#include "util/sync.h"

namespace pharos::app {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kJsonSpace = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kJsonSpace), text.size()));
  return text.substr(0, text.find_last_not_of(kJsonSpace) + 1);
}

// The event object of a line, whatever it is wrapped in.
Result<void, std::string> parse_line(std::string_view line, Event& event) {
  if (line.starts_with('[')) {
    auto message = parse_client_message(line, MessageLimits{});
    if (message) {
      if (auto* command = std::get_if<EventCommand>(&message.value())) {
        event = std::move(command->event);
        return success();
      }
      return failure(std::string("not an EVENT message"));
    }
    auto reply = parse_relay_message(line);
    if (reply) {
      if (auto* wrapped = std::get_if<EventReply>(&reply.value())) {
        event = std::move(wrapped->event);
        return success();
      }
    }
    return failure(message.error().reason);
  }
  auto parsed = parse_event(line, event);
  if (!parsed) return failure(std::string(describe(parsed.error().error)));
  return success();
}

class Import {
 public:
  Import(LineSource& lines, ingest::Pipeline& pipeline, const Clock& clock, const ImportOptions& options,
         ImportReport& report)
      : lines_(lines), pipeline_(pipeline), clock_(clock), options_(options), report_(report), progress_(clock) {}

  Result<void, std::string> run() {
    const SteadyTime start = clock_.now();
    std::string_view line;
    while (true) {
      const LineSource::Next next = lines_.next(line);
      if (next == LineSource::Next::end) break;
      if (next == LineSource::Next::failed) {
        drain();
        return failure(lines_.error());
      }
      if (next == LineSource::Next::line)
        take(line);
      else
        refuse(lines_.line_number(), ingest::Reason::too_large, "the line is too long");
      if (options_.show_progress && progress_.due()) show(start);
    }
    drain();
    return success();
  }

 private:
  void take(std::string_view line) {
    const std::uint64_t number = lines_.line_number();
    if (number == 1 && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
    line = trimmed(line);
    if (line.empty()) return;
    auto event = std::make_shared<Event>();
    const auto parsed = parse_line(line, *event);
    if (!parsed) {
      pipeline_.count_refused(ingest::Source::import_, ingest::Reason::invalid_event);
      refuse(number, ingest::Reason::invalid_event, parsed.error());
      return;
    }
    {
      Lock lock(mutex_);
      ++report_.lines;
      ++undecided_;
    }
    ingest::Submission submission;
    submission.event = std::move(event);
    submission.source = ingest::Source::import_;
    submission.done = [this, number](const ingest::Verdict& verdict) { decided(number, verdict); };
    if (!pipeline_.submit_waiting(std::move(submission)))
      decided(number, {ingest::Fate::rejected, ingest::Reason::overloaded, "stopped"});
  }

  void decided(std::uint64_t number, const ingest::Verdict& verdict) {
    Lock lock(mutex_);
    switch (verdict.fate) {
      case ingest::Fate::stored:
        ++report_.stored;
        break;
      case ingest::Fate::duplicate:
        ++report_.duplicate;
        break;
      case ingest::Fate::replaced:
        ++report_.replaced;
        break;
      case ingest::Fate::ephemeral:
        ++report_.ephemeral;
        break;
      case ingest::Fate::rejected:
        note_refusal(number, verdict.reason, verdict.detail);
        break;
    }
    if (--undecided_ == 0) all_decided_.notify_all();
  }

  void refuse(std::uint64_t number, ingest::Reason reason, std::string_view why) {
    Lock lock(mutex_);
    ++report_.lines;
    note_refusal(number, reason, why);
  }

  void note_refusal(std::uint64_t number, ingest::Reason reason, std::string_view why) PHAROS_REQUIRES(mutex_) {
    auto& refusals = report_.refused[static_cast<std::size_t>(reason)];
    ++refusals.count;
    const bool shown = refusals.first_lines.size() < options_.lines_shown_per_reason;
    if (!shown && !options_.on_refused) return;
    const std::string line = fmt::format("{}:{}", lines_.name(), number);
    if (shown) refusals.first_lines.push_back(line);
    if (options_.on_refused) {
      options_.on_refused(line, why.empty() ? std::string(name(reason)) : fmt::format("{}: {}", name(reason), why));
    }
  }

  void drain() {
    Lock lock(mutex_);
    while (undecided_ > 0) lock.wait(all_decided_);
  }

  void show(SteadyTime start) {
    const double seconds = std::chrono::duration<double>(clock_.now() - start).count();
    Lock lock(mutex_);
    const auto percent = lines_.bytes_total() == 0
                             ? std::string()
                             : fmt::format(", {:.0f} %", 100.0 * static_cast<double>(lines_.bytes_read()) /
                                                             static_cast<double>(lines_.bytes_total()));
    progress_.show(fmt::format("import: {} lines, {} stored, {} refused, {:.0f}/s{}", report_.lines, report_.stored,
                               report_.refused_total(), static_cast<double>(report_.lines) / seconds, percent));
  }

  LineSource& lines_;
  ingest::Pipeline& pipeline_;
  const Clock& clock_;
  const ImportOptions& options_;
  Mutex mutex_;
  std::condition_variable all_decided_;
  ImportReport& report_ PHAROS_GUARDED_BY(mutex_);
  std::uint64_t undecided_ PHAROS_GUARDED_BY(mutex_) = 0;
  Progress progress_;
};

}  // namespace

std::uint64_t ImportReport::refused_total() const {
  return std::accumulate(refused.begin(), refused.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Refusals& some) { return sum + some.count; });
}

std::string ImportReport::text(double seconds) const {
  std::string out = fmt::format("{} lines in {:.1f} s ({:.0f}/s)\n", lines, seconds,
                                static_cast<double>(lines) / std::max(seconds, 1e-9));
  out += fmt::format("  stored     {}\n  duplicate  {}\n  replaced   {}\n  ephemeral  {}\n  refused    {}\n", stored,
                     duplicate, replaced, ephemeral, refused_total());
  for (std::size_t i = 0; i < refused.size(); ++i) {
    if (refused[i].count == 0) continue;
    out += fmt::format("    {:<18} {:>8}  {}{}\n", name(static_cast<ingest::Reason>(i)), refused[i].count,
                       fmt::join(refused[i].first_lines, ", "),
                       refused[i].count > refused[i].first_lines.size() ? ", ..." : "");
  }
  return out;
}

Result<void, std::string> import_lines(LineSource& lines, ingest::Pipeline& pipeline, const Clock& clock,
                                       const ImportOptions& options, ImportReport& report) {
  return Import(lines, pipeline, clock, options, report).run();
}

}  // namespace pharos::app
