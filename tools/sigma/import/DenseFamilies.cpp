//===- DenseFamilies.cpp - architectures without experts ------------------===//

#include "tools/sigma/import/FamilyParts.h"

using namespace sigma::config;
using namespace mlir::sigma;

Family sigma::config::llama() {
  Family family;
  family.architectures = {"LlamaForCausalLM"};
  family.modelTypes = {"llama"};
  family.biases = {{{"attention_bias"}, kQkvo}};
  family.mlpBias = {"mlp_bias"};
  return family;
}

Family sigma::config::mistral() {
  Family family;
  family.architectures = {"MistralForCausalLM"};
  family.modelTypes = {"mistral"};
  family.kvHeads = 8;
  family.windows = WindowRule::EveryLayer;
  family.window = 4096;
  return family;
}

Family sigma::config::qwen2() {
  Family family;
  family.architectures = {"Qwen2ForCausalLM"};
  family.modelTypes = {"qwen2"};
  family.kvHeads = 32;
  family.biases = {{kAlways, kQkv}};
  family.windows = WindowRule::LowerFull;
  family.window = 4096;
  family.hasWindow = {"use_sliding_window"};
  return family;
}

Family sigma::config::qwen3() {
  Family family = qwen2();
  family.architectures = {"Qwen3ForCausalLM"};
  family.modelTypes = {"qwen3"};
  family.headWidth = 128;
  family.biases = {{{"attention_bias"}, kQkvo}};
  family.hasQkNorm = kAlways;
  return family;
}

Family sigma::config::gpt2() {
  Family family;
  family.architectures = {"GPT2LMHeadModel"};
  family.modelTypes = {"gpt2"};
  family.spelling = {{"hidden_size", "n_embd"},
                     {"num_hidden_layers", "n_layer"},
                     {"num_attention_heads", "n_head"},
                     {"intermediate_size", "n_inner"},
                     {"max_position_embeddings", "n_positions"},
                     {"rms_norm_eps", "layer_norm_epsilon"}};
  family.norm = Norm::Layer;
  family.epsilon = 1e-5;
  family.learnedPositions = true;
  family.tied = true;
  family.rotary = false;
  family.biases = {{kAlways, kQkvo}};
  family.activation = Activation::GeluTanh;
  family.activationKey = "activation_function";
  family.mlpBias = kAlways;
  family.denseWidthFactor = 4;
  family.only = {
      {"scale_attn_weights", boolean(true), "unscaled scores"},
      {"scale_attn_by_inverse_layer_idx", boolean(false), "scores divided by the layer number"},
      {"add_cross_attention", boolean(false), "cross-attention"}};
  return family;
}

Family sigma::config::gemma() {
  Family family;
  family.architectures = {"GemmaForCausalLM"};
  family.modelTypes = {"gemma"};
  family.scalesByRootOfWidth = true;
  family.tied = true;
  family.kvHeads = 16;
  family.headWidth = 256;
  family.biases = {{{"attention_bias"}, kQkvo}};
  family.activation = Activation::GeGluTanh;
  family.activationKey = "hidden_activation";
  family.unused = {"hidden_act"}; // the class takes the approximation by tanh whatever it says
  return family;
}

Family sigma::config::gemma2() {
  Family family = gemma();
  family.architectures = {"Gemma2ForCausalLM"};
  family.modelTypes = {"gemma2"};
  family.placement = NormPlacement::Sandwich;
  family.kvHeads = 4;
  family.windows = WindowRule::Alternate;
  family.window = 4096;
  family.attentionScalarKey = "query_pre_attn_scalar";
  family.attentionSoftcapKey = "attn_logit_softcapping";
  family.attentionSoftcap = 50;
  family.headSoftcapKey = "final_logit_softcapping";
  family.headSoftcap = 30;
  return family;
}

Family sigma::config::gemma3() {
  Family family = gemma2();
  family.architectures = {"Gemma3ForCausalLM", "Gemma3ForConditionalGeneration"};
  family.modelTypes = {"gemma3_text", "gemma3"};
  family.scopes = {"text_config"};
  family.hasQkNorm = kAlways;
  family.ropeBase = 1e6;
  family.localRopeBaseKey = "rope_local_base_freq";
  family.vocabulary = 262208;
  family.heads = 8;
  family.attentionSoftcap = family.headSoftcap = 0;
  family.windows = WindowRule::SixthIsFull;
  family.unused = {"hidden_act", "sliding_window_pattern", "mm_tokens_per_image"};
  family.only = {{"use_bidirectional_attention", boolean(false), "attention to later tokens"}};
  return family;
}

