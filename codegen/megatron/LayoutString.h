// Megatron-LM's --pipeline-model-parallel-layout: which layers each virtual stage holds, as a
// string.
//
//     layout  ::= item*              the stages lie between the bars, chunk by chunk: with pp
//     stages, virtual
//                                    stage v is chunk v div pp of stage v mod pp
//     item    ::= token | token '*' count | '(' token-or-repeated+ ')' '*' count | ','
//     token   ::= 'E' embedding | 't' layer | 'm' layer of multi-token prediction | 'L' head and
//     loss | '|'
//
// "Ett|(tt|)*2mL" has four virtual stages. Commas mean nothing.
#ifndef CODEGEN_MEGATRON_LAYOUTSTRING_H
#define CODEGEN_MEGATRON_LAYOUTSTRING_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sigma::megatron {

struct VirtualStage {
  int64_t layers = 0, mtpLayers = 0;
  bool hasEmbedding = false, hasLoss = false;
};

bool operator==(const VirtualStage &a, const VirtualStage &b);

struct LayoutString {
  std::vector<VirtualStage> stages;
  std::string error; // empty, or "column 3: ..."; then there are no stages
};

// Stages may be empty: whether a model fits is for others to say. Longer than this many tokens is
// refused.
inline constexpr size_t kMaxLayoutTokens = 16384;
LayoutString parseLayoutString(std::string_view text);

// As short as the grammar allows: runs of equal stages and of layers are repetitions.
std::string printLayoutString(const std::vector<VirtualStage> &stages);

} // namespace sigma::megatron

#endif
