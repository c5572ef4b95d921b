// RUN: sigma-opt %s -split-input-file -verify-diagnostics

sigma.model @m sequence 8 {
  // expected-error @+1 {{custom op 'sigma.convolution' is unknown}}
  sigma.convolution width 8
}

// -----

// expected-error @+1 {{expected 'sequence'}}
sigma.model @m {
}

// -----

// expected-error @+1 {{expected valid '@'-identifier for symbol name}}
sigma.model sequence 8 {
}

// -----

// expected-error @+1 {{floating point value not valid for specified type}}
sigma.model @m sequence 8.5 {
}

// -----

// expected-error @+1 {{integer constant out of range for attribute}}
sigma.model @m sequence 99999999999999999999 {
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{expected router_score to be one of softmax, sigmoid; got: topk}}
    sigma.moe experts 8 top_k 2 width 16 router topk
  }
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{expected router_score to be one of softmax, sigmoid}}
    sigma.moe experts 8 top_k 2 width 16 router 7
  }
}

// -----

sigma.model @m sequence 8 {
  // expected-error @+1 {{expected head_tying to be one of untied, tied; got: shared}}
  sigma.head shared
}

// -----

// expected-error @+1 {{expected precision to be one of f32, bf16, f64, fp8; got: f16}}
sigma.job @j model @m on @c batch 8 precision f16 {
}

// -----

// expected-error @+1 {{expected pin to be one of tp, pp, vpp, dp, ep, etp, cp, zero, expert_zero, micro_batch, schedule, remat; got: sp}}
sigma.job @j model @m on @c batch 8 precision f32 pin {sp = 2} {
}

// -----

// expected-error @+1 {{expected forbid to be one of tp, pp, vpp, dp, ep, etp, cp, zero, expert_zero, micro_batch, schedule, remat; got: sp}}
sigma.job @j model @m on @c batch 8 precision f32 forbid {sp = [2]} {
}

// -----

// expected-error @+1 {{forbid ep is given twice}}
sigma.job @j model @m on @c batch 8 precision f32 forbid {ep = [2], ep = [4]} {
}

// -----

// expected-error @+1 {{expected '['}}
sigma.job @j model @m on @c batch 8 precision f32 forbid {ep = 2} {
}

// -----

sigma.cluster @c devices 8 {
  // expected-error @+1 {{expected ':'}}
  sigma.accelerator @npu preset "a100-sxm-80gb" matmul_efficiency_ppm [1000, 500000]
}

// -----

sigma.cluster @c devices 8 {
  // expected-error @+1 {{expected collective_algorithm to be one of ring, tree; got: butterfly}}
  sigma.tier @node devices 8 bandwidth_bytes_per_s 1 latency_ns 1 algorithm butterfly
}

// -----

sigma.cluster @c devices 8 {
  // expected-error @+1 {{expected distribution to be one of normal, lognormal, gamma; got: cauchy}}
  sigma.noise compute_distribution cauchy
}

// -----

sigma.cluster @c devices 8 {
  // expected-error @+1 {{expected spike_length to be one of fixed, exponential; got: pareto}}
  sigma.noise spike_length pareto
}

// -----

// expected-error @+1 {{pin pp is given twice}}
sigma.job @j model @m on @c batch 8 precision f32 pin {pp = 2, pp = 2} {
}

// -----

// expected-error @+1 {{pin remat is given twice}}
sigma.job @j model @m on @c batch 8 precision f32 pin {remat = full, remat = none} {
}

// -----

// expected-error @+1 {{expected remat_mode to be one of none, full; got: selective}}
sigma.job @j model @m on @c batch 8 precision f32 pin {remat = selective} {
}

// -----

// expected-error @+1 {{expected valid keyword}}
sigma.job @j model @m on @c batch 8 precision f32 pin {} {
}

// -----

// expected-error @+1 {{expected schedule to be one of 1f1b, interleaved, zb-h1, dualpipev; got: gpipe}}
sigma.plan @j pp 1 dp 1 ep 1 micro_batch 1 schedule "gpipe" proof optimal {
}

// -----

// expected-error @+1 {{expected proof_status to be one of optimal, gap, unproven; got: likely}}
sigma.plan @j pp 1 dp 1 ep 1 micro_batch 1 schedule "1f1b" proof likely {
}

// -----

sigma.plan @j pp 1 dp 1 ep 1 micro_batch 1 schedule "1f1b" proof optimal {
  // expected-error @+1 {{expected valid keyword or string}}
  sigma.stage 0 layers 0 to 2 remat [none, 1]
}
