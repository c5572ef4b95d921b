// What lies in memory in rows, described to MPI.
#ifndef SIGMA_RUNTIME_COMM_DATATYPE_H
#define SIGMA_RUNTIME_COMM_DATATYPE_H

#include "runtime/comm/Wait.h"

namespace sigma::runtime {

/// Commits a type, and frees it in the end.
class Datatype {
public:
  explicit Datatype(MPI_Datatype made) : type(made) {
    checkMpi(MPI_Type_commit(&type), "MPI_Type_commit");
  }
  ~Datatype() {
    if (type != MPI_DATATYPE_NULL)
      MPI_Type_free(&type);
  }
  Datatype(Datatype &&other) noexcept : type(std::exchange(other.type, MPI_DATATYPE_NULL)) {}
  Datatype(const Datatype &) = delete;
  Datatype &operator=(const Datatype &) = delete;
  MPI_Datatype get() const { return type; }

private:
  MPI_Datatype type;
};

/// `rows` rows of `columns` numbers that lie `stride` numbers apart.
inline Datatype columnsType(int64_t elem, int64_t rows, int64_t columns, int64_t stride) {
  MPI_Datatype type;
  checkMpi(MPI_Type_vector(int(rows), int(columns), int(stride), mpiElem(elem), &type),
           "MPI_Type_vector");
  return Datatype(type);
}

/// A whole row, so that counts stay below 2^31 rows instead of 2^31 elements.
inline Datatype rowType(int64_t elem, int64_t width) { return columnsType(elem, 1, width, width); }

} // namespace sigma::runtime

#endif
