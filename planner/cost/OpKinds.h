// Kinds of ops that a profile times by themselves.
#ifndef SIGMA_PLANNER_COST_OPKINDS_H
#define SIGMA_PLANNER_COST_OPKINDS_H

#include <optional>
#include <string>

namespace sigma::planner {

// What `shape` of an OpCost is: of products the inputs and outputs of the weights; of attention the
// tokens of a sequence and the width of a head; of others what stands in a row, and nothing.
enum class OpKind {
  Other, // nothing is measured of it
  // c = a b, what is transposed; of experts, one product each.
  MatmulNn,
  MatmulNt,
  MatmulTn,
  Attention,
  AttentionGrad,
  Add,
  RmsNorm,
  RmsNormGrad,
  Activation,
  ActivationGrad,
  Rotary,
  GatherRows,
  ScatterRows,
  Combine,
  CombineGrad,
  RouterScores,
  TopK,
  CrossEntropy,
  CrossEntropyGrad,
  Update,    // norm, AdamW and zeros for the next sums
  Exchanged, // what the ranks of an exchange do with its rows: part of the exchange's time
};
inline constexpr int kNumOpKinds = 22;

inline bool isProduct(OpKind kind) { return kind >= OpKind::MatmulNn && kind <= OpKind::MatmulTn; }
inline bool isAttention(OpKind kind) {
  return kind == OpKind::Attention || kind == OpKind::AttentionGrad;
}

// As profile.proto and the rank dialect name them: "matmul_nn", "rms_norm".
const char *opKindName(OpKind kind);
std::optional<OpKind> opKindNamed(const std::string &name);

} // namespace sigma::planner

#endif
