#include "runtime/checkpoint/Hdf5.h"

#include <stdexcept>

namespace sigma::runtime {

Hdf5Handle::Hdf5Handle(hid_t id, herr_t (*closer)(hid_t), const std::string &what)
    : id(id), closer(closer) {
  if (id < 0)
    throw std::runtime_error("HDF5: " + what);
}

void Hdf5Handle::close(const std::string &what) {
  if (closer(std::exchange(id, -1)) < 0)
    throw std::runtime_error("HDF5: " + what);
}

void checkHdf5(herr_t result, const std::string &what) {
  if (result < 0)
    throw std::runtime_error("HDF5: " + what);
}

static Hdf5Handle accessList() {
  // At the end of the process the library would close again, and crash with, a file that a full
  // disk has kept it from closing. Here files are closed where they are used.
  H5dont_atexit();
  // Errors are exceptions with a reason here; the library's own trace on stderr would only repeat
  // them.
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  Hdf5Handle list(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "property list");
  checkHdf5(H5Pset_libver_bounds(list, H5F_LIBVER_V110, H5F_LIBVER_V110), "version bounds");
  checkHdf5(H5Pset_alignment(list, 4096, 4096), "alignment");
  return list;
}

Hdf5Handle createHdf5(const std::string &path) {
  return Hdf5Handle(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, accessList()), H5Fclose,
                    "cannot create " + path);
}

Hdf5Handle openHdf5(const std::string &path) {
  return Hdf5Handle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, accessList()), H5Fclose,
                    "cannot open " + path + " (truncated, damaged or missing)");
}

} // namespace sigma::runtime
