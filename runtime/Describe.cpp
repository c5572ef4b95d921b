// The ABI functions by which a generated program says what it is.
#include "runtime/Runtime.h"
#include "runtime/health/Fault.h"

using namespace sigma::runtime;

void sigma_describe_program(sigma_rt rt, sigma_str name, sigma_str hash, sigma_i64 elem,
                            sigma_i64 globalBatch, sigma_i64 microBatch, sigma_i64 sequence,
                            sigma_i64 vocabulary, sigma_i64 predictedStepNs) {
  guarded(rt, [&] {
    rt->program =
        Program{name, hash, elem, globalBatch, microBatch, sequence, vocabulary, predictedStepNs};
  });
}

void sigma_describe_mesh(sigma_rt rt, sigma_i64 pp, sigma_i64 tp, sigma_i64 cp, sigma_i64 dp,
                         sigma_i64 etp, sigma_i64 ep, sigma_i64 context, sigma_i64 placement) {
  rt->mesh.shape = MeshShape{pp, tp, cp, dp, etp, ep, context, placement};
}

void sigma_describe_optimizer(sigma_rt rt, sigma_f64 learningRate, sigma_i64 warmupSteps,
                              sigma_f64 beta1, sigma_f64 beta2, sigma_f64 epsilon,
                              sigma_f64 weightDecay, sigma_f64 gradientClip) {
  rt->optimizer =
      Optimizer{learningRate, warmupSteps, beta1, beta2, epsilon, weightDecay, gradientClip};
}

void sigma_describe_stage(sigma_rt rt, sigma_i64 stage, sigma_i64 arenaBytes, sigma_step step) {
  guarded(rt, [&] { rt->stages.push_back(Stage{stage, arenaBytes, step}); });
}

void sigma_describe_tensor(sigma_rt rt, sigma_i64 stage, sigma_str name, sigma_i64 rank,
                           sigma_i64 d0, sigma_i64 d1, sigma_i64 d2, sigma_i64 d3, sigma_i64 expert,
                           sigma_i64 split, sigma_i64 atEnds, sigma_i64 init, sigma_f64 initScale,
                           sigma_i64 value, sigma_i64 gradient, sigma_i64 first, sigma_i64 second,
                           sigma_i64 copy, sigma_i64 zero, sigma_i64 begin, sigma_i64 part) {
  guarded(rt, [&] {
    Shape local{d0, d1, d2, d3};
    local.resize(rank);
    rt->tensors.push_back(Tensor{stage, name, local, expert != 0, split, atEnds != 0, init,
                                 initScale, value, gradient, first, second, copy, zero, begin,
                                 part});
  });
}
