// What starts a program: text for mpirun, Slurm and Kubernetes. In all three `train --supervise`
// starts the ranks, and starts them again after a fault; what stands around it says which nodes
// there are, hands a request to stop on to it, and asks for other nodes where it cannot go on with
// these.
#ifndef SIGMA_CODEGEN_LAUNCH_LAUNCH_H
#define SIGMA_CODEGEN_LAUNCH_LAUNCH_H

#include <cstdint>
#include <string>
#include <vector>

namespace sigma::launch {

struct Launch {
  std::string model;
  std::string train; // path of the program; empty: beside the folder of the script
  int64_t ranks = 1, ranksPerNode = 1;
  int64_t spareNodes = 0;    // that wait in the allocation
  bool hasFallbacks = false; // programs for fewer ranks, too
  int64_t nodeBytes = 0;     // memory of the ranks of a node; 0: not known
  int64_t stepS = 0;         // of one step, which is finished before a stop
  // Of train, where its user says nothing else; 0: train's own.
  int64_t checkpointIntervalSteps = 0, snapshotIntervalSteps = 0;
  // Of each rank of a node: FLOP/s, bytes/s of memory, of its link; empty: nothing is asked.
  std::vector<int64_t> nodeLeast;
  std::string image;                  // of Kubernetes
  std::vector<std::string> arguments; // of train, where nobody can give them later

  int64_t numNodes() const { return (ranks + ranksPerNode - 1) / ranksPerNode + spareNodes; }
  /// From a request to stop to the end of patience: a step and a checkpoint.
  int64_t graceS() const { return 120 + 2 * stepS; }
  /// Options of train that stand before its user's, each with a blank before it. With snapshots,
  /// all ranks of spare nodes wait in the job.
  std::string defaults() const;
  /// The model's name as schedulers allow it.
  std::string jobName() const;
};

/// The folder beside `train` for the program of a smaller plan.
std::string fallbackName(int64_t devices);
bool isFallbackName(const std::string &folder);

std::string mpirunScript(const Launch &launch);
std::string slurmScript(const Launch &launch);
/// A Service and an Indexed Job, in YAML.
std::string kubernetesManifest(const Launch &launch);

} // namespace sigma::launch

#endif
