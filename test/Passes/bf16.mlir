// RUN: sigma-opt %s --sigma-compile | FileCheck %s --check-prefixes=CHECK,ONE
// RUN: sed 's/dp = 1/dp = 2, zero = 1/; s/devices 1/devices 2/; s/batch 2 /batch 4 /' %s | sigma-opt --sigma-compile | FileCheck %s --check-prefixes=CHECK,TWO
// RUN: sed 's/dp = 1/dp = 2, zero = 1/; s/devices 1/devices 2/; s/batch 2 /batch 4 /' %s | sigma-opt --sigma-compile --sigma-rank-to-llvm | sigma-translate --sigma-to-cpp | FileCheck %s --check-prefix=CPP

// In bf16, values of parameters are copies of masters in f32, and statistics, losses, the router and gradients of weights are f32.

sigma.model @tiny sequence 8 {
  sigma.embedding vocabulary 16 width 16
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 2 head_width 8 rope 1.0e4
    sigma.moe experts 4 top_k 2 width 32 router sigmoid selection_bias
  }
  sigma.head untied
}
sigma.cluster @c devices 1 {
  sigma.accelerator @a memory_bytes 1000000000 memory_bandwidth_bytes_per_s 1000000000
      peak_bf16_flops_per_s 1000000000
  sigma.tier @node devices 1 bandwidth_bytes_per_s 1000000000 latency_ns 1
}
sigma.job @run model @tiny on @c batch 2 precision bf16 pin {dp = 1, micro_batch = 2} {
  sigma.adamw learning_rate 1.0e-3
}

// CHECK: rank.launch {{.*}} precision bf16
// TWO: rank.flat @dp {{.*}} master_offset
// ONE: rank.parameter @embedding.table : tensor<16x16xbf16> {{.*}}master_offset
// TWO: rank.parameter @embedding.table : tensor<16x16xbf16> {{.*}}in @dp
// A bias that loads move is no value that is rounded.
// CHECK: rank.parameter @layers.0.moe.selection_bias : tensor<4xf32> {{.*}}gradient_offset = {{[0-9]+}} : i64, second_moment_offset
// CHECK: rank.func @forward
// CHECK: rank.rms_norm {{.*}} -> (tensor<16x16xbf16>, tensor<16xf32>)
// CHECK: rank.attention {{.*}} -> (tensor<16x16xbf16>, tensor<16x2xf32>)
// CHECK: rank.matmul {{.*}} : (tensor<16x16xbf16>, tensor<16x4xbf16>) -> tensor<16x4xf32>
// CHECK: rank.top_k {{.*}} -> (tensor<16x2xf32>, tensor<16x2xi32>)
// CHECK: rank.combine {{.*}} : (tensor<32x16xbf16>, tensor<32xi32>, tensor<16x2xf32>) -> tensor<16x16xbf16>
// CHECK: rank.cross_entropy {{.*}} -> (tensor<1xf32>, tensor<16xf32>)
// CHECK: rank.func @backward
// CHECK: rank.rms_norm_grad {{.*}} -> (tensor<16x16xbf16>, tensor<16xf32>)
// CHECK: rank.matmul {{.*}}into = @layers.0.moe.router{{.*}} : (tensor<16x16xbf16>, tensor<16x4xf32>) -> ()

// Calls say the codes of the types: 0 is f32, 2 is bf16. The update is in f32, of the rank's part, and gathers bf16.
// CPP: void forward(
// CPP: sigma_matmul(rt, 2, 2, 0, {{.*}}, 16, 4, 16, 0);
// CPP: sigma_router_scores(rt, 0,
// CPP: void step(
// CPP: sigma_fill(rt, 0,
// CPP: sigma_reduce_flat(rt, 0,
// CPP: sigma_adamw(rt, 2, at(at(arena, [[#]]), (v[[#]] * 4)), {{.*}} at(at(arena, [[#]]), (v[[#]] * 2)), std::max
// CPP: sigma_gather_flat(rt, 2, nullptr,
