// A message of whole rows, so that counts stay below 2^31 rows instead of 2^31 elements.
#ifndef SIGMA_RUNTIME_COMM_ROWTYPE_H
#define SIGMA_RUNTIME_COMM_ROWTYPE_H

#include "runtime/comm/Wait.h"

namespace sigma::runtime {

class RowType {
public:
  RowType(int64_t elem, int64_t width) {
    checkMpi(MPI_Type_contiguous(int(width), mpiElem(elem), &type), "MPI_Type_contiguous");
    checkMpi(MPI_Type_commit(&type), "MPI_Type_commit");
  }
  ~RowType() { MPI_Type_free(&type); }
  RowType(const RowType &) = delete;
  RowType &operator=(const RowType &) = delete;
  MPI_Datatype get() const { return type; }

private:
  MPI_Datatype type;
};

} // namespace sigma::runtime

#endif
