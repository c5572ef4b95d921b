// RUN: sigma-opt %s --sigma-plan-parallelism -split-input-file -verify-diagnostics

// What a specification can say and no plan can honour yet is refused by name.

sigma.model @m sequence 4 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 2 {
    sigma.attention heads 4 kv_heads 2 head_width 2 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}
sigma.cluster @c devices 2 {
  sigma.accelerator @gpu preset "h100-sxm"
  sigma.tier @node devices 2 preset "nvlink-4"
  // expected-error @+1 {{compute_distribution lognormal is not planned yet; use normal}}
  sigma.noise compute_jitter_ppm 1 compute_distribution lognormal
}
sigma.job @run model @m on @c batch 2 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}

// -----

sigma.model @m sequence 4 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 2 {
    sigma.attention heads 4 kv_heads 2 head_width 2 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}
sigma.cluster @c devices 2 {
  sigma.accelerator @gpu preset "h100-sxm"
  sigma.tier @node devices 2 preset "nvlink-4"
  // expected-error @+1 {{routing_distribution gamma is not planned yet; use normal}}
  sigma.noise routing_jitter_ppm 1 routing_distribution gamma
}
sigma.job @run model @m on @c batch 2 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}

// -----

sigma.model @m sequence 4 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 2 {
    sigma.attention heads 4 kv_heads 2 head_width 2 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}
sigma.cluster @c devices 2 {
  sigma.accelerator @gpu preset "h100-sxm"
  sigma.tier @node devices 2 preset "nvlink-4"
  // expected-error @+1 {{spike_length exponential is not planned yet; use fixed}}
  sigma.noise spikes_per_million_steps 1 spike_ns 1 spike_length exponential
}
sigma.job @run model @m on @c batch 2 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}

// -----

sigma.model @m sequence 4 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 2 {
    sigma.attention heads 4 kv_heads 2 head_width 2 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}
sigma.cluster @c devices 2 {
  sigma.accelerator @gpu preset "h100-sxm"
  // expected-error @+1 {{jitter_distribution lognormal is not planned yet; use normal}}
  sigma.tier @node devices 2 preset "nvlink-4" jitter_ppm 1 jitter_distribution lognormal
}
sigma.job @run model @m on @c batch 2 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}
