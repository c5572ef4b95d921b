//===- Families.cpp - the table of architectures --------------------------===//
//
// What the classes of Hugging Face transformers do, and those that models bring themselves.

#include "tools/sigma/import/FamilyParts.h"

using namespace sigma::config;
using namespace mlir::sigma;

//===----------------------------------------------------------------------===//
// Mixtures of experts
//===----------------------------------------------------------------------===//

static Family mixtral() {
  Family family;
  family.architectures = {"MixtralForCausalLM"};
  family.modelTypes = {"mixtral"};
  family.spelling = {{"num_experts", "num_local_experts"}};
  family.epsilon = 1e-5;
  family.kvHeads = 8;
  family.ropeBase = 1e6;
  family.windows = WindowRule::EveryLayer;
  family.expertWidthKey = "intermediate_size";
  family.moe = MoeRule::EveryLayer;
  family.balanceLoss = 0.001;
  return family;
}

static Family phiMoe() {
  Family family = mixtral();
  family.architectures = {"PhiMoEForCausalLM", "PhimoeForCausalLM"};
  family.modelTypes = {"phimoe"};
  family.norm = Norm::Layer;
  family.headBiasKey = "lm_head_bias";
  family.biases = {{{"attention_bias"}, kQkvo}};
  family.normalize = {};
  family.approximations = {
      {kAlways, "the sparsemixer router is imported as a softmax over all experts: its weights, "
                "of a softmax over the logits close to the best, cannot be said"}};
  return family;
}

static Family qwen2Moe() {
  Family family;
  family.architectures = {"Qwen2MoeForCausalLM"};
  family.modelTypes = {"qwen2_moe"};
  family.kvHeads = 16;
  family.biases = {{{"qkv_bias", true}, kQkv}};
  family.windows = WindowRule::LowerFull;
  family.window = 4096;
  family.hasWindow = {"use_sliding_window"};
  family.moe = MoeRule::SparseStep;
  family.normalize = {"norm_topk_prob"};
  family.shared = SharedRule::OneWide;
  family.sharedGate = true;
  family.balanceLoss = 0.001;
  return family;
}

static Family qwen3Moe() {
  Family family = qwen2Moe();
  family.architectures = {"Qwen3MoeForCausalLM"};
  family.modelTypes = {"qwen3_moe"};
  family.kvHeads = 4;
  family.biases = {{{"attention_bias"}, kQkvo}};
  family.hasQkNorm = kAlways;
  family.shared = SharedRule::None;
  family.sharedGate = false;
  family.only = {{"use_qk_norm", boolean(true), "queries and keys without a norm"}};
  return family;
}

static Family olmoe() {
  Family family;
  family.architectures = {"OlmoeForCausalLM"};
  family.modelTypes = {"olmoe"};
  family.epsilon = 1e-5;
  family.biases = {{{"attention_bias"}, kQkvo}};
  family.qkNorm = QkNorm::FullWidth;
  family.hasQkNorm = kAlways;
  family.clipKey = "clip_qkv";
  family.expertWidthKey = "intermediate_size";
  family.moe = MoeRule::EveryLayer;
  family.normalize = {"norm_topk_prob"};
  family.balanceLoss = 0.01;
  return family;
}

static Family flexOlmo() {
  Family family = olmoe();
  family.architectures = {"FlexOlmoForCausalLM"};
  family.modelTypes = {"flex_olmo"};
  family.placement = NormPlacement::Output;
  family.epsilon = 1e-6;
  family.ropeBase = 500000;
  family.clipKey = {};
  return family;
}

static Family deepseekMoe() {
  Family family;
  family.architectures = {"DeepseekForCausalLM"};
  family.modelTypes = {"deepseek"};
  family.spelling = {{"num_experts", "n_routed_experts"},
                     {"num_shared_experts", "n_shared_experts"},
                     {"router_aux_loss_coef", "aux_loss_alpha"}};
  family.biases = {{{"attention_bias"}, kQkvo}};
  family.moe = MoeRule::AfterDense;
  family.scoreKey = "scoring_func";
  family.normalize = {"norm_topk_prob"};
  family.shared = SharedRule::Count;
  family.balanceLoss = 0.001;
  return family;
}

