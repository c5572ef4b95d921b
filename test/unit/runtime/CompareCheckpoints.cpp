// compare_checkpoints FOLDER OTHER [STATE]: of every logical tensor, the norm of the difference of
// a state of two checkpoints, relative to its norm, whatever plans wrote them. After the first
// step, the first moment is the gradient times a constant.
#include "runtime/checkpoint/Errors.h"
#include "runtime/checkpoint/Reader.h"

#include <cmath>
#include <cstdio>
#include <string>

using namespace sigma::runtime;

template <class T>
static std::vector<double> valuesOf(CheckpointReader &reader, const std::string &tensor,
                                    const Shape &shape, const std::string &state) {
  std::vector<T> values(elementsOf(shape));
  reader.read(tensor, state, {Shape(shape.size(), 0), shape},
              reinterpret_cast<char *>(values.data()));
  return {values.begin(), values.end()};
}

static std::vector<double> whole(CheckpointReader &reader, const std::string &tensor,
                                 const Shape &shape, const std::string &state) {
  return reader.elemBytes() == sizeof(double) ? valuesOf<double>(reader, tensor, shape, state)
                                              : valuesOf<float>(reader, tensor, shape, state);
}

static double difference(const std::vector<double> &some, const std::vector<double> &others) {
  double apart = 0, norm = 0;
  for (size_t i = 0; i < some.size(); ++i) {
    apart += (some[i] - others.at(i)) * (some[i] - others[i]);
    norm += others[i] * others[i];
  }
  return apart == 0 ? 0 : std::sqrt(apart / norm);
}

int main(int argc, char **argv) {
  if (argc < 3)
    return 2;
  const std::string state = argc > 3 ? argv[3] : "first_moment";
  try {
    CheckpointReader some(argv[1]), others(argv[2]);
    if (some.manifest().tensors() != others.manifest().tensors())
      throw RejectedCheckpoint("the checkpoints have other tensors");
    for (const auto &[tensor, shape] : others.manifest().tensors())
      std::printf(
          "%.3e %s\n",
          difference(whole(some, tensor, shape, state), whole(others, tensor, shape, state)),
          tensor.c_str());
  } catch (const std::exception &error) {
    std::fprintf(stderr, "compare_checkpoints: error: %s\n", error.what());
    return 1;
  }
  return 0;
}
