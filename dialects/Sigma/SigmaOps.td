//===- SigmaOps.td - all of the sigma dialect --------------*- tablegen -*-===//

#ifndef SIGMA_OPS
#define SIGMA_OPS

include "dialects/Sigma/SigmaModelOps.td"
include "dialects/Sigma/SigmaClusterOps.td"
include "dialects/Sigma/SigmaJobOps.td"
include "dialects/Sigma/SigmaPlanOps.td"

#endif // SIGMA_OPS
