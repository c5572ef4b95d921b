#include "planner/cost/OpKinds.h"

using namespace sigma::planner;

static const char *const kNames[kNumOpKinds] = {
    "other",           "matmul_nn",     "matmul_nt",   "matmul_tn",     "attention",
    "attention_grad",  "add",           "rms_norm",    "rms_norm_grad", "activation",
    "activation_grad", "rotary",        "gather_rows", "scatter_rows",  "combine",
    "combine_grad",    "router_scores", "top_k",       "cross_entropy", "cross_entropy_grad",
    "update",          "exchanged"};

const char *sigma::planner::opKindName(OpKind kind) { return kNames[static_cast<int>(kind)]; }

std::optional<OpKind> sigma::planner::opKindNamed(const std::string &name) {
  for (int kind = 0; kind < kNumOpKinds; ++kind)
    if (name == kNames[kind])
      return static_cast<OpKind>(kind);
  return std::nullopt;
}
