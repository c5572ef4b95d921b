// Flags of Megatron-LM that a launch has no place for.
#ifndef CODEGEN_MEGATRON_OTHERFLAGS_H
#define CODEGEN_MEGATRON_OTHERFLAGS_H

#include <string>
#include <string_view>

namespace sigma::megatron {

// Why a flag is refused, to follow its name; empty where it says nothing about the layout.
std::string refusalOf(std::string_view flag);

} // namespace sigma::megatron

#endif
