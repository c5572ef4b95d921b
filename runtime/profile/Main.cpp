// The program behind `sigma profile`, which has checked the arguments.
#include "runtime/abi/abi.h"
#include "runtime/profile/Profile.h"

#include <CLI/CLI.hpp>

int main(int argc, char **argv) {
  sigma::runtime::ProfileOptions options;
  CLI::App app{"measures the machines that its ranks run on; started by sigma profile"};
  app.add_option("--output", options.output)->required();
  app.add_option("--kind", options.kind);
  app.add_option("--precision", options.precision)->check(CLI::IsMember({"f32", "f64", "bf16"}));
  app.add_flag("--quick", options.quick);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? SIGMA_EXIT_DONE : SIGMA_EXIT_USAGE;
  }
  return sigma::runtime::measureProfile(options, argv);
}
