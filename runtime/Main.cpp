// sigma_main: where a generated program hands itself over to the runtime.
#include "runtime/Program.h"
#include "runtime/Refusal.h"
#include "runtime/Train.h"
#include "runtime/WholeFile.h"
#include "runtime/health/Fault.h"
#include "runtime/health/NodeProof.h"
#include "runtime/recovery/Supervisor.h"

#include <cstdio>

using namespace sigma::runtime;

static sigma_describe chooseDescription(const Options &options, sigma_describe native,
                                        sigma_describe f64) {
  if (options.precision != "f64")
    return native;
  if (!f64)
    throw UserError("--precision=f64: this program was built without its f64 verification variant");
  return f64;
}

static int runProgram(Runtime &rt, char **argv, sigma_describe native, sigma_describe f64) {
  if (!rt.options.prove.empty())
    return proveNodes(rt, argv);
  chooseDescription(rt.options, native, f64)(&rt);
  checkDescription(rt);
  const std::string &precision = rt.options.precision, own = elemName(rt.program.elem);
  if (precision != "native" && precision != own)
    throw UserError("--precision=" + precision + ": this program was built in " + own);
  if (rt.options.listTensors) {
    if (launchRank() == 0)
      std::printf("%s\n", listTensors(rt).dump(2).c_str());
    return SIGMA_EXIT_DONE;
  }
  if (!rt.options.describe.empty())
    return replaceFile(rt.options.describe, describeJob(rt).dump()) ? SIGMA_EXIT_DONE
                                                                    : SIGMA_EXIT_FAULT;
  if (rt.options.supervise)
    return supervise(rt);
  rt.device->begin(rt.program.elem, rt.options.threads, argv);
  return train(rt);
}

sigma_i64 sigma_main(sigma_i64 argc, sigma_ptr argv, sigma_i64 abiVersion, sigma_describe native,
                     sigma_describe f64) {
  if (abiVersion != SIGMA_ABI_VERSION) {
    std::fprintf(stderr,
                 "train: error: this program was built for version %lld of the runtime's ABI, and "
                 "linked with a runtime "
                 "of version %d; build it again with this sigma\n",
                 static_cast<long long>(abiVersion), SIGMA_ABI_VERSION);
    return SIGMA_EXIT_USER_ERROR;
  }
  try {
    Runtime rt;
    int status = SIGMA_EXIT_USAGE;
    char **arguments = static_cast<char **>(argv);
    if (!parseOptions(int(argc), arguments, rt.options, status))
      return status;
    return runProgram(rt, arguments, native, f64);
  } catch (const UserError &error) {
    sayRefusal(error.what());
    return SIGMA_EXIT_USER_ERROR;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "train: error: %s\n", error.what());
    return SIGMA_EXIT_FAULT;
  }
}
