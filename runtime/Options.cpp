#include "runtime/Options.h"
#include "runtime/Refusal.h"
#include "runtime/abi/abi.h"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <iostream>
#include <limits>

namespace sigma::runtime {

static const char *launcherVariable() {
  for (const char *name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"})
    if (const char *value = std::getenv(name))
      return value;
  return nullptr;
}

int launchRank() {
  const char *value = launcherVariable();
  return value ? std::atoi(value) : 0;
}

bool launched() { return launcherVariable() != nullptr; }

/// Of options that launch scripts give too (codegen/launch), the user's, which stand last, hold.
static void declare(CLI::App &app, Options &o) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  app.add_option("--data", o.data, "training data: a file, each byte a token");
  app.add_option("--steps", o.steps, "train until this many steps are done in all")
      ->check(CLI::Range(int64_t(1), kMost));
  app.add_option("--checkpoint-dir", o.checkpointDir, "folder of checkpoints; created if missing");
  app.add_option("--checkpoint-interval", o.checkpointInterval, "steps between checkpoints")
      ->take_last()
      ->check(CLI::Range(int64_t(1), kMost))
      ->capture_default_str();
  app.add_option("--keep", o.keep, "checkpoints to keep")
      ->check(CLI::Range(int64_t(1), int64_t(1000000)))
      ->capture_default_str();
  app.add_flag("--resume", o.resume, "continue from the newest valid checkpoint, if there is one");
  app.add_option(
      "--save-as", o.saveAs,
      "save what --resume has loaded to this folder, as this program writes it, and end");
  app.add_option("--log", o.log, "append JSON lines to this file");
  app.add_option("--precision", o.precision, "f32, f64, bf16, or native: the program's own")
      ->check(CLI::IsMember({"native", "f32", "f64", "bf16"}))
      ->capture_default_str();
  app.add_option("--seed", o.seed, "of initial values and of the data's order")
      ->check(CLI::Range(int64_t(0), kMost))
      ->capture_default_str();
  app.add_option(
         "--check-interval", o.checkInterval,
         "steps between checks of the state: replicas are equal, and no value is larger than "
         "updates can make it; before each checkpoint as well; 0: none")
      ->check(CLI::Range(int64_t(0), kMost))
      ->capture_default_str();
  app.add_option(
         "--slow-factor", o.slowFactor,
         "a rank counts as slow at so many times the time of its peers, or of its own before")
      ->check(CLI::Range(1.01, 1e6))
      ->capture_default_str();
  app.add_option("--hang-after", o.hangAfter,
                 "seconds that a rank waits for others before the run counts as hung; without it, "
                 "ten times the longest step, and a minute at least")
      ->check(CLI::Range(0.1, 1e6));
  app.add_option("--threads", o.threads, "of each rank, for its matrix products")
      ->check(CLI::Range(int64_t(1), int64_t(1024)))
      ->capture_default_str();
  app.add_option("--trace", o.trace, "write a trace of one step for Perfetto to this file")
      ->envname("SIGMA_TRACE");
  app.add_option("--trace-step", o.traceStep, "the step of --trace; without it, the last")
      ->envname("SIGMA_TRACE_STEP")
      ->check(CLI::Range(int64_t(1), kMost));
  app.add_flag("--quiet", o.quiet, "no lines for people on stdout");
  app.add_flag("--list-tensors", o.listTensors, "print the program's tensors as JSON and exit");
  app.add_flag("--supervise", o.supervise, "start the ranks by mpirun, and again after a failure");
  app.add_option("--spares", o.spares,
                 "processes of a supervised run that wait to take the place of a lost rank")
      ->take_last()
      ->check(CLI::Range(int64_t(0), int64_t(1000000)))
      ->capture_default_str();
  app.add_option("--snapshot-interval", o.snapshotInterval,
                 "with --spares: steps between copies of the state in the memory of other ranks")
      ->take_last()
      ->check(CLI::Range(int64_t(1), kMost))
      ->capture_default_str();
  app.add_option("--max-restarts", o.maxRestarts, "restarts without progress before giving up")
      ->check(CLI::Range(int64_t(0), int64_t(1000000)))
      ->capture_default_str();
  app.add_option("--mpirun", o.mpirun, "the launcher of --supervise")->capture_default_str();
  app.add_option("--mpirun-arg", o.mpirunArgs, "one more argument for mpirun (may be repeated)")
      ->allow_extra_args(false);
  app.add_option("--hosts", o.hosts,
                 "a host file of mpirun: the hosts of --supervise, spare ones last");
  app.add_option("--nodes", o.nodes,
                 "file of what is known about the hosts; without it, `nodes` in --checkpoint-dir");
  app.add_option("--wait-for-hosts", o.waitForHosts,
                 "seconds to wait, where too few hosts are left, until some return")
      ->check(CLI::Range(0.0, 1e9))
      ->capture_default_str();
  app.add_option("--look-for-hosts", o.lookForHosts,
                 "while a smaller plan runs: seconds between looks whether hosts are back; 0: none")
      ->check(CLI::Range(0.0, 1e9))
      ->capture_default_str();
  app.add_option("--validate-within", o.validateWithin,
                 "seconds until a host that does not answer is taken for lost")
      ->check(CLI::Range(1.0, 1e6))
      ->capture_default_str();
  app.add_option("--node-least", o.nodeLeast,
                 "least figures of each rank of a good host: FLOP/s, bytes/s of memory, bytes/s of "
                 "its link")
      ->delimiter(',')
      ->expected(3)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_option("--storm-nodes", o.stormNodes,
                 "hosts with the same fault within an hour that stop the run for a person")
      ->check(CLI::Range(int64_t(1), int64_t(1000000)))
      ->capture_default_str();
  app.add_option("--prove", o.prove, "measure the hosts instead of training (the supervisor's)")
      ->group("");
  app.add_option("--describe", o.describe, "write what this program is (the supervisor's)")
      ->group("");
  app.add_option("--metrics", o.metrics,
                 "write metrics of the supervised run for Prometheus to this file, every second");
  app.add_option("--on-fault", o.onFault,
                 "run this by sh at each fault of the supervised run, with its JSON line as input");
  app.add_option("--end-marker", o.endMarker,
                 "file that says how the run ended (the supervisor sets it)")
      ->group("");
}

/// What CLI11 cannot say: which options need which.
static std::string missing(const Options &o) {
  if (o.listTensors || !o.prove.empty() || !o.describe.empty())
    return "";
  if (!o.hosts.empty() && !o.supervise)
    return "--hosts needs --supervise, as launch/mpirun.sh has it";
  if (o.data.empty())
    return "--data is required: a file, each byte a token";
  if (!o.saveAs.empty() && (!o.resume || o.supervise))
    return "--save-as needs --resume, and no supervisor";
  if (o.steps == 0 && o.saveAs.empty())
    return "--steps is required: at least 1";
  if (o.resume && o.checkpointDir.empty())
    return "--resume needs --checkpoint-dir";
  if (o.traceStep > 0 && o.trace.empty())
    return "--trace-step needs --trace";
  for (const auto &[option, value] : {std::pair("--metrics", o.metrics), {"--on-fault", o.onFault}})
    if (!value.empty() && (!o.supervise || o.log.empty()))
      return std::string(option) + " needs --log, and --supervise, as launch/mpirun.sh has it";
  if (o.spares > 0 && !o.supervise)
    return "--spares needs --supervise, as launch/mpirun.sh has it";
  if (o.traceStep > o.steps)
    return "--trace-step is beyond --steps";
  return "";
}

bool parseOptions(int argc, const char *const *argv, Options &options, int &status) {
  CLI::App app("A training program made by sigma.");
  declare(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp &) {
    if (launchRank() == 0)
      std::cout << app.help() << std::flush;
    status = SIGMA_EXIT_DONE;
    return false;
  } catch (const CLI::ParseError &error) {
    sayRefusal(std::string(error.what()) + "; see --help");
    status = SIGMA_EXIT_USAGE;
    return false;
  }
  const std::string complaint = missing(options);
  if (complaint.empty())
    return true;
  sayRefusal(complaint + "; see --help");
  status = SIGMA_EXIT_USAGE;
  return false;
}

} // namespace sigma::runtime
