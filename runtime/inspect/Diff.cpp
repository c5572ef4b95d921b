#include "runtime/checkpoint/Errors.h"
#include "runtime/checkpoint/Reader.h"
#include "runtime/health/Fault.h"
#include "runtime/inspect/Inspect.h"

#include <cmath>
#include <cstdio>
#include <cstring>

namespace sigma::runtime {
namespace {

std::vector<char> bytesOf(CheckpointReader &reader, const std::string &tensor, const Shape &shape,
                          const std::string &state) {
  std::vector<char> bytes(elementsOf(shape) * reader.elemBytes());
  reader.read(tensor, state, {Shape(shape.size(), 0), shape}, bytes.data());
  return bytes;
}

double element(const std::vector<char> &bytes, int64_t elemBytes, int64_t i) {
  if (elemBytes == sizeof(double))
    return reinterpret_cast<const double *>(bytes.data())[i];
  return double(reinterpret_cast<const float *>(bytes.data())[i]);
}

struct Difference {
  double relative = 0;
  bool equal = true; // bit by bit
};

Difference compare(CheckpointReader &one, CheckpointReader &other, const std::string &tensor,
                   const Shape &shape, const std::string &state) {
  const std::vector<char> some = bytesOf(one, tensor, shape, state),
                          others = bytesOf(other, tensor, shape, state);
  if (some == others)
    return {};
  double apart = 0, norm = 0;
  for (int64_t i = 0; i < elementsOf(shape); ++i) {
    const double a = element(some, one.elemBytes(), i), b = element(others, other.elemBytes(), i);
    apart += (a - b) * (a - b);
    norm += b * b;
  }
  return {apart == 0 ? 0 : std::sqrt(apart / norm), false};
}

void checkStates(const std::string &wanted) {
  std::string known;
  for (const SavedState &state : kSavedStates) {
    if (wanted.empty() || wanted == state.name)
      return;
    known += (known.empty() ? "" : ", ") + std::string(state.name);
  }
  throw UserError("--state=" + wanted + ": is none of " + known);
}

} // namespace

int diff(const DiffOptions &options) {
  checkStates(options.state);
  CheckpointReader one(checkpointAt(options.one)), other(checkpointAt(options.other));
  if (one.manifest().tensors() != other.manifest().tensors())
    throw UserError("the checkpoints have other tensors, or of other shapes");
  Json all = Json::array();
  bool equal = true;
  for (const auto &[tensor, shape] : other.manifest().tensors())
    for (const SavedState &state : kSavedStates) {
      if (!options.state.empty() && options.state != state.name)
        continue;
      const Difference found = compare(one, other, tensor, shape, state.name);
      equal = equal && found.equal;
      if (options.json)
        all.push_back({{"tensor", tensor},
                       {"state", state.name},
                       {"equal", found.equal},
                       {"relative", found.relative}});
      else if (!found.equal)
        std::printf("%.3e  %-13s  %s\n", found.relative, state.name, tensor.c_str());
    }
  if (options.json)
    std::printf("%s\n", all.dump(2).c_str());
  else if (equal)
    std::printf("equal, bit by bit\n");
  return equal ? 0 : 1;
}

} // namespace sigma::runtime