static Family deepseekV2() {
  Family family = deepseekMoe();
  family.architectures = {"DeepseekV2ForCausalLM"};
  family.modelTypes = {"deepseek_v2"};
  family.biases = {};
  family.latent = true;
  family.normalize = {};
  family.scalingKey = "routed_scaling_factor";
  family.groups = GroupRule::IfGroupLimited;
  family.balanceLoss = 0;
  family.only = {
      {"attention_bias", boolean(false), "biases of latent attention"},
      {"norm_topk_prob", boolean(false), "weights that are divided by their sum and not scaled"}};
  family.unused = {"num_key_value_heads", "head_dim", "qk_head_dim"};
  return family;
}

static Family deepseekV3() {
  Family family = deepseekV2();
  family.architectures = {"DeepseekV3ForCausalLM", "KimiK25ForConditionalGeneration"};
  family.modelTypes = {"deepseek_v3", "kimi_k2", "kimi_k25"};
  family.scopes = {"text_config"};
  family.mtpKey = "num_nextn_predict_layers";
  family.score = RouterScore::Sigmoid;
  family.normalize = {"norm_topk_prob", true};
  family.selectionBias = kAlways;
  family.groups = GroupRule::Stated;
  family.numGroups = 8;
  family.topGroups = 4;
  family.only = {{"attention_bias", boolean(false), "biases of latent attention"},
                 {"topk_method", word("noaux_tc"), "another choice of experts"}};
  family.unused.push_back("use_unified_vision_chunk");
  return family;
}

static Family glm4MoeLite() {
  Family family = deepseekV3();
  family.architectures = {"Glm4MoeLiteForCausalLM"};
  family.modelTypes = {"glm4_moe_lite"};
  family.scopes = {};
  family.epsilon = 1e-5;
  family.numGroups = family.topGroups = 1;
  return family;
}

static Family glm4Moe() {
  Family family;
  family.architectures = {"Glm4MoeForCausalLM"};
  family.modelTypes = {"glm4_moe"};
  family.spelling = {{"num_experts", "n_routed_experts"},
                     {"num_shared_experts", "n_shared_experts"}};
  family.epsilon = 1e-5;
  family.mtpKey = "num_nextn_predict_layers";
  family.kvHeads = 8;
  family.biases = {{{"attention_bias"}, kQkv}};
  family.hasQkNorm = {"use_qk_norm"};
  family.rotaryFactor = 0.5;
  family.moe = MoeRule::AfterDense;
  family.score = RouterScore::Sigmoid;
  family.scoreKey = "scoring_func";
  family.normalize = {"norm_topk_prob", true};
  family.scalingKey = "routed_scaling_factor";
  family.selectionBias = kAlways;
  family.groups = GroupRule::Stated;
  family.shared = SharedRule::Count;
  family.only = {{"topk_method", word("noaux_tc"), "another choice of experts"}};
  return family;
}

static Family dots1() {
  Family family = glm4Moe();
  family.architectures = {"Dots1ForCausalLM"};
  family.modelTypes = {"dots1"};
  family.epsilon = 1e-6;
  family.mtpKey = {};
  family.kvHeads = 32;
  family.biases = {{{"attention_bias"}, kQkvo}};
  family.hasQkNorm = kAlways;
  family.rotaryFactor = 1;
  family.windows = WindowRule::LowerFull;
  family.window = 4096;
  family.hasWindow = {"use_sliding_window", true};
  family.fullLayers = 62;
  family.normalize = {"norm_topk_prob"};
  return family;
}

static Family gptOss() {
  Family family;
  family.architectures = {"GptOssForCausalLM"};
  family.modelTypes = {"gpt_oss"};
  family.spelling = {{"num_experts", "num_local_experts"}};
  family.epsilon = 1e-5;
  family.kvHeads = 8;
  family.headWidth = 64;
  family.biases = {{{"attention_bias", true}, kQkvo}};
  family.ropeBase = 150000;
  family.yarnByDefault = true;
  family.windows = WindowRule::Alternate;
  family.window = 128;
  family.sinks = true;
  family.activation = Activation::ClampedSwiGlu;
  family.limitKey = "swiglu_limit";
  family.expertWidthKey = "intermediate_size";
  family.moe = MoeRule::EveryLayer;
  family.routerBias = true;
  family.expertBias = true;
  family.balanceLoss = 0.9;
  return family;
}

