//===- ClusterBridge.h - a cluster as the planner sees it -------*- C++ -*-===//

#ifndef PASSES_CLUSTERBRIDGE_H
#define PASSES_CLUSTERBRIDGE_H

#include "dialects/Sigma/SigmaOps.h"
#include "planner/Problem.h"
#include "planner/simulate/Failures.h"

namespace mlir::sigma {
namespace planner = ::sigma::planner;

/// Fails, with a located error, on what the cluster says and no plan can honour yet.
LogicalResult requirePlannable(ClusterOp cluster);

/// Every device as on the slowest node: times are upper bounds. What is simplified so is said in
/// `remarks`.
planner::Cluster describeCluster(JobOp job, ClusterOp cluster, std::vector<std::string> &remarks);

/// What the cluster says of failures, and how many whole nodes are spare; intervals are for others to
/// choose.
planner::FailureModel describeFailures(ClusterOp cluster);

} // namespace mlir::sigma

#endif