Family sigma::config::granite() {
  Family family = llama();
  family.architectures = {"GraniteForCausalLM"};
  family.modelTypes = {"granite"};
  family.embeddingScaleKey = "embedding_multiplier";
  family.headDivisorKey = "logits_scaling";
  family.attentionScaleKey = "attention_multiplier";
  family.residualScaleKey = "residual_multiplier";
  return family;
}

Family sigma::config::ernie() {
  Family family;
  family.architectures = {"Ernie4_5ForCausalLM"};
  family.modelTypes = {"ernie4_5"};
  family.epsilon = 1e-5;
  family.tied = true;
  family.biases = {{{"use_bias"}, kQkvo}};
  family.ropeBase = 500000;
  family.mlpBias = {"use_bias"};
  return family;
}

Family sigma::config::glm4() {
  Family family;
  family.architectures = {"Glm4ForCausalLM"};
  family.modelTypes = {"glm4"};
  family.placement = NormPlacement::Sandwich;
  family.epsilon = 1.5625e-7;
  family.kvHeads = 2;
  family.headWidth = 128;
  family.biases = {{{"attention_bias"}, kQkv}};
  family.rotaryFactor = 0.5;
  return family;
}

Family sigma::config::olmo2() {
  Family family = llama();
  family.architectures = {"Olmo2ForCausalLM"};
  family.modelTypes = {"olmo2"};
  family.placement = NormPlacement::Output;
  family.epsilon = 1e-5;
  family.qkNorm = QkNorm::FullWidth;
  family.hasQkNorm = kAlways;
  family.mlpBias = {};
  return family;
}

Family sigma::config::phi3() {
  Family family;
  family.architectures = {"Phi3ForCausalLM"};
  family.modelTypes = {"phi3"};
  family.epsilon = 1e-5;
  family.windows = WindowRule::EveryLayer;
  // The length before stretching, which files without a stretch state too.
  family.unused = {"original_max_position_embeddings", "interpolate_factor", "full_attn_mod"};
  return family;
}

Family sigma::config::smolLm3() {
  Family family = llama();
  family.architectures = {"SmolLM3ForCausalLM"};
  family.modelTypes = {"smollm3"};
  family.tied = true;
  family.kvHeads = 4;
  family.ropeBase = 2e6;
  family.skipsRotation = true;
  family.unused = {"max_window_layers"};
  return family;
}

Family sigma::config::starcoder2() {
  Family family;
  family.architectures = {"Starcoder2ForCausalLM"};
  family.modelTypes = {"starcoder2"};
  family.spelling = {{"rms_norm_eps", "norm_epsilon"}};
  family.norm = Norm::Layer;
  family.epsilon = 1e-5;
  family.tied = true;
  family.kvHeads = 2;
  family.biases = {{{"use_bias", true}, kQkvo}};
  family.windows = WindowRule::EveryLayer;
  family.activation = Activation::GeluTanh;
  family.mlpBias = {"use_bias", true};
  family.only = {{"mlp_type", word("default"), "another feed-forward network"},
                 {"norm_type", word("layer_norm"), "another norm"}};
  family.unused = {"activation_function", "scale_attn_weights", "attention_softmax_in_fp32",
                   "scale_attention_softmax_in_fp32"};
  return family;
}

Family sigma::config::internLm2() {
  Family family;
  family.architectures = {"InternLM2ForCausalLM"};
  family.modelTypes = {"internlm2"};
  family.biases = {{{"bias", true}, kQkvo}};
  return family;
}

Family sigma::config::internLm3() {
  Family family;
  family.architectures = {"InternLM3ForCausalLM"};
  family.modelTypes = {"internlm3"};
  family.biases = {{{"qkv_bias"}, kQkv}, {{"bias"}, {Projection::Output}}};
  family.mlpBias = {"bias"};
  return family;
}

Family sigma::config::seedOss() {
  Family family;
  family.architectures = {"SeedOssForCausalLM"};
  family.modelTypes = {"seed_oss"};
  family.kvHeads = 8;
  family.headWidth = 128;
  family.biases = {{{"attention_bias", true}, kQkv},
                   {{"attention_out_bias"}, {Projection::Output}}};
  family.mlpBias = {"mlp_bias"};
  return family;
}

Family sigma::config::arcee() {
  Family family = llama();
  family.architectures = {"ArceeForCausalLM"};
  family.modelTypes = {"arcee"};
  family.epsilon = 1e-5;
  family.activation = Activation::ReluSquared;
  return family;
}

Family sigma::config::nemotron() {
  Family family = llama();
  family.architectures = {"NemotronForCausalLM"};
  family.modelTypes = {"nemotron"};
  family.spelling = {{"rms_norm_eps", "norm_eps"}};
  family.norm = Norm::Layer;
  family.epsilon = 1e-5;
  family.rotaryFactor = 0.5;
  family.activation = Activation::ReluSquared;
  return family;
}
