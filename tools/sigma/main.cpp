//===- main.cpp - the command line of sigma -------------------------------===//

#include "tools/sigma/Commands.h"
#include "tools/sigma/Spec.h"
#include "llvm/Support/raw_ostream.h"
#include <CLI/CLI.hpp>

using namespace sigma::driver;

static void addJob(CLI::App *command, SpecOptions &spec) {
  command->add_option("--job", spec.job, "which job of SPEC, if there are several");
  command->add_option(
      "--pin", spec.pins,
      "fixes choices: pp=, dp=, ep=, microBatch=, remat=none|full; separated by commas");
  command->add_option("--devices", spec.devices, "a cluster of so many devices instead of SPEC's")
      ->check(CLI::PositiveNumber);
  command->add_option(
      "--profile", spec.profile,
      "measured figures (sigma profile) instead of those of SPEC's accelerators and tiers");
}

static void addSpec(CLI::App *command, SpecOptions &spec) {
  command->add_option("SPEC", spec.path, "model, cluster and job, in MLIR; - reads standard input")
      ->required();
  addJob(command, spec);
}

// The job is known by --spec, where there is one.
static CLI::Option *addSpecOption(CLI::App *command, SpecOptions &spec, const char *help) {
  CLI::Option *option = command->add_option("--spec", spec.path, help);
  addJob(command, spec);
  return option;
}

static void addCheckInputs(CLI::App *command, CheckOptions &check) {
  command->add_option(
      "PLAN", check.plan,
      "plan.json, of sigma or made by hand, unless an option below says the plan; - "
      "reads standard input");
  command->add_option("SPEC", check.spec.path,
                      "model, cluster and job, in MLIR; - reads standard input");
  addJob(command, check.spec);
  CLI::Option *megatron = command->add_option("--megatron", check.megatron,
                                              "checks what this launch command or list of "
                                              "Megatron-LM's flags says; - reads standard input");
  command
      ->add_option("--pipeline-layout", check.pipelineLayout,
                   "checks this --pipeline-model-parallel-layout of Megatron-LM, all else as is "
                   "best with it")
      ->excludes(megatron);
}

// Where an option says the plan, the only input is SPEC.
static void settleCheckInputs(CheckOptions &check) {
  if (check.stream) {
    if (!check.plan.empty())
      throw CLI::ExtrasError({check.plan});
    return;
  }
  if (check.megatron.empty() && check.pipelineLayout.empty()) {
    if (check.spec.path.empty())
      throw CLI::RequiredError(check.plan.empty() ? "PLAN" : "SPEC");
    return;
  }
  if (!check.spec.path.empty())
    throw CLI::ExtrasError({check.spec.path});
  if (check.plan.empty())
    throw CLI::RequiredError("SPEC");
  std::swap(check.plan, check.spec.path);
}

static int runExportTo(const ExportOptions &options) {
  if (options.format == "config")
    return runExport(options);
  return options.format == "megatron" ? runMegatronExport(options) : runLaunchExport(options);
}

/// What was printed must have arrived.
static int finish(int status) {
  llvm::outs().flush();
  std::error_code problem = llvm::outs().error();
  llvm::outs().clear_error();
  if (!problem)
    return status;
  fail("cannot write standard output: " + problem.message());
  return status == kDone ? kUserError : status;
}

