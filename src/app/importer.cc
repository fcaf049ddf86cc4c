#include "app/importer.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <numeric>

#include <fmt/format.h>

#include "app/progress.h"
#include "app/wording.h"
#include "nostr/event_json.h"
#include "nostr/message.h"
#include "util/release_memory.h"
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

class Import;

// Some lines of the file, and the events that they become.
struct Block {
  struct Line {
    Import* import = nullptr;
    std::uint64_t number = 0;
    std::size_t begin = 0;  // in the text
    std::size_t size = 0;
    Event event;
  };

  std::string text;
  std::vector<Line> lines;
};

class Import {
 public:
  Import(LineSource& lines, ingest::Pipeline& pipeline, const Clock& clock, const ImportOptions& options,
         ImportReport& report)
      : lines_(lines), pipeline_(pipeline), clock_(clock), options_(options), report_(report), progress_(clock) {}

  Result<void, std::string> run() {
    const SteadyTime start = clock_.now();
    std::string_view line;
    LineSource::Next next = lines_.next(line);
    for (; next == LineSource::Next::line || next == LineSource::Next::too_long; next = lines_.next(line)) {
      if (next == LineSource::Next::line)
        take(line);
      else
        refuse_too_long();
      if (options_.show_progress && progress_.due()) show(start);
      // The rest of a block may be long in coming.
      if (lines_.bytes_total() == 0 && !lines_.has_line()) hand_on();
    }
    hand_on();
    while (!pipeline_.wait_idle(std::chrono::minutes(1))) {
    }
    list_refused();
    if (next == LineSource::Next::failed) return failure(lines_.error());
    if (next == LineSource::Next::stopped) {
      return failure(fmt::format("stopped before line {} of {}; what was read is in the database",
                                 lines_.line_number() + 1, lines_.name()));
    }
    return success();
  }

 private:
  void take(std::string_view line) {
    const std::uint64_t number = lines_.line_number();
    if (number == 1 && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
    line = trimmed(line);
    if (line.empty()) return;
    if (block_ && block_->text.size() + line.size() > kImportBlockBytes) hand_on();
    if (!block_) {
      block_ = std::make_shared<Block>();
      block_->text.reserve(std::max(kImportBlockBytes, line.size()));
    }
    block_->lines.push_back({this, number, block_->text.size(), line.size(), {}});
    block_->text += line;
  }

  void hand_on() {
    if (!block_) return;
    {
      Lock lock(mutex_);
      report_.lines += block_->lines.size();
    }
    ingest::Bulk bulk;
    bulk.events = block_->lines.size();
    bulk.bytes = block_->text.size();
    bulk.make = [this, block = block_] { return parse(block); };
    const std::shared_ptr<Block> block = std::move(block_);
    if (pipeline_.submit_waiting(std::move(bulk))) return;
    for (const Block::Line& line : block->lines) {
      decided(line.number, {ingest::Fate::rejected, ingest::Reason::overloaded, "stopped"});
    }
  }

  // On a thread of the pool.
  std::vector<ingest::Submission> parse(const std::shared_ptr<Block>& block) {
    std::vector<ingest::Submission> made;
    made.reserve(block->lines.size());
    for (Block::Line& line : block->lines) {
      const auto parsed = parse_line(std::string_view(block->text).substr(line.begin, line.size), line.event);
      if (!parsed) {
        pipeline_.count_refused(ingest::Source::import_, ingest::Reason::invalid_event);
        decided(line.number, {ingest::Fate::rejected, ingest::Reason::invalid_event, parsed.error()});
        continue;
      }
      ingest::Submission& submission = made.emplace_back();
      submission.event = storage::EventPtr(block, &line.event);
      submission.source = ingest::Source::import_;
      submission.is_trusted = options_.trusted;
      // One word is kept without an allocation.
      submission.done = [&line](const ingest::Verdict& verdict) { line.import->decided(line.number, verdict); };
    }
    release_memory(block->text);
    return made;
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
      case ingest::Fate::shadowed:
        note_refusal(number, verdict.reason, verdict.detail);
        break;
    }
  }

  void refuse_too_long() {
    Lock lock(mutex_);
    ++report_.lines;
    note_refusal(lines_.line_number(), ingest::Reason::too_large, "the line is too long");
  }

  void note_refusal(std::uint64_t number, ingest::Reason reason, std::string_view why) PHAROS_REQUIRES(mutex_) {
    const auto index = static_cast<std::size_t>(reason);
    ++report_.refused[index].count;
    // Blocks are parsed side by side, so that lines come in any order.
    auto& first = first_refused_[index];
    first.insert(std::ranges::upper_bound(first, number), number);
    if (first.size() > options_.lines_shown_per_reason) first.pop_back();
    if (options_.on_refused) {
      options_.on_refused(place_of(number),
                          why.empty() ? std::string(name(reason)) : fmt::format("{}: {}", name(reason), why));
    }
  }

  std::string place_of(std::uint64_t number) const { return fmt::format("{}:{}", lines_.name(), number); }

  void list_refused() {
    Lock lock(mutex_);
    for (std::size_t i = 0; i < first_refused_.size(); ++i) {
      auto& shown = report_.refused[i].first_lines;
      for (const std::uint64_t number : first_refused_[i]) {
        if (shown.size() < options_.lines_shown_per_reason) shown.push_back(place_of(number));
      }
    }
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
  std::shared_ptr<Block> block_;  // being filled
  Mutex mutex_;
  ImportReport& report_ PHAROS_GUARDED_BY(mutex_);
  std::array<std::vector<std::uint64_t>, ImportReport::kReasons> first_refused_ PHAROS_GUARDED_BY(mutex_);
  Progress progress_;
};

}  // namespace

std::uint64_t ImportReport::not_written() const {
  return refused[static_cast<std::size_t>(ingest::Reason::map_full)].count +
         refused[static_cast<std::size_t>(ingest::Reason::storage)].count;
}

std::uint64_t ImportReport::refused_total() const {
  return std::accumulate(refused.begin(), refused.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Refusals& some) { return sum + some.count; });
}

std::string ImportReport::text(double seconds) const {
  std::string out = fmt::format("{} in {:.1f} s ({:.0f}/s)\n", counted(lines, "line"), seconds,
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
