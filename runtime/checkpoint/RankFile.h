// The HDF5 file of one rank. HDF5 writes names, types and shapes, and allocates each dataset in one
// piece; the payload goes to its place in the file without HDF5 (Payload.h), at the speed of the
// disk.
#ifndef SIGMA_RUNTIME_CHECKPOINT_RANKFILE_H
#define SIGMA_RUNTIME_CHECKPOINT_RANKFILE_H

#include "runtime/checkpoint/Box.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sigma::runtime {

struct DatasetSpec {
  std::string name; // with its group: "value/layers.0.wq"
  Shape shape;
};

/// Creates the file with its datasets, and gives the place in the file of each. Throws
/// std::runtime_error.
std::vector<int64_t> createRankFile(const std::string &path, int64_t elem,
                                    const std::vector<DatasetSpec> &datasets);

} // namespace sigma::runtime

#endif
