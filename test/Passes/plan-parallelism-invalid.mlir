// RUN: sigma-opt %s --sigma-plan-parallelism -split-input-file -verify-diagnostics

// The limit that no plan keeps, by how much, and the smallest change that makes one fit.

sigma.model @m sequence 4 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 2 {
    sigma.attention heads 4 kv_heads 2 head_width 2 rope 10000.0 qk_norm
    sigma.moe experts 4 top_k 2 width 6 router sigmoid normalize shared 1 shared_width 4 balance_loss 1.0e-2
  }
  sigma.head untied
}
sigma.cluster @c devices 2 {
  sigma.accelerator @cpu memory_bytes 4000 memory_bandwidth_bytes_per_s 1000000000 peak_f32_flops_per_s 1000000000
  sigma.tier @node devices 2 bandwidth_bytes_per_s 1000000000 latency_ns 1000
}
// expected-error @+3 {{no plan fits}}
// expected-note-re @+2 {{memory: stage {{[01]}} needs {{.*}} more than {{.*}}}}
// expected-note-re @+1 {{with {{.*}} of memory per device it fits: {{.*}}}}
sigma.job @run model @m on @c batch 2 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}

// -----

sigma.model @m sequence 4 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 2 {
    sigma.attention heads 4 kv_heads 2 head_width 2 rope 10000.0 qk_norm
    sigma.moe experts 4 top_k 2 width 6 router sigmoid normalize shared 1 shared_width 4 balance_loss 1.0e-2
  }
  sigma.head untied
}
sigma.cluster @c devices 2 {
  // expected-note @+1 {{the accelerator is here}}
  sigma.accelerator @cpu memory_bytes 1073741824 memory_bandwidth_bytes_per_s 1000000000 peak_f32_flops_per_s 1000000000
  sigma.tier @node devices 2 bandwidth_bytes_per_s 1000000000 latency_ns 1000
}
// expected-error @+1 {{precision bf16 needs peak_bf16_flops_per_s, which the accelerator of @c does not state}}
sigma.job @run model @m on @c batch 2 precision bf16 {
  sigma.adamw learning_rate 1.0e-3
}
