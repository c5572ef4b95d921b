//===- Vocabulary.cpp - what keys of configurations mean ------------------===//

#include "tools/sigma/import/Vocabulary.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

using namespace sigma::config;
using llvm::StringRef;
using Names = llvm::SmallVector<StringRef, 6>;

llvm::ArrayRef<StringRef> sigma::config::namesOf(const StringRef &key) {
  static const Names all[] = {
      {"hidden_size", "d_model", "n_embd"},
      {"num_hidden_layers", "n_layers", "n_layer", "num_layers"},
      {"num_attention_heads", "n_heads", "n_head"},
      {"num_key_value_heads", "kv_n_heads", "num_kv_heads"},
      {"head_dim", "attention_head_dim"},
      {"intermediate_size", "n_inner", "ffn_hidden_size"},
      {"max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "max_sequence_length"},
      {"rms_norm_eps", "norm_eps", "layer_norm_eps", "layer_norm_epsilon", "layernorm_epsilon",
       "norm_epsilon"},
      {"num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts"},
      {"num_experts_per_tok", "experts_per_token", "moe_topk", "moe_k", "moe_top_k"},
      {"num_shared_experts", "n_shared_experts", "num_shared_expert", "moe_num_shared_experts"},
      {"shared_expert_intermediate_size", "moe_shared_expert_intermediate_size",
       "shared_intermediate_size"},
      {"router_aux_loss_coef", "aux_loss_alpha", "moe_loss_weight"},
      {"scoring_func", "score_function"},
      {"sliding_window", "sliding_window_size"},
      {"attention_chunk_size", "chunk_size"},
      {"partial_rotary_factor", "rotary_pct"},
      {"rope_type", "type"}};
  for (const Names &names : all)
    if (names.front() == key)
      return names;
  return key;
}

bool sigma::config::isIrrelevant(StringRef key) {
  static const StringRef exact[] = {
      // The file itself.
      "architectures", "model_type", "_name_or_path", "_commit_hash", "auto_map",
      "transformers_version", "torch_dtype", "dtype", "unsloth_version", "tokenizer_class",
      "tokenizer_version", "bos_token", "eos_token", "pad_token", "keys_to_ignore_at_inference",
      "quantization_config", "compression_config", "org_vocab_size", "is_decoder", "id2label",
      "label2id", "num_labels", "problem_type", "finetuning_task", "pruned_heads",
      "task_specific_params", "class_num", "pool_type", "add_classification_head", "license",
      "framework", "task", "ignore_index",
      // How others run or generate.
      "use_cache", "cache_implementation", "return_dict", "output_attentions",
      "output_hidden_states", "output_router_logits", "output_past", "pretraining_tp", "ep_size",
      "tp_size", "gradient_checkpointing", "attn_implementation", "_attn_implementation",
      "_attn_implementation_autoset", "use_flash_attn", "flash_attn", "use_flash_attention",
      "use_flash_attention_2", "use_fused_rope", "rope_interleave", "rope_interleaved",
      "num_logits_to_keep", "logits_to_keep", "max_length", "min_length", "do_sample", "top_p",
      "temperature", "num_beams", "num_return_sequences", "repetition_penalty", "length_penalty",
      "diversity_penalty", "typical_p", "top_k", "num_beam_groups", "early_stopping",
      "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "chunk_size_feed_forward",
      "torchscript", "reorder_and_upcast_attn", "use_bfloat16", "router_dtype", "mlp_fp32",
      "tie_encoder_decoder", "fuse_rms_norm", "enable_attention_fp32_softmax",
      "enable_lm_head_fp32", "use_recompute", "micro_batch_size", "seq_length",
      // How others train: losses that sigma states otherwise, noise, capacities, initial values.
      "seq_aux", "capacity_factor", "moe_capacity", "moe_capacity_factor",
      "moe_random_routing_dropped_token", "expert_capacity", "router_jitter_noise",
      "input_jitter_noise", "moe_jitter_eps", "mtp_loss_scaling_factor", "multi_token_pred_lambda",
      "rescale_prenorm_residual", "moe_dropout_prob", "moe_multimodal_dispatch_use_allgather",
      "moe_group", "moe_gate", "moe_norm_min", "moe_use_hard_gate", "initial_context_length",
      "initializer_cutoff_factor", "embedding_initializer_range"};
  static const StringRef prefixes[] = {"summary_",       "vision_",   "vit_",      "img_",
                                       "image_",         "video_",    "im_",       "anyres_",
                                       "begin_suppress", "suppress_", "mask_init_"};
  static const StringRef suffixes[] = {"_token_id", "_token_ids", "_token_index",  "_id",
                                       "_pdrop",    "dropout",    "_dropout_prob", "_dropout_rate"};
  return llvm::is_contained(exact, key) ||
         llvm::any_of(prefixes, [&](StringRef prefix) { return key.starts_with(prefix); }) ||
         llvm::any_of(suffixes, [&](StringRef suffix) { return key.ends_with(suffix); });
}

bool sigma::config::soundsArchitectural(StringRef key) {
  static const StringRef words[] = {
      "act",      "attention", "attn",   "bias",  "block",  "cap",      "chunk",      "cla",
      "conv",     "depth",     "dim",    "dense", "embed",  "expert",   "ffn",        "gate",
      "group",    "head",      "hidden", "index", "inner",  "kv",       "latent",     "layer",
      "linear",   "lora",      "mamba",  "mlp",   "moe",    "mtp",      "multiplier", "norm",
      "parallel", "position",  "query",  "rank",  "recurr", "residual", "rope",       "rotary",
      "router",   "routing",   "scal",   "share", "sink",   "size",     "sliding",    "sparse",
      "ssm",      "state",     "tie",    "topk",  "top_k",  "width",    "window"};
  return llvm::any_of(words, [&](StringRef word) { return key.contains_insensitive(word); });
}
