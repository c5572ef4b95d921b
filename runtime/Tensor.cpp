#include "runtime/Tensor.h"

namespace sigma::runtime {

Shape Tensor::globalShape(const MeshShape &mesh) const {
  Shape shape = local;
  if (expert)
    shape[0] *= mesh.ep;
  if (split >= 0)
    shape[split] *= expert ? mesh.etp : mesh.tp;
  return shape;
}

Box Tensor::box(const Mesh &mesh) const {
  Box box{Shape(local.size(), 0), local};
  if (expert)
    box.offset[0] = mesh.expert.index * local[0];
  if (split >= 0)
    box.offset[split] = (expert ? mesh.expertTensor : mesh.tensor).index * local[split];
  return box;
}

bool Tensor::isSavedBy(const Mesh &mesh) const {
  const Group &replicas = expert ? mesh.expertData : mesh.data,
              &parts = expert ? mesh.expertTensor : mesh.tensor;
  return replicas.index == 0 && (split >= 0 || parts.index == 0);
}

} // namespace sigma::runtime
