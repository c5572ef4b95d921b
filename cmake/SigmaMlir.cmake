# MLIR and LLVM: the target sigma_mlir, tablegen, and the guard on how they are linked
# (docs/decisions/0001).

find_package(MLIR 19.1 REQUIRED CONFIG HINTS /usr/lib/llvm-19/lib/cmake/mlir)
message(STATUS "MLIR ${MLIR_VERSION} in ${MLIR_DIR}")
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)

# sigma_add_reference(<page> <file.td> <generator's options>...)
# A page of the reference, docs/reference/<page>.md in the build folder.
add_custom_target(docs ALL)
function(sigma_add_reference page source)
  set(LLVM_TARGET_DEFINITIONS ${source})
  tablegen(MLIR ${page}.md ${ARGN})
  set(output ${PROJECT_BINARY_DIR}/docs/reference/${page}.md)
  add_custom_command(OUTPUT ${output} DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/${page}.md
    COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_CURRENT_BINARY_DIR}/${page}.md ${output})
  add_custom_target(docs-${page} DEPENDS ${output})
  add_dependencies(docs docs-${page})
endfunction()

# Includes are written from the project's root. mlir_tablegen sees the include folders of
# directories, not of targets.
include_directories(${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
include_directories(SYSTEM ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})

# What every target that speaks MLIR links. LLVM has no exceptions; RTTI stays on, as in Debian's
# LLVM.
separate_arguments(llvm_definitions NATIVE_COMMAND ${LLVM_DEFINITIONS})
add_library(sigma_mlir INTERFACE)
target_link_libraries(sigma_mlir INTERFACE MLIR LLVM)
target_compile_definitions(sigma_mlir INTERFACE ${llvm_definitions})
target_compile_options(sigma_mlir INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions>)

# Stops the configuration when a target below `folder` links a component archive of MLIR or LLVM
# next to the shared libraries: the process would hold two copies of the same globals.
function(sigma_forbid_component_archives folder)
  get_property(targets DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS targets)
    foreach(property LINK_LIBRARIES INTERFACE_LINK_LIBRARIES)
      get_target_property(libraries ${target} ${property})
      foreach(library IN LISTS libraries)
        if(NOT library MATCHES "^(MLIR|LLVM)[A-Z]" OR NOT TARGET ${library})
          continue()
        endif()
        get_target_property(imported ${library} IMPORTED)
        if(imported)
          message(FATAL_ERROR
            "${target} links ${library}; link sigma_mlir instead (docs/decisions/0001)")
        endif()
      endforeach()
    endforeach()
  endforeach()
  get_property(folders DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
  foreach(subfolder IN LISTS folders)
    sigma_forbid_component_archives(${subfolder})
  endforeach()
endfunction()
