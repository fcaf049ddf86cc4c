#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include "app/commands/command.h"
#include "app/data_owner.h"
#include "app/importer.h"
#include "app/line_sink.h"
#include "app/stop_signal.h"
#include "app/stored_rules.h"
#include "ingest/plugin.h"

namespace pharos::app {
namespace {

struct ImportArguments {
  std::shared_ptr<std::string> config;
  std::vector<std::string> files{"-"};
  std::string rejects;
  bool force = false;
  bool refuse_protected = false;
  bool trusted = false;
};

// Of what is not logged: enough that no thread waits for lines, and so little that what one has parsed is still in the
// processor's cache when the writer takes it. A log is the better flushed the more is in flight.
constexpr std::size_t kBlocksAThread = 4;

bool can_be_read_again(const std::string& file) {
  std::error_code unknown;
  return file != "-" && std::filesystem::is_regular_file(file, unknown);
}

// Nobody waits for the answer about a single event, so commits are long and the disk is flushed seldom. What files hold
// is not logged before it is merged: it is imported again when the end does not come. A pipe may give it but once.
storage::StoreOptions in_long_commits(storage::StoreOptions options, const std::vector<std::string>& files) {
  options.batch_window = std::max(options.batch_window, std::chrono::microseconds(50'000));
  options.batch_max_events = std::max<std::size_t>(options.batch_max_events, 4096);
  if (std::ranges::all_of(files, can_be_read_again)) options.durability = storage::Durability::at_stop;
  return options;
}

// One merge needs the memory that the one before it gave back, and clearing pages is most of what either costs.
void keep_freed_memory() {
  constexpr int kMost = 1 << 30;
  ::mallopt(M_MMAP_THRESHOLD, kMost);
  ::mallopt(M_TRIM_THRESHOLD, kMost);
}

ExitCode complain_of(const storage::StorageFailure& failure) {
  complain(failure_text(failure));
  return exit_code(failure.error);
}

Result<ingest::Options, storage::StorageFailure> stored_rules(const AllOptions& options, const Clock& clock) {
  PHAROS_TRY(const auto store, storage::Store::open(options.store, clock));
  return with_stored_rules(*store, options, clock.unix_now());
}

ExitCode import_files(const ImportArguments& arguments) {
  const auto loaded = load_or_complain(*arguments.config);
  if (!loaded) return ExitCode::settings;
  if (const auto refusal = refuse_as_root(loaded->options.store.directory, ::geteuid())) {
    complain(*refusal);
    return ExitCode::permission;
  }
  const SystemClock clock;
  keep_freed_memory();
  // Without a log nothing but events can be written: what else the database has to know it is told first.
  auto rules = stored_rules(loaded->options, clock);
  if (!rules) return complain_of(rules.error());
  const storage::StoreOptions store_options = in_long_commits(loaded->options.store, arguments.files);
  auto store = storage::Store::open(store_options, clock);
  if (!store) return complain_of(store.error());
  ImportOptions options;
  options.trusted = arguments.trusted;
  // What was read is brought to its end.
  const std::atomic<bool>& is_to_stop = stop_when_asked();
  std::unique_ptr<LineSink> rejects;
  if (!arguments.rejects.empty()) {
    auto opened = LineSink::open(arguments.rejects, false,
                                 arguments.force ? LineSink::Existing::replaced : LineSink::Existing::refused);
    if (!opened) {
      complain(opened.error());
      return ExitCode::cannot_create;
    }
    rejects = std::move(opened).value();
    options.on_refused = [&](std::string_view line, std::string_view why) {
      rejects->write(fmt::format("{}: {}\n", line, why));
    };
  }

  ingest::Options ingest_options = std::move(rules).value();
  // Nobody else asks anything of this machine's cores, and a full queue of the pool is no reason to refuse lines.
  const std::size_t threads = std::max<std::size_t>(loaded->options.workers, std::thread::hardware_concurrency());
  WorkerPool pool("worker", threads, ingest_options.max_in_flight + 1);
  if (store_options.durability == storage::Durability::at_stop) {
    ingest_options.max_in_flight_bytes =
        std::min(ingest_options.max_in_flight_bytes, threads * kBlocksAThread * kImportBlockBytes);
  }
  ingest_options.admission.refuse_protected_from_others = arguments.refuse_protected;
  SystemRandom random;
  ingest::Plugin plugin(ingest::for_one_source(loaded->options.plugin, ingest::Source::import_), clock, random);
  const auto pipeline = ingest::make_pipeline(ingest_options, *store.value(), pool, clock, {}, &plugin);
  ImportReport report;
  const SteadyTime start = clock.now();
  ExitCode code = ExitCode::ok;
  for (const std::string& file : arguments.files) {
    auto lines = LineSource::open(file, &is_to_stop);
    if (!lines) {
      complain(lines.error());
      code = ExitCode::no_input;
      break;
    }
    if (const auto done = import_lines(*lines.value(), *pipeline, clock, options, report); !done) {
      complain(done.error());
      code = is_to_stop ? ExitCode::failure : ExitCode::io;
      break;
    }
  }
  pipeline->stop();
  pool.stop();
  store.value()->stop();
  if (rejects) {
    if (const auto finished = rejects->finish(); !finished) {
      complain(finished.error());
      code = ExitCode::io;
    }
  }
  if (store_options.durability == storage::Durability::at_stop && !store.value()->is_merged()) {
    complain("the database cannot be written: some of what is counted as stored below is not in it; import it again");
    code = ExitCode::io;
  } else if (const std::uint64_t count = report.not_written(); count > 0) {
    complain(fmt::format("the database cannot be written: it, or the disk, is full or fails; {} events are not in it",
                         count));
    code = ExitCode::io;
  }
  // Where no file could be opened there is nothing to report.
  if (code == ExitCode::no_input && report.lines == 0) return code;
  fmt::print(stderr, "{}", report.text(std::chrono::duration<double>(clock.now() - start).count()));
  if (code == ExitCode::ok && report.refused_total() > 0) code = ExitCode::partial;
  return code;
}

}  // namespace

void add_import(CLI::App& root, Action& action) {
  CLI::App* command = root.add_subcommand(
      "import",
      "Store events from JSON lines (bare or [\"EVENT\", ...], plain or zstd), verified; needs the database to "
      "itself (stop serve)");
  auto arguments = std::make_shared<ImportArguments>();
  arguments->config = add_config_option(*command);
  command->add_option("files", arguments->files, "Files, - for standard input")->capture_default_str();
  command->add_option("--rejects", arguments->rejects,
                      "Write file and number of every refused line, and why, to this file");
  command->add_flag("--force", arguments->force, "Replace the file of --rejects where it is there already");
  command->add_flag("--refuse-protected", arguments->refuse_protected,
                    "Refuse protected events (NIP-70): for files that are not this relay's own archive, whose authors "
                    "gave them to another relay");
  command->add_flag("--trusted", arguments->trusted,
                    "Believe ids and signatures without checking them: for files that this relay exported itself");
  command->callback([&action, arguments] { action = [arguments] { return import_files(*arguments); }; });
}

}  // namespace pharos::app