static Family llama4() {
  Family family;
  family.architectures = {"Llama4ForCausalLM", "Llama4ForConditionalGeneration"};
  family.modelTypes = {"llama4_text", "llama4"};
  family.scopes = {"text_config"};
  family.spelling = {{"num_experts", "num_local_experts"}};
  family.epsilon = 1e-5;
  family.kvHeads = 8;
  family.headWidth = 128;
  family.biases = {{{"attention_bias"}, kQkvo}};
  family.qkNorm = QkNorm::L2;
  family.hasQkNorm = {"use_qk_norm", true};
  family.ropeBase = 500000;
  family.skipsRotation = true;
  family.chunked = true;
  family.denseWidthKey = "intermediate_size_mlp";
  family.expertWidthKey = "intermediate_size";
  family.moe = MoeRule::Interleaved;
  family.score = RouterScore::Sigmoid;
  family.normalize = {};
  family.weighInput = true;
  family.shared = SharedRule::OneEqual;
  family.balanceLoss = 0.001;
  family.unused = {"for_llm_compressor"};
  return family;
}

static Family dbrx() {
  Family family;
  family.architectures = {"DbrxForCausalLM"};
  family.modelTypes = {"dbrx"};
  family.scopes = {"attn_config", "ffn_config"};
  family.spelling = {{"hidden_size", "d_model"},
                     {"num_hidden_layers", "n_layers"},
                     {"num_attention_heads", "n_heads"},
                     {"max_position_embeddings", "max_seq_len"},
                     {"num_key_value_heads", "attn_config.kv_n_heads"},
                     {"clip_qkv", "attn_config.clip_qkv"},
                     {"rope_theta", "attn_config.rope_theta"},
                     {"intermediate_size", "ffn_config.ffn_hidden_size"},
                     {"num_experts", "ffn_config.moe_num_experts"},
                     {"num_experts_per_tok", "ffn_config.moe_top_k"},
                     {"router_aux_loss_coef", "ffn_config.moe_loss_weight"}};
  family.norm = Norm::LayerNoBias;
  family.epsilon = 1e-5;
  family.kvHeads = 1;
  family.clipKey = "clip_qkv";
  family.activationKey = {};
  family.expertWidthKey = "intermediate_size";
  family.moe = MoeRule::EveryLayer;
  family.balanceLoss = 0.01;
  family.only = {
      {"moe_normalize_expert_weights", number(1), "weights divided by another norm than their sum"},
      {"uniform_expert_assignment", boolean(false), "experts that are assigned by position"}};
  return family;
}

static Family grok1() {
  Family family;
  family.architectures = {"Grok1ModelForCausalLM"};
  family.modelTypes = {"grok-1"};
  family.placement = NormPlacement::Sandwich;
  family.epsilon = 1e-5;
  family.embeddingScaleKey = "embedding_multiplier_scale";
  family.tied = true;
  family.headScaleKey = "output_multiplier_scale";
  family.attentionScaleKey = "attn_output_multiplier";
  family.attentionSoftcapKey = "max_attn_value";
  family.attentionSoftcap = 30;
  family.activation = Activation::GeGlu;
  family.activationKey = {}; // its class has no other
  family.expertWidthKey = "intermediate_size";
  family.moe = MoeRule::EveryLayer;
  family.normalize = {};
  family.balanceLoss = 0.001;
  return family;
}

static Family ernieMoe() {
  Family family = ernie();
  family.architectures = {"Ernie4_5_MoeForCausalLM"};
  family.modelTypes = {"ernie4_5_moe"};
  family.spelling = {{"num_experts", "moe_num_experts"},
                     {"num_experts_per_tok", "moe_k"},
                     {"num_shared_experts", "moe_num_shared_experts"}};
  family.kvHeads = 4;
  family.mtpKey = "num_nextn_predict_layers";
  family.moe = MoeRule::Range;
  family.selectionBias = {"moe_use_aux_free", true};
  family.shared = SharedRule::Count;
  family.balanceLoss = 0.001;
  return family;
}

