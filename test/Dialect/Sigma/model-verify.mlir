// RUN: sigma-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{'sigma.model' op sequence must be positive, got: 0}}
sigma.model @m sequence 0 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

// expected-error @+1 {{'sigma.model' op sequence must be positive, got: -8}}
sigma.model @m sequence -8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

// expected-error @+1 {{'sigma.model' op norm_epsilon must be positive and finite, got: 0.000000e+00}}
sigma.model @m sequence 8 norm_epsilon 0.0 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

// expected-error @+1 {{'sigma.model' op init_std must be positive and finite, got: -2.000000e-02}}
sigma.model @m sequence 8 init_std -0.02 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

// expected-error @+1 {{'sigma.model' op residual_scale must be positive and finite, got: 0.000000e+00}}
sigma.model @m sequence 8 residual_scale 0.0 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

// expected-error @+1 {{'sigma.model' op init_std must be positive and finite, got: INF}}
sigma.model @m sequence 8 init_std 0x7FF0000000000000 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

// expected-error @+1 {{'sigma.model' op norm_epsilon must be positive and finite, got: nan}}
sigma.model @m sequence 8 norm_epsilon 0x7FF8000000000000 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  // rule: sigma.model: The body holds nothing but `sigma.embedding`, `sigma.repeat`, `sigma.mtp` and `sigma.head`
  // expected-error @+1 {{'builtin.module' op does not belong into the body of a sigma.model; allowed: sigma.embedding, sigma.repeat, sigma.mtp, sigma.head}}
  builtin.module {}
  sigma.head untied
}

// -----

// expected-error @+1 {{'sigma.model' op body must begin with a sigma.embedding}}
sigma.model @m sequence 8 {
}

// -----

// expected-error @+1 {{'sigma.model' op body must begin with a sigma.embedding}}
sigma.model @m sequence 8 {
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  sigma.embedding vocabulary 16 width 8
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  // expected-note @+1 {{the first is here}}
  sigma.embedding vocabulary 16 width 8
  // expected-error @+1 {{'sigma.embedding' op must be the only one of the model}}
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

// expected-error @+1 {{'sigma.model' op body must end with a sigma.head}}
sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
}

// -----

// expected-error @+1 {{'sigma.model' op body must end with a sigma.head}}
sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.head untied
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  // expected-error @+1 {{'sigma.head' op must be the last op of the model}}
  sigma.head untied
  // expected-note @+1 {{the last op is here}}
  sigma.head untied
}

// -----

// expected-error @+1 {{'sigma.model' op body must have at least one sigma.repeat}}
sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 4095 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  // rule: sigma.model: The layers of all `sigma.repeat` together are at most 4096
  // expected-error @+1 {{'sigma.repeat' op makes the model deeper than the allowed 4096 layers: 4095 before, 2 here}}
  sigma.repeat 2 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  // expected-error @+1 {{'sigma.embedding' op vocabulary must be positive, got: -16}}
  sigma.embedding vocabulary -16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  // expected-error @+1 {{'sigma.embedding' op width must be positive, got: 0}}
  sigma.embedding vocabulary 16 width 0
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  // expected-error @+1 {{'sigma.repeat' op count must be positive, got: 0}}
  sigma.repeat 0 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  // rule: sigma.repeat: The body is layers, at least one: each an attention op followed by a feed-forward op
  // expected-error @+1 {{'sigma.repeat' op body must be layers, each an attention op followed by a feed-forward op, got an empty body}}
  sigma.repeat 1 {
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  // expected-error @+1 {{'sigma.repeat' op body must be layers, each an attention op followed by a feed-forward op}}
  sigma.repeat 1 {
    // expected-note @+1 {{expected sigma.attention or sigma.latent_attention here}}
    sigma.mlp width 16
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  // expected-error @+1 {{'sigma.repeat' op body must be layers, each an attention op followed by a feed-forward op}}
  sigma.repeat 1 {
    // expected-note @+1 {{nothing follows this op}}
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  // expected-error @+1 {{'sigma.repeat' op body must be layers, each an attention op followed by a feed-forward op}}
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    // expected-note @+1 {{expected sigma.mlp or sigma.moe here}}
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  // expected-error @+1 {{'sigma.repeat' op body must be layers, each an attention op followed by a feed-forward op}}
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    sigma.mlp width 16
    // expected-note @+1 {{expected sigma.attention or sigma.latent_attention here}}
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{'sigma.attention' op heads must be positive, got: -2}}
    sigma.attention heads -2 kv_heads 1 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{'sigma.attention' op kv_heads must be positive, got: 0}}
    sigma.attention heads 2 kv_heads 0 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{'sigma.attention' op head_width must be positive, got: 0}}
    sigma.attention heads 2 kv_heads 1 head_width 0 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{'sigma.attention' op kv_heads must divide heads (8), got: 3}}
    sigma.attention heads 8 kv_heads 3 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{'sigma.attention' op head_width must be even, because rotary positions rotate pairs, got: 5}}
    sigma.attention heads 2 kv_heads 1 head_width 5 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    // expected-error @+1 {{custom op 'sigma.attention' rope base must be positive and finite, got: 0.000000e+00}}
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 0.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    // expected-error @+1 {{'sigma.mlp' op width must be positive, got: -1}}
    sigma.mlp width -1
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    // expected-error @+1 {{'sigma.moe' op experts must be positive, got: 0}}
    sigma.moe experts 0 top_k 1 width 16 router softmax
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    // expected-error @+1 {{'sigma.moe' op top_k must be positive, got: 0}}
    sigma.moe experts 8 top_k 0 width 16 router softmax
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    // expected-error @+1 {{'sigma.moe' op top_k must be at most experts (8), got: 9}}
    sigma.moe experts 8 top_k 9 width 16 router softmax
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    // expected-error @+1 {{'sigma.moe' op width must be positive, got: 0}}
    sigma.moe experts 8 top_k 2 width 0 router softmax
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    // expected-error @+1 {{'sigma.moe' op shared must not be negative, got: -1}}
    sigma.moe experts 8 top_k 2 width 16 router softmax shared -1 shared_width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    // expected-error @+1 {{'sigma.moe' op shared_width must be positive with shared experts (1), got: 0}}
    sigma.moe experts 8 top_k 2 width 16 router softmax shared 1
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    // expected-error @+1 {{'sigma.moe' op shared_width must be absent without shared experts, got: 16}}
    sigma.moe experts 8 top_k 2 width 16 router softmax shared_width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4 rope 10000.0
    // expected-error @+1 {{'sigma.moe' op balance_loss must not be negative and must be finite, got: -1.000000e-02}}
    sigma.moe experts 8 top_k 2 width 16 router softmax balance_loss -0.01
  }
  sigma.head untied
}

