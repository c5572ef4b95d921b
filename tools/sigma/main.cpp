//===- main.cpp - the command line of sigma -------------------------------===//

#include "tools/sigma/Commands.h"
#include "tools/sigma/Spec.h"
#include "llvm/Support/raw_ostream.h"
#include <CLI/CLI.hpp>

using namespace sigma::driver;

static void addSpec(CLI::App *command, SpecOptions &spec) {
  command->add_option("SPEC", spec.path, "model, cluster and job, in MLIR; - reads standard input")
      ->required();
  command->add_option("--job", spec.job, "which job of SPEC, if there are several");
  command->add_option(
      "--pin", spec.pins,
      "fixes choices: pp=, dp=, ep=, microBatch=, remat=none|full; separated by commas");
  command->add_option("--devices", spec.devices, "a cluster of so many devices instead of SPEC's")
      ->check(CLI::PositiveNumber);
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
  CLI::App *importCommand =
      app.add_subcommand("import", "turns a Hugging Face config.json into a sigma.model");
  importCommand->add_option("CONFIG", import.path, "config.json; - reads standard input")
      ->required();
  importCommand->add_option("-o,--output", import.output,
                            "writes the model there; - to standard output");
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
  CLI::App *exportCommand = app.add_subcommand("export", "writes a sigma.model for other programs");
  exportCommand->add_option("MODEL", exported.path, "model in MLIR; - reads standard input")
      ->required();
  exportCommand->add_option("--to", exported.format, "config: a Hugging Face config.json")
      ->required()
      ->check(CLI::IsMember({"config"}));
  exportCommand->add_option("-o,--output", exported.output,
                            "writes it there; - to standard output");
  exportCommand->add_option("--model", exported.model,
                            "which model of MODEL, if there are several");

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
  buildCommand->add_option("--time-limit", build.timeLimitS, "as in sigma plan")
      ->check(CLI::PositiveNumber);
  buildCommand->add_option("--cpu", build.cpu, "CPU that the generated code may rely on")
      ->capture_default_str();
  buildCommand->add_flag("--json", build.json, "prints what was written as JSON");

  CheckOptions check;
  CLI::App *checkCommand =
      app.add_subcommand("check", "says whether a plan is legal, fits, and what it costs");
  checkCommand
      ->add_option("PLAN", check.plan,
                   "plan.json, of sigma or made by hand; - reads standard input")
      ->required();
  addSpec(checkCommand, check.spec);
  checkCommand->add_flag("--json", check.json, "prints the answer as JSON");

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

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  if (*importCommand)
    return finish(runImport(import));
  if (*exportCommand)
    return finish(runExport(exported));
  if (*planCommand)
    return finish(runPlan(plan));
  if (*buildCommand)
    return finish(runBuild(build));
  if (*simulateCommand)
    return finish(runSimulate(simulate));
  return finish(runCheck(check));
}
