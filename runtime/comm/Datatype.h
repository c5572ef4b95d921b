// What lies in memory in rows, described to MPI.
#ifndef SIGMA_RUNTIME_COMM_DATATYPE_H
#define SIGMA_RUNTIME_COMM_DATATYPE_H

#include <mpi.h>

#include <array>
#include <cstdint>
#include <map>

namespace sigma::runtime {

/// Each type is made once, and lives as long as MPI.
class Datatypes {
public:
  /// `rows` rows of `columns` numbers that lie `stride` numbers apart.
  MPI_Datatype columns(int64_t elem, int64_t rows, int64_t columns, int64_t stride);
  /// A whole row, so that counts stay below 2^31 rows instead of 2^31 elements.
  MPI_Datatype row(int64_t elem, int64_t width) { return columns(elem, 1, width, width); }

private:
  std::map<std::array<int64_t, 4>, MPI_Datatype> made;
};

} // namespace sigma::runtime

#endif
