// sigma-checkpoint: what `sigma checkpoint` starts.
#include "runtime/abi/abi.h"
#include "runtime/inspect/Inspect.h"

#include <CLI/CLI.hpp>

#include <cstdio>

using namespace sigma::runtime;

int main(int argc, char **argv) {
  CLI::App app("looks at the checkpoints of a run, and writes them anew", "sigma checkpoint");
  app.require_subcommand(1);
  ListOptions list, verify;
  DiffOptions diff;
  ReshardOptions reshard;
  const auto addPath = [](CLI::App *command, std::string &path) {
    command->add_option("PATH", path, "a checkpoint, or a folder of checkpoints")->required();
  };

  CLI::App *listCommand = app.add_subcommand("ls", "a line for each checkpoint, newest first");
  addPath(listCommand, list.path);
  listCommand->add_flag("--json", list.json, "prints JSON");

  CLI::App *verifyCommand =
      app.add_subcommand("verify", "reads every byte; status 1 where a checkpoint is not whole");
  addPath(verifyCommand, verify.path);
  verifyCommand->add_flag("--json", verify.json, "prints JSON");

  CLI::App *diffCommand = app.add_subcommand(
      "diff", "differences by tensor, whatever plans wrote them; status 1 unless there is none");
  diffCommand->add_option("PATH", diff.one, "a checkpoint; of a folder, the newest")->required();
  diffCommand->add_option("OTHER", diff.other, "another one")->required();
  diffCommand->add_option("--state", diff.state, "value, first_moment or second_moment alone");
  diffCommand->add_flag("--json", diff.json, "prints JSON");

  CLI::App *reshardCommand = app.add_subcommand(
      "reshard", "writes a checkpoint in other files; train loads any, and needs it for none");
  reshardCommand->add_option("PATH", reshard.path, "a checkpoint; of a folder, the newest")
      ->required();
  reshardCommand->add_option("-o,--output", reshard.output, "a folder without checkpoints")
      ->required();
  reshardCommand->add_option("--files", reshard.files, "so many, of whole tensors")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? SIGMA_EXIT_DONE : SIGMA_EXIT_USAGE;
  }
  try {
    return *listCommand     ? sigma::runtime::list(list)
           : *verifyCommand ? sigma::runtime::verify(verify)
           : *diffCommand   ? sigma::runtime::diff(diff)
                            : sigma::runtime::reshard(reshard);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "sigma checkpoint: error: %s\n", error.what());
    return SIGMA_EXIT_USER_ERROR;
  }
}
