//===- RankOps.td - all ops of the rank dialect -----------------*- tablegen -*-===//

#ifndef DIALECTS_RANK_RANKOPS_TD
#define DIALECTS_RANK_RANKOPS_TD

include "dialects/Rank/RankZeroOps.td"

#endif