// -----

// expected-error @+1 {{'sigma.head' op expects parent op 'sigma.model'}}
sigma.head untied

// -----

// expected-error @+1 {{'sigma.moe' op expects parent op to be one of 'sigma.repeat, sigma.mtp'}}
sigma.moe experts 8 top_k 2 width 16 router softmax

// -----

// expected-error @+1 {{'sigma.model' op requires attribute 'sequence'}}
"sigma.model"() <{sym_name = "m"}> ({
^bb0:
}) : () -> ()

// -----

// expected-error @+1 {{'sigma.model' op region #0 ('bodyRegion') failed to verify constraint: region with 1 blocks}}
"sigma.model"() <{sym_name = "m", sequence = 8 : i64}> ({}) : () -> ()

// -----

sigma.model @m sequence 8 {
  // expected-error @+1 {{'sigma.embedding' op vocabulary must be at most 16777216, got: 9000000000000000000}}
  sigma.embedding vocabulary 9000000000000000000 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 2 head_width 4 rope 10000.0
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 8 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 2 head_width 4 rope 10000.0
    // expected-error @+1 {{'sigma.mlp' op width must be at most 16777216, got: 16777217}}
    sigma.mlp width 16777217
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  // expected-error @+1 {{'sigma.embedding' op positions must be positive, got: 0}}
  sigma.embedding vocabulary 16 width 8 positions 0
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  // expected-error @+1 {{'sigma.embedding' op scale must be positive and finite, got: 0.000000e+00}}
  sigma.embedding vocabulary 16 width 8 scale 0.0
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

// expected-note @+1 {{the model is here}}
sigma.model @m sequence 8 {
  // expected-error @+1 {{'sigma.embedding' op positions must be at least the model's sequence (8), got: 4}}
  sigma.embedding vocabulary 16 width 8 positions 4
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    sigma.mlp width 16
  }
  // expected-error @+1 {{'sigma.head' op scale must be positive and finite, got: -1.000000e+00}}
  sigma.head untied scale -1.0
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    sigma.mlp width 16
  }
  // expected-error @+1 {{'sigma.head' op softcap must be positive and finite, got: 0.000000e+00}}
  sigma.head tied softcap 0.0
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    sigma.mlp width 16
  }
  // expected-error @+1 {{'sigma.mtp' op count must be from 1 to 64, got: 65}}
  sigma.mtp 65 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    sigma.mlp width 16
  }
  // expected-error @+1 {{'sigma.mtp' op count must be from 1 to 64, got: 0}}
  sigma.mtp 0 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    sigma.mlp width 16
  }
  // expected-error @+1 {{'sigma.mtp' op loss_factor must be positive and finite, got: 0.000000e+00}}
  sigma.mtp 1 loss_factor 0.0 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    sigma.mlp width 16
  }
  // rule: sigma.mtp: The body is one layer: an attention op followed by a feed-forward op
  // expected-error @+1 {{'sigma.mtp' op body must be one layer, got: 2}}
  sigma.mtp 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    sigma.mlp width 16
    sigma.attention heads 2 kv_heads 1 head_width 4
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    sigma.mlp width 16
  }
  // expected-error @+1 {{'sigma.mtp' op body must be layers, each an attention op followed by a feed-forward op}}
  sigma.mtp 1 {
    // expected-note @+1 {{expected sigma.attention or sigma.latent_attention here}}
    sigma.mlp width 16
    sigma.attention heads 2 kv_heads 1 head_width 4
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    sigma.mlp width 16
  }
  // rule: sigma.model: A `sigma.mtp` is the only one and stands before the `sigma.head`
  // expected-error @+1 {{'sigma.mtp' op must stand right before the sigma.head}}
  sigma.mtp 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    sigma.mlp width 16
  }
  // expected-note @+1 {{this op is between them}}
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

sigma.model @m sequence 8 {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 2047 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    sigma.mlp width 16
    sigma.attention heads 2 kv_heads 1 head_width 4
    sigma.mlp width 16
  }
  // expected-error @+1 {{'sigma.repeat' op makes the model deeper than the allowed 4096 layers: 4094 before, 2 x 2 here}}
  sigma.repeat 2 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    sigma.mlp width 16
    sigma.attention heads 2 kv_heads 1 head_width 4
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

// expected-error @+2 {{expected norm to be one of rms, layer, layer_no_bias; got: batch}}
sigma.model @m sequence 8
    norm batch {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    sigma.mlp width 16
  }
  sigma.head untied
}

// -----

// expected-error @+1 {{expected norm_placement to be one of pre, post, sandwich, output; got: middle}}
sigma.model @m sequence 8 norm_placement middle {
  sigma.embedding vocabulary 16 width 8
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 4
    sigma.mlp width 16
  }
  sigma.head untied
}
