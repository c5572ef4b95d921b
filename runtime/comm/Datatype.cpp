#include "runtime/comm/Datatype.h"
#include "runtime/comm/Wait.h"

namespace sigma::runtime {

MPI_Datatype Datatypes::columns(int64_t elem, int64_t rows, int64_t columns, int64_t stride) {
  const auto [known, isNew] = made.try_emplace({elem, rows, columns, stride}, MPI_DATATYPE_NULL);
  MPI_Datatype &type = known->second;
  if (isNew) {
    checkMpi(MPI_Type_vector(int(rows), int(columns), int(stride), mpiElem(elem), &type),
             "MPI_Type_vector");
    checkMpi(MPI_Type_commit(&type), "MPI_Type_commit");
  }
  return type;
}

} // namespace sigma::runtime
