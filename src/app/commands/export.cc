#include <fmt/format.h>

#include "app/commands/command.h"
#include "app/commands/selection.h"
#include "app/exporter.h"
#include "app/line_sink.h"
#include "app/progress.h"
#include "app/stop_signal.h"
#include "app/wording.h"

namespace pharos::app {
namespace {

// A file that stood there before stays as it was unless everything was written.
ExitCode end_output(const WalkResult& result, LineSink& sink) {
  if (!result.complete && sink.error().empty()) {
    complain("the database could not be read to the end; the output is incomplete");
    return ExitCode::io;
  }
  const auto finished = sink.finish();
  if (finished) return ExitCode::ok;
  complain(finished.error());
  return ExitCode::io;
}

struct ExportArguments {
  std::shared_ptr<std::string> config;
  Selection selection;
  std::string output = "-";
  bool zstd = false;
  bool force = false;
};

ExitCode export_events(const ExportArguments& arguments) {
  const SystemClock clock;
  auto filters = arguments.selection.filters();
  if (!filters) {
    complain(filters.error());
    return ExitCode::usage;
  }
  const OpenedStore opened = open_read_only(*arguments.config, clock);
  if (!opened.store) return opened.code;
  auto sink = LineSink::open(arguments.output, arguments.zstd || arguments.output.ends_with(".zst"),
                             arguments.force ? LineSink::Existing::replaced : LineSink::Existing::refused);
  if (!sink) {
    complain(sink.error());
    return ExitCode::cannot_create;
  }
  // Elsewhere there is nothing to take away, and a pipe may keep us waiting.
  const std::atomic<bool>* is_to_stop = sink.value()->is_draft() ? &stop_when_asked() : nullptr;
  bool was_stopped = false;
  Progress progress(clock);
  std::uint64_t rendered = 0;
  const auto render = [&rendered](const storage::RecordView& record, std::string& text) {
    record.append_json(text);
    text += '\n';
    ++rendered;
  };
  const auto write = [&](std::string_view lines) {
    if (progress.due()) progress.show(fmt::format("export: {} events", rendered));
    was_stopped = is_to_stop != nullptr && *is_to_stop;
    return sink.value()->write(lines) && !was_stopped;
  };
  const WalkResult result = walk_events(*opened.store, std::move(filters).value(), clock, render, write);
  progress.clear();
  if (was_stopped && sink.value()->error().empty()) {
    complain("stopped: " + arguments.output + " was not written");
    return ExitCode::failure;
  }
  const ExitCode code = end_output(result, *sink.value());
  if (code == ExitCode::ok) {
    fmt::print(stderr, "{} written to {}\n", counted(result.events, "event"),
               arguments.output == "-" ? "standard output" : arguments.output);
  }
  return code;
}

struct ScanArguments {
  std::shared_ptr<std::string> config;
  Selection selection;
  bool count = false;
};

ExitCode scan_events(const ScanArguments& arguments) {
  const SystemClock clock;
  auto filters = arguments.selection.filters();
  if (!filters) {
    complain(filters.error());
    return ExitCode::usage;
  }
  const OpenedStore opened = open_read_only(*arguments.config, clock);
  if (!opened.store) return opened.code;
  auto sink = LineSink::open("-", false);
  if (!sink) {
    complain(sink.error());
    return ExitCode::io;
  }
  const SteadyTime start = clock.now();
  const auto render = [&arguments](const storage::RecordView& record, std::string& text) {
    if (!arguments.count) text += record.id().hex() + "\n";
  };
  const auto write = [&sink](std::string_view ids) { return sink.value()->write(ids); };
  const WalkResult result = walk_events(*opened.store, std::move(filters).value(), clock, render, write);
  if (arguments.count && result.complete) sink.value()->write(fmt::format("{}\n", result.events));
  const ExitCode code = end_output(result, *sink.value());
  fmt::print(stderr, "{}, {} examined, {:.1f} ms\n", counted(result.events, "event"), counted(result.scanned, "record"),
             std::chrono::duration<double, std::milli>(clock.now() - start).count());
  return code;
}

}  // namespace

void add_export(CLI::App& root, Action& action) {
  CLI::App* command =
      root.add_subcommand("export", "Write stored events as JSON lines, newest first; runs beside a serving instance");
  auto arguments = std::make_shared<ExportArguments>();
  arguments->config = add_config_option(*command);
  arguments->selection.add_options(*command);
  command->add_option("-o,--output", arguments->output, "File to write, - for standard output")->capture_default_str();
  command->add_flag("--zstd", arguments->zstd, "Compress the output, as that of a file with a name in .zst is anyway");
  command->add_flag("--force", arguments->force, "Replace the file where it is there already");
  command->callback([&action, arguments] { action = [arguments] { return export_events(*arguments); }; });
}

void add_scan(CLI::App& root, Action& action) {
  CLI::App* command = root.add_subcommand("scan", "Print the ids of stored events that match, and what it took");
  auto arguments = std::make_shared<ScanArguments>();
  arguments->config = add_config_option(*command);
  arguments->selection.add_options(*command);
  command->add_flag("--count", arguments->count, "Print their number instead");
  command->callback([&action, arguments] { action = [arguments] { return scan_events(*arguments); }; });
}

}  // namespace pharos::app
