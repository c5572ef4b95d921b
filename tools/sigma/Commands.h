//===- Commands.h - what the user asked for -----------------------*- C++ -*-===//
//
// Plain data between the command line (main.cpp, which throws) and the commands (which do not).

#ifndef TOOLS_SIGMA_COMMANDS_H
#define TOOLS_SIGMA_COMMANDS_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sigma::driver {

/// Exit status of sigma (DESIGN §4).
enum ExitStatus { kDone = 0, kUserError = 1, kUsage = 2, kInfeasible = 3 };

/// Where the specification is and what of it the command line replaces.
struct SpecOptions {
  std::string path;    // "-": standard input
  std::string job;     // empty: the only one
  std::string pins;    // "pp=2,ep=2"; replaces pins of the job
  int64_t devices = 0; // 0: as the cluster says
  // Devices of a smaller plan for the same job: what was planned for all of them, and degrees of
  // parallelism that were pinned, do not hold. 0: none.
  int64_t fallback = 0;
  std::string profile; // profile.json, whose figures replace the cluster's; empty: none
};

struct PlanOptions {
  SpecOptions spec;
  std::string output; // of plan.json; empty: none
  bool explain = false;
  bool json = false;
  double timeLimitS = 0; // 0: none
  int top = 3;
};

struct BuildOptions {
  SpecOptions spec;
  std::string output;             // folder
  std::string plan;               // plan.json to build; empty: plan anew
  std::vector<int64_t> fallbacks; // devices of smaller plans that are built, too
  double timeLimitS = 0;
  std::string emit = "object"; // what a C++ compiler gets: objects to link, or "cpp", text
  std::string cpu = "x86-64-v2";
  bool json = false;

  bool emitsCpp() const { return emit == "cpp"; }
};

/// The plan comes from exactly one of the first three.
struct CheckOptions {
  SpecOptions spec;
  std::string plan;           // plan.json; empty: none
  std::string megatron;       // file with a launch command of Megatron-LM; empty: none
  std::string pipelineLayout; // Megatron-LM's string; empty: none
  bool optimum = true;        // compare with the best plan
  double timeLimitS = 0;      // of the search for it
  bool json = false;
  bool stream = false; // specifications and plans come from standard input
};

struct ImportOptions {
  std::string format;   // "config", "megatron"
  SpecOptions spec;     // of the job that a launch is for
  std::string path;     // "-": standard input
  std::string output;   // of what is made; empty: standard output
  std::string name;     // of the model; empty: from the file
  int64_t sequence = 0; // 0: as the configuration says
  bool explain = false;
  bool summary = false;
  bool json = false;
};

struct ExportOptions {
  std::string path;   // "-": standard input
  std::string format; // "config", "megatron", "mpirun", "slurm", "kubernetes"
  SpecOptions spec;   // of the job that the plan is for; empty path: not known
  std::string output; // empty: standard output
  std::string model;  // empty: the only one
  // Of launches.
  std::string program;                // that was built of the plan; empty: train beside the plan
  std::string image;                  // of containers
  std::vector<std::string> arguments; // of the program
  int64_t nodeLeastPercent = 0;       // of the figures of `spec`; 0: nothing is asked of nodes
};

struct SimulateOptions {
  SpecOptions spec;
  std::string plan;  // plan.json; empty: plan first
  std::string trace; // file for a picture of one step; empty: none
  int64_t samples = 1000;
  uint64_t seed = 1;
  bool json = false;
  // Of a long run that breaks, instead of steps.
  bool failures = false;
  double days = 75;
  int64_t runs = 200;
  double checkpointIntervalS = 0, snapshotIntervalS = 0; // 0: the best
  // Absent: as the cluster says.
  std::optional<double> checkpointStallS, nodeRepairHours;
};

struct ProfileOptions {
  std::string output = "profile.json"; // "-": standard output
  std::string kind;                    // of the devices; empty: what they call themselves
  std::string precision = "f32";
  bool quick = false;
};

int runImport(const ImportOptions &options);
int runMegatronImport(const ImportOptions &options);
int runExport(const ExportOptions &options);
int runMegatronExport(const ExportOptions &options);
int runLaunchExport(const ExportOptions &options);
int runPlan(const PlanOptions &options);
int runBuild(const BuildOptions &options);
int runCheck(const CheckOptions &options);
int runCheckStream();
int runSimulate(const SimulateOptions &options);
int runFailures(const SimulateOptions &options);
/// With the words after `checkpoint`.
int runCheckpoint(std::vector<std::string> arguments);
int runProfile(const ProfileOptions &options);

} // namespace sigma::driver

#endif
