// RUN: sigma-opt %s -split-input-file -verify-diagnostics

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{'sigma.attention' op heads x head_width must be at most 16777216, got: 4194304 x 8}}
    sigma.attention heads 4194304 kv_heads 1 head_width 8
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{'sigma.attention' op rope width must be at most head_width (4), got: 6}}
    sigma.attention heads 2 kv_heads 1 head_width 4 rope <base = 100.0, width = 6>
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // rule: sigma.attention: The lists of a longrope scaling have half the rotated width
    // expected-error @+1 {{'sigma.attention' op rope's lists must have half the rotated width (2), got: 1}}
    sigma.attention heads 2 kv_heads 1 head_width 4 rope <base = 100.0, longrope = {short_factor = [1.0], long_factor = [1.0], original_positions = 4}>
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{'sigma.attention' op bias names query twice}}
    sigma.attention heads 2 kv_heads 1 head_width 4 bias [query, key, query]
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{'sigma.attention' op window must be positive, got: 0}}
    sigma.attention heads 2 kv_heads 1 head_width 4 window 0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{'sigma.attention' op chunk must be at most 16777216, got: 16777217}}
    sigma.attention heads 2 kv_heads 1 head_width 4 chunk 16777217
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{'sigma.attention' op window and chunk must not both be present, got: 4 and 2}}
    sigma.attention heads 2 kv_heads 1 head_width 4 window 4 chunk 2
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{'sigma.attention' op scale must be positive and finite, got: 0.000000e+00}}
    sigma.attention heads 2 kv_heads 1 head_width 4 scale 0.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{'sigma.attention' op softcap must be positive and finite, got: -1.000000e+00}}
    sigma.attention heads 2 kv_heads 1 head_width 4 softcap -1.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{'sigma.attention' op clip must be positive and finite, got: INF}}
    sigma.attention heads 2 kv_heads 1 head_width 4 clip 0x7FF0000000000000
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{rope base must be positive and finite, got: -1.000000e+00}}
    sigma.attention heads 2 kv_heads 1 head_width 4 rope <base = -1.0>
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{rope width must be even and from 0 to 16777216, got: 3}}
    sigma.attention heads 2 kv_heads 1 head_width 4 rope <base = 100.0, width = 3>
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{rope scaling linear needs parameter factor}}
    sigma.attention heads 2 kv_heads 1 head_width 4 rope <base = 100.0, linear = {}>
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // rule: #sigma.rope: A scaling has every parameter that it needs
    // expected-error @+1 {{rope scaling yarn needs parameter original_positions}}
    sigma.attention heads 2 kv_heads 1 head_width 4 rope <base = 100.0, yarn = {factor = 4.0}>
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // rule: #sigma.rope: A scaling has no parameter of another name
    // expected-error @+1 {{rope scaling linear has no parameter beta_fast}}
    sigma.attention heads 2 kv_heads 1 head_width 4 rope <base = 100.0, linear = {factor = 4.0, beta_fast = 32}>
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // rule: #sigma.rope: Parameters are positive, finite numbers
    // expected-error @+1 {{rope parameter factor must be a positive, finite number, got: -4.000000e+00}}
    sigma.attention heads 2 kv_heads 1 head_width 4 rope <base = 100.0, ntk = {factor = -4.0}>
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{rope parameter factor must be a positive, finite number, got: "4"}}
    sigma.attention heads 2 kv_heads 1 head_width 4 rope <base = 100.0, ntk = {factor = "4"}>
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{rope parameter truncate must be 0 or 1, got: 2}}
    sigma.attention heads 2 kv_heads 1 head_width 4 rope <base = 100.0, yarn = {factor = 4.0, original_positions = 4, truncate = 2}>
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{rope parameter short_factor must be a list of positive, finite numbers, got: [0.000000e+00]}}
    sigma.attention heads 2 kv_heads 1 head_width 4 rope <base = 100.0, longrope = {short_factor = [0.0], long_factor = [1.0], original_positions = 4}>
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{rope parameters short_factor and long_factor must be of equal length, got: 1 and 2}}
    sigma.attention heads 2 kv_heads 1 head_width 4 rope <base = 100.0, longrope = {short_factor = [1.0], long_factor = [1.0, 1.0], original_positions = 4}>
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{expected width or one scaling (linear, ntk, dynamic, yarn, longrope, llama3); got: ntk}}
    sigma.attention heads 2 kv_heads 1 head_width 4 rope <base = 100.0, linear = {factor = 2.0}, ntk = {factor = 2.0}>
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{expected rope to be a number or <base = …>}}
    sigma.attention heads 2 kv_heads 1 head_width 4 rope "1"
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{'sigma.latent_attention' op heads must be positive, got: 0}}
    sigma.latent_attention heads 0 kv_rank 4 nope_width 4 rope_width 2 value_width 4 rope 100.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{'sigma.latent_attention' op q_rank must be positive, got: 0}}
    sigma.latent_attention heads 2 q_rank 0 kv_rank 4 nope_width 4 rope_width 2 value_width 4 rope 100.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{'sigma.latent_attention' op kv_rank must be positive, got: -4}}
    sigma.latent_attention heads 2 kv_rank -4 nope_width 4 rope_width 2 value_width 4 rope 100.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{'sigma.latent_attention' op nope_width must be positive, got: 0}}
    sigma.latent_attention heads 2 kv_rank 4 nope_width 0 rope_width 2 value_width 4 rope 100.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{'sigma.latent_attention' op rope_width must be positive, got: 0}}
    sigma.latent_attention heads 2 kv_rank 4 nope_width 4 rope_width 0 value_width 4 rope 100.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{'sigma.latent_attention' op value_width must be positive, got: 0}}
    sigma.latent_attention heads 2 kv_rank 4 nope_width 4 rope_width 2 value_width 0 rope 100.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{'sigma.latent_attention' op heads x (nope_width + rope_width) must be at most 16777216, got: 16777216 x 6}}
    sigma.latent_attention heads 16777216 kv_rank 4 nope_width 4 rope_width 2 value_width 1 rope 100.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{'sigma.latent_attention' op heads x value_width must be at most 16777216, got: 1048576 x 32}}
    sigma.latent_attention heads 1048576 kv_rank 4 nope_width 4 rope_width 2 value_width 32 rope 100.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{'sigma.latent_attention' op rope_width must be even, because rotary positions rotate pairs, got: 3}}
    sigma.latent_attention heads 2 kv_rank 4 nope_width 4 rope_width 3 value_width 4 rope 100.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{'sigma.latent_attention' op rope must not state a width, which is rope_width (2), got: 2}}
    sigma.latent_attention heads 2 kv_rank 4 nope_width 4 rope_width 2 value_width 4 rope <base = 100.0, width = 2>
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // rule: sigma.latent_attention: The lists of a longrope scaling have half of `rope_width`
    // expected-error @+1 {{'sigma.latent_attention' op rope's lists must have half the rotated width (2), got: 1}}
    sigma.latent_attention heads 2 kv_rank 4 nope_width 4 rope_width 4 value_width 4 rope <base = 100.0, longrope = {short_factor = [1.0], long_factor = [1.0], original_positions = 4}>
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{'sigma.latent_attention' op scale must be positive and finite, got: -1.000000e+00}}
    sigma.latent_attention heads 2 kv_rank 4 nope_width 4 rope_width 2 value_width 4 rope 100.0 scale -1.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    // expected-error @+1 {{'sigma.mlp' op limit must be absent with activation swiglu}}
    sigma.mlp width 16 limit 7.0
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    // expected-error @+1 {{'sigma.mlp' op limit must be present with activation clamped_swiglu}}
    sigma.mlp width 16 activation clamped_swiglu
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    // expected-error @+1 {{'sigma.mlp' op limit must be positive and finite, got: 0.000000e+00}}
    sigma.mlp width 16 activation clamped_swiglu limit 0.0
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    // rule: sigma.moe: `limit` is present with `clamped_swiglu` and only there
    // expected-error @+1 {{'sigma.moe' op limit must be absent with activation swiglu}}
    sigma.moe experts 8 top_k 2 width 16 router softmax limit 7.0
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    // expected-error @+1 {{'sigma.moe' op limit must be positive and finite, got: -1.000000e+00}}
    sigma.moe experts 8 top_k 2 width 16 router softmax activation clamped_swiglu limit -1.0
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    // expected-error @+1 {{'sigma.moe' op experts x width must be at most 16777216, got: 65536 x 65536}}
    sigma.moe experts 65536 top_k 2 width 65536 router softmax
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    // expected-error @+1 {{'sigma.moe' op shared x shared_width must be at most 16777216, got: 65536 x 65536}}
    sigma.moe experts 8 top_k 2 width 16 router softmax shared 65536 shared_width 65536
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    // expected-error @+1 {{'sigma.moe' op shared_gate must be absent without shared experts}}
    sigma.moe experts 8 top_k 2 width 16 router softmax shared_gate
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    // expected-error @+1 {{'sigma.moe' op groups and top_groups must go together}}
    sigma.moe experts 8 top_k 2 width 16 router softmax groups 2
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    // expected-error @+1 {{'sigma.moe' op groups must be positive, got: 0}}
    sigma.moe experts 8 top_k 2 width 16 router softmax groups 0 top_groups 1
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    // expected-error @+1 {{'sigma.moe' op groups must divide experts (8), got: 3}}
    sigma.moe experts 8 top_k 2 width 16 router softmax groups 3 top_groups 1
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    // rule: sigma.moe: `top_groups` is from 1 to `groups`
    // expected-error @+1 {{'sigma.moe' op top_groups must be from 1 to 4, got: 5}}
    sigma.moe experts 8 top_k 2 width 16 router softmax groups 4 top_groups 5
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    // expected-error @+1 {{'sigma.moe' op top_groups must hold at least top_k (2) experts, got: 1}}
    sigma.moe experts 8 top_k 2 width 16 router softmax groups 8 top_groups 1
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    // expected-error @+1 {{'sigma.moe' op groups must have at least 2 experts each with selection_bias, got: 1}}
    sigma.moe experts 8 top_k 2 width 16 router softmax groups 8 top_groups 2 selection_bias
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    // expected-error @+1 {{'sigma.moe' op bias_update_rate must be positive and finite, got: 0.000000e+00}}
    sigma.moe experts 8 top_k 2 width 16 router softmax bias_update_rate 0.0 selection_bias
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    // expected-error @+1 {{'sigma.moe' op bias_update_rate must be absent without selection_bias}}
    sigma.moe experts 8 top_k 2 width 16 router softmax bias_update_rate 0.001
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    // expected-error @+1 {{'sigma.moe' op scaling must be positive and finite, got: 0.000000e+00}}
    sigma.moe experts 8 top_k 2 width 16 router softmax scaling 0.0
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    // expected-error @+1 {{'sigma.moe' op z_loss must not be negative and must be finite, got: -1.000000e+00}}
    sigma.moe experts 8 top_k 2 width 16 router softmax z_loss -1.0
  }
  sigma.head untied
}