static Family miniMaxM2() {
  Family family;
  family.architectures = {"MiniMaxM2ForCausalLM"};
  family.modelTypes = {"minimax_m2"};
  family.spelling = {{"num_experts", "num_local_experts"}};
  family.mtpKey = "num_mtp_modules";
  family.mtpFlag = {"use_mtp", true};
  family.kvHeads = 8;
  family.headWidth = 128;
  family.qkNorm = QkNorm::FullWidth;
  family.hasQkNorm = {"use_qk_norm", true};
  family.ropeBase = 5e6;
  family.expertWidthKey = "intermediate_size";
  family.moe = MoeRule::EveryLayer;
  family.score = RouterScore::Sigmoid;
  family.scoreKey = "scoring_func";
  family.scalingKey = "routed_scaling_factor";
  family.selectionBias = {"use_routing_bias", true};
  family.balanceLoss = 0.001;
  family.only = {
      {"qk_norm_type", word("per_layer"), "another norm of queries and keys"},
      {"mtp_transformer_layers", number(1), "several layers in a block that predicts one token"}};
  family.unused = {"mlp_intermediate_size",
                   "layernorm_full_attention_alpha",
                   "layernorm_full_attention_beta",
                   "layernorm_linear_attention_alpha",
                   "layernorm_linear_attention_beta",
                   "layernorm_mlp_alpha",
                   "layernorm_mlp_beta",
                   "attn_type_list",
                   "shared_moe_mode",
                   "postnorm",
                   "max_model_len"};
  return family;
}

static Family bailing() {
  Family family;
  family.architectures = {"BailingMoeForCausalLM"};
  family.modelTypes = {"bailing_moe"};
  family.headNormalizeKey = "norm_head";
  family.biases = {{{"use_qkv_bias"}, kQkv}, {{"use_bias"}, {Projection::Output}}};
  family.moe = MoeRule::AfterDense;
  family.normalize = {"norm_topk_prob", true};
  family.shared = SharedRule::Count;
  family.only = {{"norm_softmax", boolean(false), "a norm of the logits"},
                 {"multi_gate", boolean(false), "gates for other kinds of input"}};
  family.unused = {"max_window_layers"};
  return family;
}

static Family bailingV2() {
  Family family = bailing();
  family.architectures = {"BailingMoeV2ForCausalLM"};
  family.modelTypes = {"bailing_moe_v2"};
  family.headNormalizeKey = {};
  family.mtpKey = "num_nextn_predict_layers";
  family.hasQkNorm = {"use_qk_norm"};
  family.score = RouterScore::Sigmoid;
  family.scoreKey = "scoring_func";
  family.scalingKey = "routed_scaling_factor";
  family.selectionBias = {"moe_router_enable_expert_bias"};
  family.sharedHasWidth = true;
  family.groups = GroupRule::Stated;
  family.only = {{"topk_method", word("noaux_tc"), "another choice of experts"},
                 {"use_rmsnorm", boolean(true), "another norm"},
                 {"norm_softmax", boolean(false), "a norm of the logits"}};
  return family;
}

static Family hunyuan() {
  Family family;
  family.architectures = {"HunYuanMoEV1ForCausalLM", "HunYuanForCausalLM",
                          "HunYuanDenseV1ForCausalLM"};
  family.modelTypes = {"hunyuan_v1_moe", "hunyuan", "hunyuan_v1_dense"};
  family.spelling = {{"num_experts_per_tok", "moe_topk"},
                     {"num_shared_experts", "num_shared_expert"}};
  family.epsilon = 1e-5;
  family.biases = {{{"attention_bias"}, kQkvo}};
  family.hasQkNorm = {"use_qk_norm", true};
  family.mlpBias = {"mlp_bias"};
  family.moe = MoeRule::ByExperts;
  family.perLayerLists = true;
  family.shared = SharedRule::Count;
  family.only = {{"use_mla", boolean(false), "latent attention of this architecture"},
                 {"norm_type", word("rms"), "another norm"},
                 {"norm_topk_prob", boolean(true), "weights that are not divided by their sum"},
                 {"moe_drop_tokens", boolean(false), "dropped tokens"},
                 {"position_embedding_xdrope", boolean(false), "positions in several dimensions"},
                 {"add_classification_head", boolean(false), "a head that classifies"}};
  family.unused = {"cla_share_factor", "dense_list", "num_media_embeds", "routed_scaling_factor"};
  family.approximations = {
      {{"use_qk_norm", true},
       "queries and keys are normed before the rotation, not after it: parameters and cost are "
       "the same, but the norm's weights act on other numbers"}};
  return family;
}