int main(int argc, char **argv) {
  CLI::App app{"sigma plans and compiles the training of Mixture-of-Experts transformers"};
  app.require_subcommand(1);

  ImportOptions import;
  CLI::App *importCommand = app.add_subcommand(
      "import", "turns a Hugging Face config.json into a sigma.model, or a launch into a plan");
  importCommand
      ->add_option("FILE", import.path,
                   "config.json, or launch command or flags; - reads standard input")
      ->required();
  importCommand
      ->add_option("--from", import.format,
                   "config: a Hugging Face config.json; megatron: a launch of Megatron-LM")
      ->default_val("config")
      ->check(CLI::IsMember({"config", "megatron"}));
  addSpecOption(importCommand, import.spec, "megatron: the job that is launched");
  importCommand->add_option("-o,--output", import.output,
                            "writes the model or plan there; - to standard output");
  importCommand
      ->add_option("--sequence", import.sequence,
                   "tokens to train on at once, instead of the default")
      ->check(CLI::Range(int64_t(1), int64_t(1) << 24));
  importCommand->add_option("--name", import.name, "name of the model, instead of the file's");
  importCommand->add_flag("--explain", import.explain,
                          "comments that say which line or default each value comes from");
  CLI::Option *summary = importCommand->add_flag(
      "--summary", import.summary, "prints total and active parameters; the model only with -o");
  importCommand->add_flag("--json", import.json, "prints the summary as JSON")->needs(summary);

  ExportOptions exported;
  CLI::App *exportCommand =
      app.add_subcommand("export", "writes a sigma.model or a plan for other programs");
  exportCommand
      ->add_option("FILE", exported.path, "model in MLIR, or plan.json; - reads standard input")
      ->required();
  exportCommand
      ->add_option(
          "--to", exported.format,
          "config: a Hugging Face config.json; megatron: flags of Megatron-LM; what starts "
          "the program of a plan: mpirun: by hand; slurm: for sbatch; kubernetes: for kubectl")
      ->required()
      ->check(CLI::IsMember({"config", "megatron", "mpirun", "slurm", "kubernetes"}));
  addSpecOption(
      exportCommand, exported.spec,
      "the job of the plan: megatron, for overlap and what differs between layers; others, "
      "for --node-least-percent");
  exportCommand->add_option("-o,--output", exported.output,
                            "writes it there; - to standard output");
  exportCommand->add_option("--model", exported.model,
                            "which model of MODEL, if there are several");
  exportCommand->add_option(
      "--program", exported.program,
      "mpirun, slurm, kubernetes: the program that sigma build made of the "
      "plan; without it, train beside FILE; kubernetes: its path in the image");
  exportCommand->add_option("--image", exported.image, "kubernetes: the image of its pods");
  exportCommand
      ->add_option("--arg", exported.arguments,
                   "kubernetes: one more argument for train (may be repeated)")
      ->allow_extra_args(false);
  exportCommand
      ->add_option("--node-least-percent", exported.nodeLeastPercent,
                   "mpirun, slurm, kubernetes: leaves nodes out that reach less of what --spec "
                   "states for their accelerators and links")
      ->check(CLI::Range(1, 100));

  PlanOptions plan;
  CLI::App *planCommand = app.add_subcommand("plan", "finds the best plan of a job, and proves it");
  addSpec(planCommand, plan.spec);
  planCommand->add_option("-o,--output", plan.output,
                          "writes plan.json; - writes to standard output");
  planCommand->add_flag("--explain", plan.explain,
                        "where time and memory go, what binds, why others lose");
  planCommand->add_flag("--json", plan.json, "prints plan.json instead of text");
  planCommand
      ->add_option("--time-limit", plan.timeLimitS,
                   "seconds until the best plan so far is taken, with its proven gap")
      ->check(CLI::PositiveNumber);
  planCommand->add_option("--top", plan.top, "how many layouts to compare")
      ->check(CLI::Range(1, 100));

  BuildOptions build;
  CLI::App *buildCommand =
      app.add_subcommand("build", "plans a job and generates its training program");
  addSpec(buildCommand, build.spec);
  buildCommand
      ->add_option("-o,--output", build.output,
                   "folder for train, plan.json, rank.mlir and launch/")
      ->required();
  buildCommand->add_option("--plan", build.plan, "builds this plan.json instead of planning");
  buildCommand
      ->add_option("--fallback", build.fallbacks,
                   "builds plans for so many devices as well, in folders fallback-N: a supervised "
                   "run takes the largest that its hosts hold while some are missing")
      ->delimiter(',')
      ->check(CLI::PositiveNumber);
  buildCommand->add_option("--time-limit", build.timeLimitS, "as in sigma plan")
      ->check(CLI::PositiveNumber);
  buildCommand
      ->add_option("--emit", build.emit,
                   "object: train is made by sigma; cpp: as C++ text, program.cpp, by the compiler "
                   "$CXX, or c++")
      ->capture_default_str()
      ->check(CLI::IsMember({"object", "cpp"}));
  buildCommand->add_option("--cpu", build.cpu, "CPU that objects may rely on")
      ->capture_default_str();
  buildCommand->add_flag("--json", build.json, "prints what was written as JSON");

  CheckOptions check;
  CLI::App *checkCommand =
      app.add_subcommand("check", "says whether a plan is legal, fits, and what it costs");
  addCheckInputs(checkCommand, check);
  checkCommand->add_flag("!--no-optimum", check.optimum,
                         "does not search for the best plan to compare with");
  checkCommand->add_option("--time-limit", check.timeLimitS, "of that search, as in sigma plan")
      ->check(CLI::PositiveNumber);
  checkCommand->add_flag("--json", check.json, "prints the answer as JSON");
  checkCommand->add_flag(
      "--stream", check.stream,
      "answers each line {\"spec\": TEXT, \"plan\": {...}} of standard input in a "
      "line of JSON; without PLAN and SPEC");

  SimulateOptions simulate;
  CLI::App *simulateCommand = app.add_subcommand(
      "simulate", "draws steps of a plan under the cluster's noise, event by event");
  addSpec(simulateCommand, simulate.spec);
  simulateCommand->add_option("--plan", simulate.plan,
                              "simulates this plan.json instead of the best plan");
  simulateCommand->add_option("--samples", simulate.samples, "how many steps to draw")
      ->check(CLI::Range(int64_t(1), int64_t(100000000)))
      ->capture_default_str();
  simulateCommand->add_option("--seed", simulate.seed, "of the random numbers")
      ->capture_default_str();
  simulateCommand->add_option(
      "--trace", simulate.trace,
      "writes the first step as a trace for Perfetto; - writes to standard output");
  simulateCommand->add_flag("--json", simulate.json, "prints the answer as JSON");
  CLI::Option *failures = simulateCommand->add_flag(
      "--failures", simulate.failures,
      "plays long runs whose nodes break, as the cluster states, instead of steps");
  auto addOfFailures = [&](const char *name, auto &value, const char *help) {
    return simulateCommand->add_option(name, value, help)->needs(failures);
  };
  addOfFailures("--days", simulate.days, "of a run")
      ->check(CLI::Range(0.01, 1e5))
      ->capture_default_str();
  addOfFailures("--runs", simulate.runs, "how many to play")
      ->check(CLI::Range(int64_t(2), int64_t(1000000)))
      ->capture_default_str();
  addOfFailures("--checkpoint-interval-s", simulate.checkpointIntervalS,
                "seconds between checkpoints; without it, the best by the closed form")
      ->check(CLI::Range(1e-3, 1e9));
  addOfFailures("--checkpoint-stall-s", simulate.checkpointStallS,
                "seconds that training stands still for one, instead of the cluster's")
      ->check(CLI::Range(1e-6, 1e6));
  addOfFailures("--snapshot-interval-s", simulate.snapshotIntervalS,
                "seconds between snapshots, where some failures are repaired in the job; without "
                "it, the best by the closed form")
      ->check(CLI::Range(1e-3, 1e9));
  addOfFailures("--repair-hours", simulate.nodeRepairHours,
                "until a node that broke is back, instead of the cluster's")
      ->check(CLI::Range(0.0, 1e6));

  CLI::App *checkpointCommand = app.add_subcommand(
      "checkpoint", "looks at checkpoints, and writes them anew: ls, verify, diff, reshard");
  checkpointCommand->prefix_command();
  checkpointCommand->set_help_flag(); // the one of what it starts

  ProfileOptions profile;
  CLI::App *profileCommand = app.add_subcommand(
      "profile", "measures the machines it runs on: mpirun -n RANKS sigma profile");
  profileCommand->add_option("-o,--output", profile.output, "writes it there; - to standard output")
      ->capture_default_str();
  profileCommand->add_option(
      "--kind", profile.kind,
      "name of the sigma.accelerator that the devices are, instead of what they call themselves");
  profileCommand->add_option("--precision", profile.precision, "of the numbers that ops work on")
      ->check(CLI::IsMember({"f32", "f64", "bf16"}))
      ->capture_default_str();
  profileCommand->add_flag("--quick", profile.quick,
                           "measures few sizes, and those badly: a trial");

  try {
    app.parse(argc, argv);
    if (*checkCommand)
      settleCheckInputs(check);
    if (*exportCommand && exported.format == "kubernetes")
      for (const auto &[option, value] :
           {std::pair("--image", exported.image), {"--program", exported.program}})
        if (value.empty())
          throw CLI::RequiredError(option);
    if (*exportCommand && exported.nodeLeastPercent > 0 && exported.spec.path.empty())
      throw CLI::RequiredError("--spec");
    if (*importCommand && import.format == "megatron" && import.spec.path.empty())
      throw CLI::RequiredError("--spec");
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  if (*importCommand)
    return finish(import.format == "megatron" ? runMegatronImport(import) : runImport(import));
  if (*exportCommand)
    return finish(runExportTo(exported));
  if (*planCommand)
    return finish(runPlan(plan));
  if (*buildCommand)
    return finish(runBuild(build));
  if (*checkpointCommand)
    return runCheckpoint(checkpointCommand->remaining());
  if (*simulateCommand)
    return finish(simulate.failures ? runFailures(simulate) : runSimulate(simulate));
  if (*profileCommand)
    return finish(runProfile(profile));
  return finish(check.stream ? runCheckStream() : runCheck(check));
}
