#include "runtime/checkpoint/RankFile.h"
#include "runtime/abi/abi.h"
#include "runtime/checkpoint/Hdf5.h"

namespace sigma::runtime {

std::vector<int64_t> createRankFile(const std::string &path, int64_t elem,
                                    const std::vector<DatasetSpec> &datasets) {
  Hdf5Handle file = createHdf5(path);
  Hdf5Handle link(H5Pcreate(H5P_LINK_CREATE), H5Pclose, "property list");
  checkHdf5(H5Pset_create_intermediate_group(link, 1), "intermediate groups");
  Hdf5Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "property list");
  checkHdf5(H5Pset_layout(creation, H5D_CONTIGUOUS), "layout");
  checkHdf5(H5Pset_alloc_time(creation, H5D_ALLOC_TIME_EARLY), "allocation time");
  checkHdf5(H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER), "fill time");
  const hid_t type = elem == SIGMA_F64 ? H5T_IEEE_F64LE : H5T_IEEE_F32LE;
  std::vector<int64_t> places;
  for (const DatasetSpec &spec : datasets) {
    const std::vector<hsize_t> extents(spec.shape.begin(), spec.shape.end());
    Hdf5Handle space(H5Screate_simple(int(extents.size()), extents.data(), nullptr), H5Sclose,
                     "dataspace");
    Hdf5Handle data(H5Dcreate2(file, spec.name.c_str(), type, space, link, creation, H5P_DEFAULT),
                    H5Dclose, "cannot create " + spec.name + " in " + path);
    places.push_back(int64_t(H5Dget_offset(data)));
  }
  file.close("cannot close " + path);
  return places;
}

} // namespace sigma::runtime
