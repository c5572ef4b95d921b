// The command line of a generated program.
#ifndef SIGMA_RUNTIME_OPTIONS_H
#define SIGMA_RUNTIME_OPTIONS_H

#include <cstdint>
#include <string>
#include <vector>

namespace sigma::runtime {

struct Options {
  std::string data;
  int64_t steps = 0;
  std::string checkpointDir;
  int64_t checkpointInterval = 50;
  int64_t keep = 2;
  bool resume = false;
  std::string saveAs; // folder that gets what was loaded; empty: none
  std::string log;
  std::string precision = "native"; // native (the program's own), f32, f64
  int64_t seed = 1;
  int64_t checkInterval = 50; // steps; 0: never
  double slowFactor = 1.5;
  double hangAfter = 0;  // seconds that a rank waits for others; 0: by the length of steps
  int64_t threads = 1;   // of the matrix products of a rank
  std::string trace;     // file of a picture of one step; empty: none
  int64_t traceStep = 0; // 0: the last
  bool quiet = false;
  bool listTensors = false;

  bool supervise = false;
  int64_t maxRestarts = 10;
  int64_t spares = 0;
  int64_t snapshotInterval = 10; // steps; with spares
  std::string mpirun = "mpirun";
  std::vector<std::string> mpirunArgs;

  std::string hosts;          // file of hosts that ranks may be on; empty: as mpirun chooses
  std::string nodes;          // file of what is known about them; empty: in the checkpoint folder
  double waitForHosts = 600;  // seconds, where too few are left
  double lookForHosts = 60;   // seconds between looks for them beside a smaller plan; 0: never
  double validateWithin = 30; // seconds until a node that does not answer is taken for lost
  std::vector<double> nodeLeast = {0, 0,
                                   0}; // figures of a node: FLOP/s, bytes/s of memory, of link
  int64_t stormNodes = 5;
  std::string prove;    // the supervisor's: file for figures of the nodes that this runs on
  std::string describe; // the supervisor's: file for what this program is

  std::string metrics; // file for Prometheus; empty: none
  std::string onFault; // the site's command; empty: none

  std::string endMarker; // the supervisor's: where the program says how it ended
};

/// Reads the command line. False: the process is to exit with `status` (help, or a wrong command
/// line, already said).
bool parseOptions(int argc, const char *const *argv, Options &options, int &status);

/// The rank that the launcher gave this process, before MPI is initialised; 0 without a launcher.
int launchRank();
/// Whether a launcher (mpirun, srun) started this process.
bool launched();

} // namespace sigma::runtime

#endif
