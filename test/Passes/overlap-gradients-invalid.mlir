// RUN: sigma-opt %s --pass-pipeline="builtin.module(rank.program(sigma-overlap-gradients))" -verify-diagnostics

rank.launch @launch mesh<pp = 1, dp = 2> experts<ep = 1> batch 2 micro_batch 1 sequence 4 vocabulary 16 precision f32
    {learning_rate = 0.1 : f64, warmup_steps = 0 : i64, beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64,
     weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64, predicted_step_ns = 0 : i64, overlaps_gradients}
// expected-error @+1 {{'rank.program' op has no schedule; run sigma-schedule first}}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
  rank.func @forward() {
    rank.return
  }
}