static Family graniteMoe() {
  Family family = granite();
  family.architectures = {"GraniteMoeForCausalLM"};
  family.modelTypes = {"granitemoe"};
  family.spelling = {{"num_experts", "num_local_experts"}};
  family.mlpBias = {};
  family.expertWidthKey = "intermediate_size";
  family.moe = MoeRule::EveryLayer;
  family.balanceLoss = 0.001;
  return family;
}

const std::vector<Family> &sigma::config::families() {
  static const std::vector<Family> all = {
      llama(),      mixtral(),     qwen3Moe(),   qwen2Moe(),    deepseekV3(), deepseekV2(),
      glm4Moe(),    glm4MoeLite(), gptOss(),     llama4(),      olmoe(),      dbrx(),
      grok1(),      dots1(),       miniMaxM2(),  ernieMoe(),    bailing(),    bailingV2(),
      hunyuan(),    phiMoe(),      graniteMoe(), mistral(),     qwen2(),      qwen3(),
      gpt2(),       gemma(),       gemma2(),     gemma3(),      granite(),    ernie(),
      glm4(),       olmo2(),       flexOlmo(),   deepseekMoe(), phi3(),       smolLm3(),
      starcoder2(), internLm2(),   internLm3(),  seedOss(),     arcee(),      nemotron()};
  return all;
}

llvm::StringRef sigma::config::reasonToRefuse(llvm::StringRef architecture) {
  static const std::pair<llvm::StringRef, llvm::StringRef> known[] = {
      {"Jamba", "Mamba layers"},
      {"Mamba", "Mamba layers"},
      {"FalconH1", "Mamba layers"},
      {"NemotronH", "Mamba layers"},
      {"Zamba", "Mamba layers"},
      {"Bamba", "Mamba layers"},
      {"GraniteMoeHybrid", "Mamba layers"},
      {"Lfm2", "convolution layers"},
      {"Qwen3Next", "linear attention layers"},
      {"Qwen3_5", "linear attention layers"},
      {"MiniMaxText01", "linear attention layers"},
      {"MiniMaxM1", "linear attention layers"},
      {"MiniMaxForCausalLM", "linear attention layers"},
      {"KimiLinear", "linear attention layers"},
      {"BailingMoeLinear", "linear attention layers"},
      {"BailingMoeV2_5", "linear attention layers"},
      {"Rwkv", "recurrent layers"},
      {"RecurrentGemma", "recurrent layers"},
      {"DeepseekV32", "attention that an indexer makes sparse"},
      {"GlmMoeDsa", "attention that an indexer makes sparse"},
      {"DeepseekV4", "compressed sparse attention"},
      {"MiniMaxM3", "attention that an indexer makes sparse"},
      {"Olmo3", "rotary positions that are stretched in some layers only"},
      {"OlmoForCausalLM", "norms without weights"},
      {"Arctic", "a dense block beside the experts"},
      {"Grok1ForCausalLM", "a dense block beside the experts"},
      {"JetMoE", "a mixture of attention heads"},
      {"JetMoe", "a mixture of attention heads"},
      {"Longcat", "experts that compute nothing"},
      {"Afmoe", "gates of attention"},
      {"Laguna", "gates of attention"},
      {"Apertus", "an activation with parameters of its own"},
      {"Gemma3n", "embeddings of each layer, and layers that share keys and values"},
      {"Switch", "encoder layers"},
      {"Nllb", "encoder layers"},
      {"GPTNeoX", "attention and feed-forward side by side"},
      {"Cohere", "attention and feed-forward side by side"},
      {"Falcon", "attention and feed-forward side by side"},
      {"PhiForCausalLM", "attention and feed-forward side by side"}};
  for (auto [prefix, reason] : known)
    if (architecture.starts_with(prefix))
      return reason;
  return {};
}
