//===- Checks.cpp - what a configuration must not say ---------------------===//

#include "tools/sigma/import/Checks.h"
#include "tools/sigma/import/Vocabulary.h"
#include "llvm/ADT/STLExtras.h"

using namespace sigma::config;
using llvm::StringRef;

//===----------------------------------------------------------------------===//
// What is refused whatever the architecture
//===----------------------------------------------------------------------===//

namespace {
/// A key that announces what sigma has no word for.
struct ForeignFeature {
  StringRef key, feature;
};
} // namespace

/// Keys of some files that say what all these architectures do.
static bool isCommonplace(StringRef key, const Value &value) {
  static const StringRef flags[] = {"use_rmsnorm", "use_rotary_pos_emb", "use_causal_mask"};
  return llvm::is_contained(flags, key) && value.boolean;
}

static bool isNeutral(const Value &value) {
  switch (value.kind) {
  case Value::Kind::Null:
    return true;
  case Value::Kind::Boolean:
    return !value.boolean;
  case Value::Kind::Integer:
  case Value::Kind::Real:
    return value.real == 0;
  case Value::Kind::String:
    return value.text.empty();
  case Value::Kind::List:
    return value.items.empty();
  case Value::Kind::Object:
    return value.members.empty();
  }
  llvm_unreachable("no such kind");
}

static const ForeignFeature *findForeign(Fields &fields) {
  static const ForeignFeature all[] = {
      {"attn_layer_period", "Mamba layers"},
      {"mamba_d_state", "Mamba layers"},
      {"ssm_cfg", "Mamba layers"},
      {"ssm_state_size", "Mamba layers"},
      {"hybrid_override_pattern", "Mamba layers"},
      {"linear_num_key_heads", "linear attention layers"},
      {"linear_attn_config", "linear attention layers"},
      {"use_cla", "layers that share keys and values"},
      {"num_kv_shared_layers", "layers that share keys and values"},
      {"remove_tail_layer", "layers that are removed"},
      {"index_topk", "indexers that make attention sparse"},
      {"is_encoder_decoder", "encoder layers"}};
  for (const ForeignFeature &feature : all)
    if (const Value *value = fields.peek(feature.key); value && !isNeutral(*value))
      return &feature;
  return nullptr;
}

/// MiniMax writes 1 for softmax attention and 0 for linear attention.
static bool hasLinearLayers(Fields &fields) {
  const Value *types = fields.peek("attn_type_list");
  return types && llvm::any_of(types->items, [](const Value &type) {
           return !type.isNumber() || type.real != 1;
         });
}

void sigma::config::refuseForeign(Fields &fields) {
  if (const ForeignFeature *feature = findForeign(fields))
    fields.refuseFeature(feature->key, feature->feature);
  else if (hasLinearLayers(fields))
    fields.refuseFeature("attn_type_list", "linear attention layers");
}

//===----------------------------------------------------------------------===//
// Keys that nobody read
//===----------------------------------------------------------------------===//

namespace {
/// Sorts what was not read into harmless, doubtful and wrong.
class UnreadKeys {
public:
  UnreadKeys(const Family &family, const Record &record, Diagnostics &diagnostics)
      : family(family), record(record), diagnostics(diagnostics) {}

  std::vector<std::string> ignored;

  void check(const Scope &scope) {
    for (const Member &member : scope.object->members)
      if (!record.read.contains(&member.value))
        checkMember(scope, member);
  }

private:
  void checkMember(const Scope &scope, const Member &member) {
    std::string path = scope.path + "." + member.key;
    if (llvm::is_contained(family.scopes, member.key))
      return;
    if (member.key == "vision_config" || member.key == "audio_config")
      diagnostics.warning(member.offset,
                          path + ": not imported; the model is the text model alone");
    else if (isNeutral(member.value) || isCommonplace(member.key, member.value) ||
             llvm::is_contained(family.unused, member.key) || isIrrelevant(member.key))
      ignored.push_back(path);
    else if (isWithinField(scope) || soundsArchitectural(member.key))
      diagnostics.error(member.offset,
                        path + ": value " + member.value.spell() +
                            ", which may change the architecture, means nothing in " +
                            family.architectures.front() +
                            "; supported: null, or a file without it");
    else
      diagnostics.warning(member.offset,
                          path + ": value " + member.value.spell() +
                              " is not read: unknown, and not taken for a part of the "
                              "architecture");
  }

  /// Inside an object like `rope_scaling` every key is part of what it says.
  bool isWithinField(const Scope &scope) const {
    return scope.path != "$" &&
           !llvm::is_contained(family.scopes, StringRef(scope.path).drop_front(2));
  }

  const Family &family;
  const Record &record;
  Diagnostics &diagnostics;
};
} // namespace

std::vector<std::string> sigma::config::checkUnread(const Family &family, const Record &record,
                                                    Diagnostics &diagnostics) {
  UnreadKeys unread(family, record, diagnostics);
  for (const Scope &scope : record.objects)
    unread.check(scope);
  return std::move(unread.ignored);
}

//===----------------------------------------------------------------------===//
// What the architecture has at one value only, and what it has that sigma says otherwise
//===----------------------------------------------------------------------===//

void sigma::config::checkFixedFields(const Family &family, Fields &fields) {
  for (const OnlyValue &only : family.only) {
    const Value *value = fields.peek(only.key);
    if (value && !(*value == only.value))
      fields.refuse(only.key, only.value.spell() + "; others mean " + only.reason +
                                  ", which sigma has no word for");
    fields.skip(only.key, "the only value that is supported");
  }
  for (const Approximation &approximation : family.approximations)
    if (approximation.when.key.empty() || fields.has(approximation.when.key))
      if (fields.flag(approximation.when))
        fields.warn(approximation.when.key, approximation.message);
}
